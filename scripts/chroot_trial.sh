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
# shellcheck source-path=SCRIPTDIR source=chroot.sh
source "$(dirname "$0")/chroot.sh"

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

clone() {
  local commit
  commit=$(git -C "$repository" rev-parse HEAD)
  say "cloning $commit"
  git clone --quiet --no-hardlinks "$repository" "$system/srv/sluice"
  # Nothing inside may reach back to where the clone came from.
  git -C "$system/srv/sluice" remote remove origin
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
  enter_namespaces curl git
  make_system git,ca-certificates
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
