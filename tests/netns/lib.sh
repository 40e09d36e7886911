# Network namespaces for tests. A test script sources this file first of all:
#
#   #!/usr/bin/env bash
#   source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
#   need_tun
#   namespaces a b
#   connect a eth0 b eth0
#   step "ping"
#   limit 5 in_ns a ping -c 1 10.0.0.2
#
# The script then runs again, as the first process of namespaces of its own for network, processes
# and mounts. Whatever it makes (processes, interfaces, named namespaces, files below $work) ends
# with it, also when it is killed: the kernel cleans up, not a trap. Nothing of the machine's
# network is visible inside. Without root it exits with 77 and says so. The one argument of every
# test is the folder of the built programs, here $programs.
set -euo pipefail

skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}

if [[ -z ${QE_NETNS_INSIDE-} ]]; then
  ((EUID == 0)) || skip "network namespaces need root"
  for program in unshare setpriv ip timeout; do
    command -v "$program" >/dev/null || skip "there is no program '$program'"
  done
  unshare --net --mount --pid --fork true 2>/dev/null || skip "this root may not make namespaces"
  # Dies with this shell, and takes the first process inside with it.
  QE_NETNS_INSIDE=1 setpriv --pdeathsig KILL \
    unshare --net --mount --pid --fork --kill-child --mount-proc bash "$0" "$@" &
  inside=$!
  trap 'kill -KILL "$inside"; exit 143' TERM INT
  code=0
  wait "$inside" || code=$?
  exit "$code"
fi

programs=${1:?usage: $0 <folder of the built programs>}
programs=$(cd "$programs" && pwd)
mkdir -p /run/netns # stays, empty, as after "ip netns add"
mount -t tmpfs tmpfs /run/netns
mount -t tmpfs tmpfs /mnt
work=/mnt
cd "$work"
ip link set lo up

step_name=start
on_exit() {
  local code=$?
  ((code == 0 || code == 77)) && return
  printf 'FAILED (%s) in step: %s\n' "$code" "$step_name"
  local log
  for log in "$work"/*.log; do
    [[ -s $log ]] && printf -- '--- %s\n' "${log##*/}" && tail -n 40 "$log"
  done
  return "$code"
}
trap on_exit EXIT

# step TEXT…: names what comes next, for the output and for failures.
step() {
  step_name=$*
  printf '== %s\n' "$*"
}

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# need_tun: skips the test where there are no TUN devices.
need_tun() { [[ -c /dev/net/tun ]] || skip "there is no /dev/net/tun"; }

# need_program NAME…: skips the test where one is missing.
need_program() {
  local name
  for name; do command -v "$name" >/dev/null || skip "there is no program '$name'"; done
}

# limit SECONDS COMMAND…: no step waits for ever. Works with the functions here too.
limit() {
  local seconds=$1 code=0
  shift
  if [[ $1 == in_ns ]]; then
    set -- ip netns exec "${@:2}"
  fi
  timeout --kill-after=2 "$seconds" "$@" || code=$?
  ((code != 124 && code != 137)) || printf 'error: not done after %s s: %s\n' "$seconds" "$*" >&2
  return "$code"
}

# namespaces NAME…: makes network namespaces with the loopback interface up.
namespaces() {
  local name
  for name; do
    ip netns add "$name"
    ip -n "$name" link set lo up
  done
}

# in_ns NAME COMMAND…
in_ns() { ip netns exec "$@"; }

# connect NAME_A INTERFACE_A NAME_B INTERFACE_B [MTU]: joins two namespaces by a cable (veth).
connect() {
  ip link add "$2" netns "$1" mtu "${5:-1500}" type veth peer "$4" netns "$3" mtu "${5:-1500}"
  ip -n "$1" link set "$2" up
  ip -n "$3" link set "$4" up
}

# spawn LABEL NAME COMMAND…: starts a program in the background of namespace NAME. Its output goes
# to $work/LABEL.log; pid_of LABEL gives its process id.
spawn() {
  local label=$1 name=$2
  shift 2
  : >"$work/$label.log" # now: nobody may read a line of an earlier program in it
  ip netns exec "$name" "$@" </dev/null >>"$work/$label.log" 2>&1 &
  printf '%s\n' $! >"$work/$label.pid"
}

pid_of() { cat "$work/$1.pid"; }

# end LABEL [SIGNAL]: sends a signal (TERM) and waits for the program; returns its exit code.
end() {
  local pid code=0
  pid=$(pid_of "$1")
  kill -"${2:-TERM}" "$pid"
  wait_for 10 gone "$pid" || fail "$1 (process $pid) ignores SIG${2:-TERM}"
  wait "$pid" 2>/dev/null || code=$?
  return "$code"
}

gone() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  [[ $stat == *') Z '* ]]
}

# wait_for SECONDS COMMAND…: repeats the command until it succeeds.
wait_for() {
  local deadline=$((${EPOCHREALTIME//[.,]/} + $1 * 1000000))
  shift
  until "$@" >/dev/null 2>&1; do
    ((${EPOCHREALTIME//[.,]/} < deadline)) || return 1
    sleep 0.02
  done
}

# wait_for_line LABEL PATTERN [SECONDS]: until the program has written a line that matches.
wait_for_line() {
  wait_for "${3:-10}" grep -q -- "$2" "$work/$1.log" ||
    fail "$1 did not write '$2' within ${3:-10} s"
}

# expect_equal WHAT ACTUAL EXPECTED
expect_equal() { [[ $2 == "$3" ]] || fail "$1 is '$2', not '$3'"; }
