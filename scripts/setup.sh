#!/usr/bin/env bash
# Installs what Sluice needs to be built, run and tested on Debian 12: Debian packages, then the npm
# dependencies of the SDK, the conference and the browser tests, and the modules of the Go SDK. Only
# what is missing is installed, so running it again costs a second.
#
# usage: scripts/setup.sh [--check] [--help]
#
#   --check   change nothing; report what is there. Exit status 1 if something is missing.
#
# Packages need root: run it as root, or as a user who may use sudo.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=steps.sh
source "$(dirname "$0")/steps.sh"

build_packages=(cmake ninja-build g++ pkg-config binutils libuv1-dev libssl-dev libsrtp2-dev
  libusrsctp-dev libabsl-dev libflatbuffers-dev flatbuffers-compiler)
test_packages=(curl golang-go systemd libgtest-dev libgmock-dev libbenchmark-dev clang-14
  libclang-rt-14-dev python3
  chromium firefox-esr fonts-dejavu-core iproute2 nftables valgrind ffmpeg gstreamer1.0-tools
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
  gstreamer1.0-plugins-ugly gstreamer1.0-libav gstreamer1.0-nice gir1.2-gst-plugins-bad-1.0
  gir1.2-gst-plugins-base-1.0 python3-gi tshark)
run_packages=(openssl ca-certificates)
# Seals SRTP several times faster; it exists for x86-64 only, and nothing needs it.
[[ $(dpkg --print-architecture 2>/dev/null) != amd64 ]] || build_packages+=(libipsec-mb-dev)
# Makes the second build faster and nothing else, so its absence is no failure.
# It comes along when something else has to be installed.
optional_packages=(ccache)

# Earlier releases keep every DTLS record of a future epoch, so any peer can fill the memory of a
# worker.
oldest_openssl=3.0.22
oldest_node=18

missing=()
optional_missing=()
openssl_is_old=no
node_is_missing=no
stale_npm_folders=()
go_modules_are_missing=no

# Nothing if the package is not installed.
package_version() {
  { dpkg-query -W -f='${db:Status-Abbrev} ${Version}' "$1" 2>/dev/null || true; } |
    sed -n 's/^.i *//p'
}

os_release() { sed -n "s/^$1=//p" /etc/os-release | tr -d '"'; }

require_debian() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    fail "this system has no apt-get. The packages are named as in Debian 12 (bookworm):" \
      "${build_packages[*]} ${test_packages[*]} ${run_packages[*]}," \
      "and Node.js >= $oldest_node with npm." \
      "Install their equivalents, then use scripts/run.sh --no-setup."
  fi
  local release
  release="$(os_release ID) $(os_release VERSION_ID)"
  [[ $release == "debian 12" ]] || say "this is $release; Sluice is built and tested on debian 12"
}

survey_packages() {
  local package version
  for package in "${build_packages[@]}" "${test_packages[@]}" "${run_packages[@]}"; do
    version=$(package_version "$package")
    if [[ -z $version ]]; then
      missing+=("$package")
      say "  missing    $package"
    else
      say "  installed  $package $version"
    fi
  done
  for package in "${optional_packages[@]}"; do
    [[ -n $(package_version "$package") ]] || optional_missing+=("$package")
  done
}

survey_openssl() {
  local package version
  openssl_is_old=no
  for package in libssl3 libssl-dev; do
    version=$(package_version "$package")
    if [[ -n $version ]] && dpkg --compare-versions "$version" lt "$oldest_openssl"; then
      openssl_is_old=yes
      say "  too old    $package $version: $oldest_openssl or later is required," \
        "because earlier ones buffer DTLS records without limit"
    fi
  done
}

# Any Node.js that is new enough will do, whoever packaged it.
survey_node() {
  local version major
  node_is_missing=yes
  version=$(node --version 2>/dev/null || true)
  major=${version#v}
  major=${major%%.*}
  if [[ -z $version ]]; then
    say "  missing    nodejs (>= $oldest_node)"
  elif ((major < oldest_node)); then
    say "  too old    nodejs $version: $oldest_node or later is required"
  elif ! command -v npm >/dev/null; then
    say "  missing    npm"
  else
    node_is_missing=no
    say "  installed  nodejs $version, npm $(npm --version 2>/dev/null)"
  fi
}

survey_npm_folders() {
  local folder
  stale_npm_folders=()
  for folder in "${npm_folders[@]}"; do
    [[ -f $repository/$folder/package.json ]] || continue
    if npm_is_installed "$folder"; then
      say "  installed  npm dependencies of $folder"
    else
      stale_npm_folders+=("$folder")
      say "  missing    npm dependencies of $folder"
    fi
  done
}

survey_go_modules() {
  go_modules_are_missing=no
  if go_modules GOPROXY=off >/dev/null 2>&1; then
    say "  installed  Go modules of control-api/go"
  else
    go_modules_are_missing=yes
    say "  missing    Go modules of control-api/go"
  fi
}

survey() {
  missing=()
  optional_missing=()
  survey_packages
  survey_openssl
  survey_node
  survey_npm_folders
  survey_go_modules
}

as_root() {
  if ((EUID == 0)); then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    fail "packages can only be installed by root and there is no sudo here." \
      "As root, run: apt-get install ${missing[*]}"
  fi
}

# Mirrors hiccup. Three attempts tell a hiccup from an outage.
apt_get() {
  local attempt
  for attempt in 1 2 3; do
    as_root apt-get -q -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" && return
    say "apt-get $1 failed (attempt $attempt of 3)"
    ((attempt == 3)) || sleep $((attempt * 5))
  done
  return 1
}

# A fresh debootstrap knows only Debian's main archive, whose OpenSSL can be behind the security
# archive. This takes OpenSSL from there once, through sources of its own: the system's apt
# configuration stays as it is.
install_openssl_from_security_archive() {
  local release sources
  [[ $(os_release ID) == debian ]] || return 0
  release=$(os_release VERSION_CODENAME)
  say "taking OpenSSL from Debian's security archive ($release-security)"
  sources=$(mktemp -d)
  chmod 755 "$sources"
  cat >"$sources/security.sources" <<SOURCES
Types: deb
URIs: http://deb.debian.org/debian-security
Suites: $release-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  local own=(-o "Dir::Etc::SourceParts=$sources" -o APT::Get::List-Cleanup=false)
  # Without libssl3 named, apt keeps the installed one when it satisfies the dependency.
  if ! apt_get update "${own[@]}" ||
    ! apt_get install "${own[@]}" --no-install-recommends libssl3 libssl-dev openssl; then
    complain "Debian's security archive could not be used"
  fi
  rm -rf "$sources"
}

install_packages() {
  local packages=("${missing[@]}")
  if [[ $node_is_missing == yes ]]; then
    packages+=(nodejs)
    # Builds of Node.js from elsewhere bring npm along and conflict with Debian's.
    command -v npm >/dev/null || packages+=(npm)
  fi
  [[ $openssl_is_old == yes ]] && packages+=(libssl3 libssl-dev openssl)
  if ((${#packages[@]} == 0)); then
    say "all Debian packages are installed"
    return
  fi
  say "refreshing the package lists"
  apt_get update || fail "apt-get update failed three times: check the network and /etc/apt"
  local optional
  for optional in "${optional_missing[@]}"; do
    apt-cache show "$optional" >/dev/null 2>&1 && packages+=("$optional")
  done
  say "installing: ${packages[*]}"
  apt_get install --no-install-recommends "${packages[@]}" ||
    fail "apt-get install failed; its message is above"
  survey_openssl
  if [[ $openssl_is_old == yes ]]; then
    install_openssl_from_security_archive
    survey_openssl
  fi
}

# Under sudo the tree belongs to the caller, and root's files in it would lock him out of his own
# node_modules.
as_tree_owner() {
  local owner
  owner=$(stat -c %U "$repository")
  if ((EUID == 0)) && [[ $owner != root && $owner != UNKNOWN ]]; then
    runuser -u "$owner" -- env HOME="$(getent passwd "$owner" | cut -d: -f6)" "$@"
  else
    "$@"
  fi
}

install_npm_folder() {
  local folder=$1 attempt
  [[ -f $repository/$folder/package-lock.json ]] ||
    fail "$folder has a package.json but no package-lock.json, so npm ci cannot install it"
  say "npm ci in $folder"
  for attempt in 1 2 3; do
    # Only errors: npm warns of a package made for a later Node.js also where it runs in the page.
    if (cd "$repository/$folder" &&
      as_tree_owner npm ci --no-audit --no-fund --loglevel=error); then
      return
    fi
    say "npm ci failed (attempt $attempt of 3)"
    ((attempt == 3)) || sleep $((attempt * 5))
  done
  fail "npm ci in $folder failed three times; its message is above"
}

# go_modules [VARIABLE=VALUE...]: has all modules of the Go SDK in the cache of who owns the tree.
go_modules() {
  command -v go >/dev/null || return 1
  (cd "$repository/control-api/go" && as_tree_owner env "$@" go mod download)
}

install_go_modules() {
  local attempt
  say "go mod download in control-api/go"
  for attempt in 1 2 3; do
    go_modules && return
    say "go mod download failed (attempt $attempt of 3)"
    ((attempt == 3)) || sleep $((attempt * 5))
  done
  fail "go mod download failed three times; its message is above"
}

something_is_missing() {
  ((${#missing[@]} > 0 || ${#stale_npm_folders[@]} > 0)) ||
    [[ $openssl_is_old == yes || $node_is_missing == yes || $go_modules_are_missing == yes ]]
}

main() {
  local check=no
  while (($# > 0)); do
    case $1 in
      --check) check=yes ;;
      --help | -h)
        print_help
        exit 0
        ;;
      *) fail "unknown option $1; see scripts/setup.sh --help" ;;
    esac
    shift
  done

  require_debian
  say "looking at what is here"
  survey
  if [[ $check == yes ]]; then
    something_is_missing && fail "something is missing: run scripts/setup.sh"
    say "everything is here"
    exit 0
  fi

  install_packages
  [[ $openssl_is_old == no ]] ||
    fail "OpenSSL is older than $oldest_openssl and no newer one is on offer:" \
      "add Debian's security archive to /etc/apt"
  survey_node >/dev/null
  [[ $node_is_missing == no ]] || fail "Node.js >= $oldest_node with npm could not be installed"
  local folder
  for folder in "${stale_npm_folders[@]}"; do
    install_npm_folder "$folder"
  done
  [[ $go_modules_are_missing == no ]] || install_go_modules
  say "everything is here"
}

main "$@"
