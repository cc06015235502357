# Shared by the trials: a fresh Debian 12 in a folder, entered by chroot. It is sourced after steps.sh,
# by scripts that have set system (the folder), keep, main_only (yes or no), port and
# original_options (the options that the script was called with).
# shellcheck shell=bash disable=SC2154

suite=bookworm

# Mounts and processes live in namespaces of their own, so whatever way the trial ends the kernel
# removes them, and nothing of this machine can be mounted below a folder that is about to be
# deleted. The arguments are the tools that the trial needs besides.
enter_namespaces() {
  [[ ${SLUICE_TRIAL_INSIDE:-} == yes ]] && return
  ((EUID == 0)) || fail "a chroot needs root"
  local tool
  for tool in debootstrap unshare "$@"; do
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

# With the packages $1, separated by commas, besides the smallest.
make_system() {
  local mirror security
  mirror=$(mirror_of "$suite" http://deb.debian.org/debian)
  security=$(mirror_of "$suite-security" http://deb.debian.org/debian-security)
  say "making a Debian $suite in $system from $mirror"
  debootstrap --variant=minbase --include="$1" "$suite" "$system" "$mirror" \
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

page_is_served() {
  curl --silent --fail --max-time 5 --noproxy '*' "http://localhost:$port/" | grep -qi '<title>'
}

# Leaves the Debian packages in the folder $1. The worker and the conference are built.
pack_debian() {
  (cd "$repository/build/release" && cpack -G DEB -B "$1") >"$1.log" ||
    fail "cpack failed: $(tail -3 "$1.log")"
  rm -rf "$1.log" "$1/_CPack_Packages"
}
