#!/usr/bin/env bash
# Builds everything and runs every test: the C++ suite under the sanitizers, the simulation in the
# release build as well, the architecture checks, the fuzz targets, the tests of the SDK and the
# conference, and real browsers. All are ctest tests, run in one go, so the last lines are the summary
# of all.
#
# usage: scripts/test.sh [--no-setup] [OPTION OF CTEST...]
#
#   --no-setup   touch no packages
#   -R base      any option of ctest, here: only the tests whose name contains "base"
#
# With CI=true in the environment a skipped or disabled test counts as a failure.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=steps.sh
source "$(dirname "$0")/steps.sh"

# Timings in the browser tests and the fuzz targets are meant for two at a time, on any machine.
jobs=$(job_count)
((jobs > 2)) && jobs=2

presets=(asan release)
# Compiling takes most of the time. Unit tests run once, where the sanitizers watch them; the
# release build has the simulation, the real worker and the browsers.
release_options=(-DSLUICE_UNIT_TESTS=OFF)
combined=$repository/build/test
transcript=$combined/transcript.txt

build_trees() {
  local preset
  for preset in "${presets[@]}"; do
    say "configuring build/$preset"
    local options=(-DSLUICE_UNITY=ON)
    [[ $preset != release ]] || options+=("${release_options[@]}")
    cmake --preset "$preset" "${options[@]}"
    say "building build/$preset (the first time takes some minutes)"
    cmake --build --preset "$preset" --parallel "$jobs"
  done
  npm_build control-api/node dist control-api/schema
  npm_build apps/conference dist control-api/node control-api/schema
}

# One ctest run over all trees: one summary, and the long tests of one tree fill the gaps of the
# other.
combine_trees() {
  local preset
  mkdir -p "$combined"
  for preset in "${presets[@]}"; do
    printf 'subdirs("%s")\n' "$repository/build/$preset"
  done >"$combined/CTestTestfile.cmake"
}

# ctest sees a skip only where a whole executable is skipped; the cases inside are in the output.
skipped_tests() {
  grep -E '\*\*\*(Skipped|Not Run)' "$transcript" || true
  local log=$combined/Testing/Temporary/LastTest.log
  [[ -f $log ]] || return 0
  # googletest twice, the test runner of Node.js, unittest of Python.
  grep -E -e '^\[  SKIPPED \] .*\(' -e 'YOU HAVE [0-9]+ DISABLED TEST' \
    -e '^(#|ℹ) (skipped|todo) [1-9]' -e '^OK \(skipped=' "$log" || true
}

main() {
  local setup=yes ctest_options=() option status=0
  for option in "$@"; do
    case $option in
      --no-setup) setup=no ;;
      --help | -h)
        print_help
        exit 0
        ;;
      *) ctest_options+=("$option") ;;
    esac
  done

  cd "$repository"
  [[ $setup == no ]] || "$repository/scripts/setup.sh"
  build_trees
  combine_trees

  say "running the tests, $jobs at a time ($((SECONDS / 60)) min $((SECONDS % 60)) s so far)"
  ctest --test-dir "$combined" --parallel "$jobs" --output-on-failure --no-tests=error \
    --timeout 600 "${ctest_options[@]}" 2>&1 | tee "$transcript" || status=$?

  if [[ ${CI:-} == true ]]; then
    local skipped
    skipped=$(skipped_tests)
    if [[ -n $skipped ]]; then
      printf '%s\n' "$skipped"
      fail "the tests above were skipped, which counts as a failure when CI=true"
    fi
  fi
  exit "$status"
}

main "$@"
