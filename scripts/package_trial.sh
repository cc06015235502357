#!/usr/bin/env bash
# Tries what is published, in a fresh Debian 12 without this repository: the npm package (installed
# into an empty folder, its example run), the Debian packages and an installed tree (worker started,
# a page served). A tool for developers; needs root, debootstrap, curl and what builds all of them.
#
# usage: scripts/package_trial.sh [--dir DIR] [--port P] [--keep]
#
#   --dir DIR   where to make the system (default /var/tmp/sluice-packages-PID)
#   --port P    where the conference listens meanwhile (default 3991)
#   --keep      leave the system where it is, to look into it

# shellcheck disable=SC2034  # main_only, keep and original_options are those of chroot.sh.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=steps.sh
source "$(dirname "$0")/steps.sh"
# shellcheck source-path=SCRIPTDIR source=chroot.sh
source "$(dirname "$0")/chroot.sh"

system=/var/tmp/sluice-packages-$$
port=3991
keep=no
main_only=no
build=$repository/build/release
original_options=("$@")

parse_options() {
  while (($# > 0)); do
    case $1 in
      --dir) system=${2:?--dir needs a folder} && shift ;;
      --port) port=${2:?--port needs a number} && shift ;;
      --keep) keep=yes ;;
      --help | -h)
        print_help
        exit 0
        ;;
      *) fail "unknown option $1; see scripts/package_trial.sh --help" ;;
    esac
    shift
  done
}

# All three below $made, which goes into the system and is then removed.
made=
make_packages() {
  made=$(mktemp -d)
  trap 'rm -rf "$made"' EXIT
  say "packing control-api/node"
  (cd "$repository/control-api/node" && env -u SLUICE_WORKER_BIN \
    npm pack --silent --pack-destination "$made" >"$made/name") || fail "npm pack failed"
  say "packing the Debian packages"
  mkdir "$made/deb"
  pack_debian "$made/deb"
  say "installing a tree"
  DESTDIR=$made/tree cmake --install "$build" --prefix /opt/sluice --strip >"$made/install.log" ||
    fail "cmake --install failed: $(tail -3 "$made/install.log")"
  ls -l "$made"/*.tgz "$made"/deb/*.deb
}

bring_in() {
  mkdir -p "$system/srv/made" "$system/opt"
  cp "$made"/*.tgz "$made"/deb/*.deb "$system/srv/made/"
  cp -a "$made/tree/opt/sluice" "$system/opt/sluice"
  rm -rf "$made"
  [[ ! -e $system$repository ]] || fail "the repository is to be seen in $system"
}

apt_inside() { inside DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >>"$system/srv/apt.log" 2>&1; }

# Before anything is there that the worker could find by accident.
try_npm() {
  say "installing Node.js and npm"
  apt_inside update || fail "apt-get update failed"
  apt_inside install --no-install-recommends npm || fail "npm cannot be installed"
  say "npm install $(cd "$system/srv/made" && echo *.tgz)"
  mkdir -p "$system/srv/empty"
  inside sh -ec 'cd /srv/empty
    npm init --yes >/dev/null
    npm install --no-audit --no-fund --loglevel=error /srv/made/*.tgz
    cp node_modules/@sluice/sdk/examples/embed.mjs .
    node embed.mjs' >"$system/srv/embed.log" || fail "the example failed"
  grep -q '^udp 127\.0\.0\.1 [0-9]' "$system/srv/embed.log" ||
    fail "the example printed no candidates: $(cat "$system/srv/embed.log")"
  say "the example printed: $(cat "$system/srv/embed.log")"
}

# $1 starts the conference.
serve() {
  local command=$1 log=$system/srv/conference.log started=$SECONDS pid
  chroot "$system" env -i "${environment[@]}" \
    "$command" --port "$port" --rtc-port 0 --workers 1 >"$log" 2>&1 &
  pid=$!
  until page_is_served; do
    kill -0 "$pid" 2>/dev/null || fail "$command ended: $(tail -5 "$log")"
    ((SECONDS - started < 60)) || fail "$command serves no page after a minute"
    sleep 0.2
  done
  kill -TERM "$pid"
  wait "$pid" || fail "$command did not end cleanly at SIGTERM"
  say "$command served its page"
}

# try_unit PREFIX: what systemd would run before it starts the conference, with the example as the
# configuration.
try_unit() {
  local prefix=$1 check
  check=$(sed -n 's/^ExecStartPre=//p' "$system$prefix/lib/systemd/system/sluice-conference.service")
  [[ -n $check ]] || fail "no unit is installed below $prefix"
  inside install -D -m 0600 "$prefix/share/doc/sluice-conference/examples/conference.json" \
    /etc/sluice/conference.json
  inside CREDENTIALS_DIRECTORY=/etc/sluice sh -ec "$check" >"$system/srv/unit.log" 2>&1 ||
    fail "the unit of $prefix finds fault: $(tail -5 "$system/srv/unit.log")"
  say "the unit would start: $check"
}

try_debian_packages() {
  say "apt-get install $(cd "$system/srv/made" && echo *.deb)"
  inside sh -ec 'cd /srv/made && DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y install --no-install-recommends ./*.deb' >>"$system/srv/apt.log" 2>&1 ||
    fail "the packages cannot be installed: $(tail -5 "$system/srv/apt.log")"
  say "sluice-worker --version: $(inside sluice-worker --version)"
  serve /usr/bin/sluice-conference
  try_unit /usr
  judge_by_lintian
  apt_inside purge sluice-worker sluice-conference || fail "the packages cannot be removed"
  [[ ! -e $system/usr/lib/sluice && ! -e $system/usr/bin/sluice-worker ]] ||
    fail "something is left of the packages"
}

# Errors that would keep a package out of an archive of one's own; those about Debian's own archive
# (a bug that asks for the package, a changelog in its form) are left aside, as is the address that
# only who publishes can give (SLUICE_MAINTAINER).
judge_by_lintian() {
  apt_inside install --no-install-recommends lintian || fail "lintian cannot be installed"
  local aside=no-changelog,initial-upload-closes-no-bugs,no-copyright-file,copyright-without-copyright-notice,no-manual-page,bogus-mail-host
  inside sh -c "cd /srv/made && lintian --fail-on error --suppress-tags $aside *.deb" \
    >"$system/srv/lintian.log" 2>&1 || fail "lintian: $(grep '^E:' "$system/srv/lintian.log")"
  say "lintian: no errors, $(grep -c '^W:' "$system/srv/lintian.log" || true) warnings"
}

# What the worker needs has come with the Debian packages, and stays.
try_tree() {
  say "/opt/sluice/bin/sluice-worker --version: $(inside /opt/sluice/bin/sluice-worker --version)"
  serve /opt/sluice/bin/sluice-conference
  try_unit /opt/sluice
}

main() {
  parse_options "$@"
  [[ -x $build/worker/sluice-worker ]] || fail "there is no worker in $build: scripts/run.sh --build-only"
  [[ -f $repository/apps/conference/dist/server/main.js ]] ||
    fail "the conference is not built: scripts/run.sh --build-only"
  enter_namespaces curl npm cpack dpkg-shlibdeps
  make_packages
  make_system ca-certificates
  copy_network_settings
  choose_environment
  bring_in
  try_npm
  try_debian_packages
  try_tree
  say "the npm package, the Debian packages and the installed tree work by themselves"
}

main "$@"
