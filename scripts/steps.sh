# Shared by the scripts of this folder: what they say, how many jobs they run, and when an npm
# folder is up to date. It is sourced, never run.
# shellcheck shell=bash disable=SC2034

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$(basename "$0")

# The folders with npm dependencies, in the order in which they need one another.
npm_folders=(control-api/node apps/conference tests/interop)

say() { printf '%s: %s\n' "$program" "$*"; }
complain() { printf '%s: %s\n' "$program" "$*" >&2; }
fail() {
  complain "$*"
  exit 1
}

# The comment at the head of a script is its help text.
print_help() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

# One compiler needs up to 1.5 GB on the heaviest files, so memory bounds the jobs as well as cores.
job_count() {
  local cores memory_kb by_memory
  cores=$(nproc)
  memory_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  by_memory=$((memory_kb / 1500000))
  ((by_memory < 1)) && by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# True if the dependencies of the npm folder $1 are installed as its lock file says.
npm_is_installed() {
  local folder=$repository/$1
  # npm writes this file last, so an interrupted installation does not count as one.
  local stamp=$folder/node_modules/.package-lock.json
  # A project without any dependency gets no stamp, and needs none.
  if [[ -f $folder/package-lock.json && ! -e $stamp ]]; then
    ! grep -q '"node_modules/' "$folder/package-lock.json"
    return
  fi
  [[ -f $stamp && ! $folder/package-lock.json -nt $stamp ]]
}

# npm_build FOLDER OUTPUT [SOURCE...]: runs `npm run build` in FOLDER unless FOLDER/OUTPUT is newer
# than everything in FOLDER and in the SOURCE folders.
npm_build() {
  local folder=$1 output=$1/$2
  shift 2
  local stamp
  stamp=$repository/build/npm/$(tr / - <<<"$folder").stamp
  if [[ -d $repository/$output && -f $stamp ]] && ! newer_source "$stamp" "$folder" "$@"; then
    say "$folder is up to date"
    return
  fi
  [[ -d $repository/$folder/node_modules ]] ||
    fail "$folder has no node_modules: run scripts/setup.sh first"
  say "building $folder"
  (cd "$repository/$folder" && npm run --silent build) || fail "the build of $folder failed"
  mkdir -p "$(dirname "$stamp")"
  touch "$stamp"
}

# True if a file or folder below the given ones changed after the file $1. Folders count because a
# deleted file leaves only their date behind.
newer_source() {
  local stamp=$1 found
  shift
  found=$(cd "$repository" && find "$@" -mindepth 1 \
    \( -name node_modules -o -name dist -o -name '*.md' \) -prune \
    -o -newer "$stamp" -print -quit)
  [[ -n $found ]]
}
