#!/usr/bin/env bash
# Tries what a newcomer does: makes a fresh Debian 12 with nothing but git, clones the last commit
# of this repository into it, runs scripts/run.sh until its page is served, then scripts/test.sh,
# and prints how long each took. A tool for developers; needs root, debootstrap, curl and about 6
# GB.
#
# usage: scripts/chroot_trial.sh [--dir DIR] [--port P] [--setup-only] [--main-only] [--keep]
#
#   --dir DIR      where to make the system (default /var/tmp/sluice-trial-PID)
#   --port P       where the conference listens meanwhile (default 3990)
#   --setup-only   stop after scripts/setup.sh
#   --main-only    give the system Debian's main archive and no other, as plain debootstrap does
#   --keep         leave the system where it is, to look into it
#
# The system uses the mirrors, the proxy, the npm registry and the added CA certificates of this
# machine.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=steps.sh
source "$(dirname "$0")/steps.sh"

suite=bookworm
system=/var/tmp/sluice-trial-$$
port=3990
setup_only=no
main_only=no
keep=no
original_options=("$@")
run_seconds=0
test_seconds=0

parse_options() {
  while (($# > 0)); do
    case $1 in
      --dir) system=${2:?--dir needs a folder} && shift ;;
      --port) port=${2:?--port needs a number} && shift ;;
      --setup-only) setup_only=yes ;;
      --main-only) main_only=yes ;;
      --keep) keep=yes ;;
      --help | -h)
        print_help
        exit 0
        ;;
      *) fail "unknown option $1; see scripts/chroot_trial.sh --help" ;;
    esac
    shift
  done
}

# Mounts and processes live in namespaces of their own, so whatever way the trial ends the kernel
# removes them, and nothing of this machine can be mounted below a folder that is about to be
# deleted.
enter_namespaces() {
  [[ ${SLUICE_TRIAL_INSIDE:-} == yes ]] && return
  ((EUID == 0)) || fail "a chroot needs root"
  local tool
  for tool in debootstrap unshare curl git; do
    command -v "$tool" >/dev/null || fail "$tool is not installed"
  done
  [[ ! -e $system ]] || fail "$system exists already"
  local status=0
  SLUICE_TRIAL_INSIDE=yes unshare --mount --pid --fork --kill-child --propagation private \
    "$0" "${original_options[@]}" --dir "$system" || status=$?
  if [[ $keep == yes ]]; then
    say "the system is kept in $system"
  else
    rm -rf --one-file-system "$system"
  fi
  exit "$status"
}

# The mirror this machine uses for the suite $1, or the public one $2.
mirror_of() {
  local mirror
  # shellcheck disable=SC2016  # The dollars are apt's.
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 2>/dev/null |
    awk -v suite="$1" '$1 == suite {print $2; exit}')
  echo "${mirror:-$2}"
}

make_system() {
  local mirror security
  mirror=$(mirror_of "$suite" http://deb.debian.org/debian)
  security=$(mirror_of "$suite-security" http://deb.debian.org/debian-security)
  say "making a Debian $suite in $system from $mirror"
  debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$system" "$mirror" \
    >"$system.log" || fail "debootstrap failed; see $system.log"
  rm "$system.log"
  echo "deb $mirror $suite main" >"$system/etc/apt/sources.list"
  if [[ $main_only == no ]]; then
    echo "deb $mirror $suite-updates main" >>"$system/etc/apt/sources.list"
    echo "deb $security $suite-security main" >>"$system/etc/apt/sources.list"
  fi
}

copy_network_settings() {
  local file
  for file in /etc/resolv.conf /etc/hosts; do
    [[ -f $file ]] && cp -L "$file" "$system$file"
  done
  for file in /etc/apt/apt.conf.d/*; do
    grep -qs 'Acquire::' "$file" && cp "$file" "$system/etc/apt/apt.conf.d/"
  done
  for file in /usr/local/share/ca-certificates/*.crt; do
    [[ -f $file ]] && cp "$file" "$system/usr/local/share/ca-certificates/"
  done
  mount -t proc proc "$system/proc"
  mount -t tmpfs -o mode=1777 tmpfs "$system/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$system/dev/pts"
  chroot "$system" update-ca-certificates >/dev/null 2>&1
}

# Only what reaches the network passes from this machine's environment to the newcomer's.
environment=()
choose_environment() {
  environment=(HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb)
  local name registry
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [[ -n ${!name:-} ]] && environment+=("$name=${!name}")
  done
  registry=$(npm config get registry 2>/dev/null || true)
  [[ -n $registry ]] && environment+=("npm_config_registry=$registry")
  # Node.js looks into its own list of authorities unless told otherwise.
  environment+=(NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt)
}

inside() { chroot "$system" env -i "${environment[@]}" "$@"; }

clone() {
  local commit
  commit=$(git -C "$repository" rev-parse HEAD)
  say "cloning $commit"
  git clone --quiet --no-hardlinks "$repository" "$system/srv/sluice"
  # Nothing inside may reach back to where the clone came from.
  git -C "$system/srv/sluice" remote remove origin
}

page_is_served() {
  curl --silent --fail --max-time 5 --noproxy '*' "http://localhost:$port/" | grep -qi '<title>'
}

run_until_page() {
  local log=$system/srv/run.log started=$SECONDS pid
  say "scripts/run.sh --port $port"
  # Not through inside(): the signal below must reach the server, not a shell in front of it.
  chroot "$system" env -i "${environment[@]}" \
    /srv/sluice/scripts/run.sh --port "$port" --rtc-port 0 >"$log" 2>&1 &
  pid=$!
  until page_is_served; do
    kill -0 "$pid" 2>/dev/null || {
      tail -30 "$log" >&2
      fail "scripts/run.sh ended without serving the page"
    }
    ((SECONDS - started < 3600)) || fail "scripts/run.sh serves no page after an hour"
    sleep 1
    ((SECONDS % 30)) || say "  $((SECONDS - started)) s: $(tail -1 "$log" | cut -c1-90)"
  done
  run_seconds=$((SECONDS - started))
  tail -1 "$log" | grep -q "http://localhost:$port/" ||
    fail "the last line of scripts/run.sh is not its address"
  say "scripts/run.sh served its page after $run_seconds s"
  kill -TERM "$pid"
  wait "$pid" || fail "the conference did not end cleanly at SIGTERM"
}

run_tests() {
  local started=$SECONDS
  say "scripts/test.sh"
  inside CI=true /srv/sluice/scripts/test.sh ||
    fail "scripts/test.sh failed after $((SECONDS - started)) s"
  test_seconds=$((SECONDS - started))
}

run_setup() {
  local started=$SECONDS
  inside /srv/sluice/scripts/setup.sh || fail "scripts/setup.sh failed"
  say "scripts/setup.sh took $((SECONDS - started)) s"
  started=$SECONDS
  inside /srv/sluice/scripts/setup.sh >/dev/null || fail "scripts/setup.sh failed the second time"
  inside /srv/sluice/scripts/setup.sh --check >/dev/null ||
    fail "scripts/setup.sh --check finds something missing"
  say "the second time it took $((SECONDS - started)) s"
}

main() {
  parse_options "$@"
  enter_namespaces
  make_system
  copy_network_settings
  choose_environment
  clone
  if [[ $setup_only == yes ]]; then
    run_setup
    return
  fi
  run_until_page
  run_tests
  say "scripts/run.sh: $run_seconds s to a served page; scripts/test.sh: $test_seconds s"
}

main "$@"
