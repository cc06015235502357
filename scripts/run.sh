#!/usr/bin/env bash
# Builds the worker, the SDK and the conference, and starts the conference. The last line printed is
# the address to open in a browser. Stop it with Ctrl-C.
#
# usage: scripts/run.sh [--no-setup] [OPTION OF THE CONFERENCE SERVER...]
#
#   --no-setup   touch no packages; only build and start
#   --build-only start nothing
#   --port P     where the page is served (default 3000)
#
# Every other option goes to the conference server; its own list follows here once it is built.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=steps.sh
source "$(dirname "$0")/steps.sh"

server=$repository/apps/conference/dist/server/main.js

# Under sudo the tree belongs to the caller, and root's files in build/ and dist/ would lock him out
# of his own builds.
as_tree_owner() {
  local owner
  owner=$(stat -c %U "$repository")
  if ((EUID == 0)) && [[ $owner != root && $owner != UNKNOWN ]]; then
    runuser -u "$owner" -- env HOME="$(getent passwd "$owner" | cut -d: -f6)" "$@"
  else
    "$@"
  fi
}

build() {
  command -v cmake >/dev/null ||
    fail "cmake is not installed: run scripts/setup.sh, or leave out --no-setup"

  say "configuring build/release"
  cmake --preset release
  say "building the worker (the first time takes some minutes)"
  cmake --build --preset release --target sluice-worker --parallel "$(job_count)"
  npm_build control-api/node dist control-api/schema
  npm_build apps/conference dist control-api/node control-api/schema
}

main() {
  local setup=yes start=yes options=() option
  for option in "$@"; do
    case $option in
      --no-setup) setup=no ;;
      --build-only) start=no ;;
      --help | -h)
        print_help
        [[ -f $server ]] && node "$server" --help
        exit 0
        ;;
      *) options+=("$option") ;;
    esac
  done

  cd "$repository"
  [[ $setup == no ]] || "$repository/scripts/setup.sh"
  if [[ $start == no ]]; then
    build
    exit 0
  fi
  as_tree_owner "$repository/scripts/run.sh" --no-setup --build-only

  say "starting the conference"
  export SLUICE_WORKER_BIN=${SLUICE_WORKER_BIN:-$repository/build/release/worker/sluice-worker}
  exec node "$server" "${options[@]}"
}

main "$@"
