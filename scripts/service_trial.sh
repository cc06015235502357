#!/usr/bin/env bash
# Tries the Debian packages as a service: boots a fresh Debian 12 with systemd as its first process,
# in namespaces of its own, and starts, asks, crashes, drains and stops sluice-conference there. A
# tool for developers; needs root, debootstrap, a cgroup2 that is mounted, and the built packages'
# parts (scripts/run.sh --build-only).
#
# usage: scripts/service_trial.sh [--dir DIR] [--keep]
#
#   --dir DIR   where to make the system (default /var/tmp/sluice-service-PID)
#   --keep      leave the system where it is, to look into it
#
# Nothing of it reaches this machine: it has its own processes, mounts, cgroups and network (loopback
# only).

# shellcheck disable=SC2034  # main_only, keep and original_options are those of chroot.sh.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=steps.sh
source "$(dirname "$0")/steps.sh"
# shellcheck source-path=SCRIPTDIR source=chroot.sh
source "$(dirname "$0")/chroot.sh"

system=/var/tmp/sluice-service-$$
keep=no
main_only=no
build=$repository/build/release
original_options=("$@")
unit=sluice-conference
boot_seconds=90
ready_seconds=60
address=http://127.0.0.1:3000

parse_options() {
  while (($# > 0)); do
    case $1 in
      --dir) system=${2:?--dir needs a folder} && shift ;;
      --keep) keep=yes ;;
      --help | -h)
        print_help
        exit 0
        ;;
      *) fail "unknown option $1; see scripts/service_trial.sh --help" ;;
    esac
    shift
  done
}

install_packages() {
  say "packing and installing the Debian packages"
  mkdir -p "$system/srv/made"
  pack_debian "$system/srv/made"
  inside sh -ec 'export DEBIAN_FRONTEND=noninteractive; apt-get -q -y update
    cd /srv/made && apt-get -q -y install --no-install-recommends ./*.deb' \
    >"$system/srv/apt.log" 2>&1 || fail "they cannot be installed: $(tail -5 "$system/srv/apt.log")"
  # The archive is far away from where the system is going to be.
  umount "$system/proc" "$system/dev/shm" "$system/dev/pts"
  install -m 0755 "$repository/scripts/service_person.mjs" "$system/srv/person.mjs"
}

# A cgroup of its own below that of this machine, which systemd then takes for the root of all.
cgroup=
make_cgroup() {
  local root
  root=$(findmnt --types cgroup2 --noheadings --output TARGET | head -1)
  [[ -n $root ]] || fail "no cgroup2 is mounted, and systemd keeps its services in one"
  cgroup=$root/$(basename "$system")
  mkdir "$cgroup" || fail "$root takes no cgroup of ours"
  trap end_system EXIT
}

holder=
first=
end_system() {
  local attempt
  # With the first process the kernel ends all others.
  [[ -z $first ]] || kill -KILL "$first"
  [[ -z $holder ]] || wait "$holder" || true
  # The kernel needs a moment for what has just been killed.
  for attempt in 1 2 3 4 5; do
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null && return
    sleep 0.$attempt
  done
  complain "$cgroup could not be removed"
}

# What the first process finds: an own /proc, /sys, /dev and /run, and itself in the root of all.
first_process() {
  cat <<'SCRIPT'
set -e
system=$1
ip link set lo up
mount --bind "$system" "$system"
cd "$system"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for device in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 dev/tty c 5 0
ln -s /proc/self/fd dev/fd
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
umount sys/fs/cgroup
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir -p srv/outside
pivot_root . srv/outside
umount -l /srv/outside
# What systemd mounts for a service in a namespace beside its own is to appear in its own.
mount --make-rshared /
cd /
exec env -i container=sluice-trial PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --log-target=console --log-level=info
SCRIPT
}

boot() {
  say "booting it"
  # Of the processes in here: tools look them up there.
  mount -t proc proc /proc
  local console=$system/srv/console.log started=$SECONDS
  make_cgroup
  first_process >"$system/srv/first.sh"
  # The shell joins the cgroup before it is made the root of a namespace.
  sh -c "echo \$\$ >'$cgroup/cgroup.procs' && exec unshare --mount --pid --fork --kill-child --uts --ipc \
    --net --cgroup --propagation private sh '$system/srv/first.sh' '$system'" \
    >"$console" 2>&1 </dev/null &
  holder=$!
  until first=$(pgrep --parent "$holder") && is_booted; do
    kill -0 "$holder" 2>/dev/null || fail "this machine refuses it: $(tail -5 "$console")"
    ((SECONDS - started < boot_seconds)) || fail "it does not boot: $(tail -20 "$console")"
    sleep 0.5
  done
  say "systemd $(in_system systemctl --version | awk 'NR == 1 {print $2}') is its first process"
}

is_booted() { in_system systemctl is-active --quiet multi-user.target 2>/dev/null; }

in_system() {
  nsenter --target "$first" --mount --pid --uts --ipc --net --cgroup --root --wd=/ -- \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}

property() { in_system systemctl show --property "$1" --value "$unit"; }

# expect PROPERTY VALUE WHY
expect() {
  local value
  value=$(property "$1")
  [[ $value == "$2" ]] || fail "$3: $1 is $value, not $2; $(journal)"
}

journal() { in_system journalctl --quiet --no-pager --output cat --lines 12 --unit "$unit"; }

# until_true WHAT COMMAND...
until_true() {
  local what=$1 started=$SECONDS
  shift
  until "$@"; do
    ((SECONDS - started < ready_seconds)) || fail "$what: not within $ready_seconds s; $(journal)"
    sleep 0.2
  done
}

ask() { in_system curl --silent --fail --max-time 5 "$address$1"; }
is_ready() { ask /readyz >/dev/null; }
is_not_ready() { ! is_ready; }
is_in_state() { [[ $(property ActiveState) == "$1" ]]; }
# There is nothing to forget of a unit that systemd has not loaded.
forget_failures() { in_system systemctl reset-failed "$unit" 2>/dev/null || true; }
start() { in_system systemctl start "$unit" || fail "it does not start: $(journal)"; }

try_without_configuration() {
  ! in_system systemctl start "$unit" 2>/dev/null || fail "it starts without a configuration"
  # The journal has what it is that is missing.
  [[ $(property AssertResult) == no ]] || fail "nothing tells that the configuration is missing"
  say "without a configuration it does not start, and says what is missing"
}

try_wrong_configuration() {
  mkdir -p "$system/etc/sluice"
  echo '{"port": "many"}' >"$system/etc/sluice/conference.json"
  forget_failures
  ! in_system systemctl start "$unit" 2>/dev/null || fail "it starts with a wrong configuration"
  until_true "the journal tells the fault" fault_is_told
  say "a wrong configuration: $(journal | grep --max-count 1 port)"
}
fault_is_told() { journal | grep --quiet 'conference.json:1:.*port'; }

try_start() {
  in_system install -D -m 0600 /usr/share/doc/sluice-conference/examples/conference.json \
    /etc/sluice/conference.json
  # Systemd tries a wrong configuration a few times.
  in_system systemctl stop "$unit"
  forget_failures
  start
  until_true "it is ready" is_ready
  say "GET /healthz: $(ask /healthz)"
}

# What the unit asks for is in force: read off the process and tried from inside its mounts.
try_hardening() {
  local main user status
  main=$(property MainPID)
  status=$(in_system cat "/proc/$main/status")
  user=$(awk '/^Uid:/ {print $2}' <<<"$status")
  ((user >= 61184 && user <= 65519)) || fail "it runs as user $user, which is no dynamic one"
  grep -q '^CapEff:[[:space:]]*0*$' <<<"$status" || fail "it has capabilities"
  grep -q '^NoNewPrivs:[[:space:]]*1$' <<<"$status" || fail "it could gain privileges"
  grep -q '^Seccomp:[[:space:]]*2$' <<<"$status" || fail "its system calls are not filtered"
  local mounts=(nsenter --target "$main" --mount)
  ! in_system "${mounts[@]}" touch /usr/bin/written 2>/dev/null || fail "it could write to /usr"
  in_system touch /dev/trial
  ! in_system "${mounts[@]}" test -e /dev/trial || fail "it sees the devices of the system"
  in_system "${mounts[@]}" touch /var/lib/sluice/written || fail "it has no state directory"
  ! in_system setpriv --reuid "$user" --clear-groups cat /etc/sluice/conference.json >/dev/null 2>&1 ||
    fail "its user can read the secrets of root"
  say "user $user, no capabilities, system calls filtered, /usr read-only, secrets unreadable"
  say "$(in_system systemd-analyze security "$unit" | tail -1)"
}

restarts=
try_crashes() {
  local worker
  restarts=$(property NRestarts)
  worker=$(in_system pgrep --oldest sluice-worker)
  in_system kill -KILL "$worker"
  until_true "a worker that was killed is replaced" worker_is_replaced
  expect NRestarts "$restarts" "a worker was killed, and the server stayed"
  say "a killed worker is replaced, the service goes on"
  in_system systemctl kill --signal=KILL --kill-whom=main "$unit"
  until_true "it comes back after a crash" has_restarted
  until_true "it is ready again" is_ready
  say "the server was killed, and is back"
}
worker_is_replaced() { ask /healthz | grep --quiet '"restarts":1'; }
has_restarted() { (($(property NRestarts) == restarts + 1)); }

drain() { in_system systemctl kill --signal=SIGUSR2 --kill-whom=main "$unit"; }

try_drain() {
  local person log=$system/srv/person.log
  in_system node /srv/person.mjs "$address" >"$log" 2>&1 &
  person=$!
  until_true "somebody is in a room" grep --quiet '^joined' "$log"
  drain
  until_true "a drained server takes nobody new" is_not_ready
  expect ActiveState active "somebody is still in a room"
  ask /healthz | grep --quiet '"draining"' || fail "/healthz does not tell that it drains"
  # The person leaves when the machine says so.
  in_system pkill --full /srv/person.mjs
  wait "$person" || fail "the person was thrown out: $(cat "$log")"
  until_true "the drained server ends" is_in_state inactive
  expect Result success "it was drained"
  say "drained: no new people, it waited for the last one, and stays down"
}

# The signal comes while Node.js is still being loaded, or even before.
try_early_drain() {
  forget_failures
  start
  drain
  until_true "a server that is drained at once ends" is_in_state inactive
  expect Result success "it was drained at once"
  say "drained in the moment it was started, it ends and stays down"
}

try_stop() {
  start
  until_true "it is ready" is_ready
  local began=$SECONDS
  in_system systemctl stop "$unit"
  expect Result success "it was stopped"
  expect ExecMainStatus 0 "it was stopped"
  ! in_system pgrep sluice-worker >/dev/null || fail "a worker is left"
  say "systemctl stop took $((SECONDS - began)) s, with status 0 and no worker left"
}

main() {
  parse_options "$@"
  [[ -x $build/worker/sluice-worker && -f $repository/apps/conference/dist/server/main.js ]] ||
    fail "nothing is built: scripts/run.sh --build-only"
  enter_namespaces cpack dpkg-shlibdeps nsenter pivot_root ip
  make_system ca-certificates,systemd,systemd-sysv,curl,procps
  copy_network_settings
  choose_environment
  install_packages
  boot
  try_without_configuration
  try_wrong_configuration
  try_start
  try_hardening
  try_crashes
  try_drain
  try_early_drain
  try_stop
  say "sluice-conference works as a service"
}

main "$@"
