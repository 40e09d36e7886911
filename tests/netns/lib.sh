# Network namespaces for tests. A test script sources this file, or mesh.sh, first of all:
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

# skip WHY: ends the test, as a failure where QE_NO_SKIP says that all is there.
skip() {
  if [[ -n ${QE_NO_SKIP-} ]]; then
    printf 'error: this test may not be skipped here (QE_NO_SKIP): %s\n' "$*" >&2
    exit 1
  fi
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
helpers=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p /run/netns # stays, empty, as after "ip netns add"
mount -t tmpfs tmpfs /run/netns
mount -t tmpfs tmpfs /mnt
work=/mnt
cd "$work"
ip link set lo up

# What sanitizers report of any program fails the test, whatever became of the program.
for options in ASAN_OPTIONS TSAN_OPTIONS UBSAN_OPTIONS; do
  export "$options=log_path=$work/sanitizer${!options:+:${!options}}"
done

step_name=start
on_exit() {
  local code=$?
  ! tail -n 60 "$work"/sanitizer.* 2>/dev/null || code=1
  ((code == 0 || code == 77)) && exit "$code"
  printf 'FAILED (%s) in step: %s\n' "$code" "$step_name"
  local log
  for log in "$work"/*.log; do
    [[ -s $log ]] && printf -- '--- %s\n' "${log##*/}" && tail -n 40 "$log"
  done
  exit "$code"
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

# need_dht_only: skips the test where the example is not built, a node of the DHT and nothing else.
# Sets $dht_only.
need_dht_only() {
  dht_only=$programs/../apps/example_dht_only
  [[ -x $dht_only ]] || skip "the example dht_only is not built"
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

# between WHAT VALUE LEAST MOST: of whole numbers
between() { (($2 >= $3 && $2 <= $4)) || fail "$1 is $2, not $3 to $4"; }

# milliseconds_since MICROSECONDS: of ${EPOCHREALTIME//[.,]/} then
milliseconds_since() { printf '%s' $(((${EPOCHREALTIME//[.,]/} - $1) / 1000)); }

# Slow lines: the project's emulator stands in for netem, which many kernels are built without.

# need_lines: skips the test where there is no emulator.
need_lines() {
  need_program ethtool
  [[ -x $programs/link_emulator ]] ||
    skip "there is no $programs/link_emulator: configure with QUICETHER_BENCH"
}

# as_on_wire NAME INTERFACE…: packets leave in the size that a wire carries, not as trains.
as_on_wire() {
  local interface
  for interface in "${@:2}"; do
    in_ns "$1" ethtool -K "$interface" tso off gso off gro off tx-udp-segmentation off
  done
}

# line LABEL NAME_A INTERFACE_A NAME_B INTERFACE_B [PROFILE [PROFILE_BACK]]: joins two namespaces by
# an emulated line, that is by the program LABEL between two cables, in a namespace LABEL. Without
# a profile that is begun later.
line() {
  local label=$1
  namespaces "$label"
  in_ns "$label" sysctl -q net.ipv6.conf.all.disable_ipv6=1
  connect "$2" "$3" "$label" left
  connect "$4" "$5" "$label" right
  as_on_wire "$2" "$3"
  as_on_wire "$4" "$5"
  as_on_wire "$label" left right
  (($# < 6)) || begin_line "$label" "${@:6}"
}

begin_line() { # LABEL PROFILE [PROFILE_BACK]
  spawn "$1" "$1" "$programs/link_emulator" --seconds 170 --seed 7 left right "${@:2}"
  wait_for_line "$1" ready
}

# end_line LABEL: what is on its way is lost. The last line of its log has its counters.
end_line() { end "$1" || fail "the emulator failed"; }

change_line() { # LABEL PROFILE [PROFILE_BACK]
  end_line "$1"
  begin_line "$@"
}

# silence LABEL / end_silence LABEL: the line loses all that enters it, until the end.
silence() { kill -USR1 "$(pid_of "$1")"; }
end_silence() { kill -USR2 "$(pid_of "$1")"; }

sent_through() { in_ns "$1" cat "/sys/class/net/$2/statistics/tx_bytes"; } # NAME INTERFACE

# passed NAME INTERFACE BYTES: waits until so many more left through the interface.
passed() {
  local least=$(($(sent_through "$1" "$2") + $3))
  wait_for 60 has_sent "$1" "$2" "$least" || fail "$2 of $1 carries nothing"
}
has_sent() { (($(sent_through "$1" "$2") >= $3)); }

# Transfers over TCP (transfer.py).

# begin_transfer FROM TO ADDRESS BYTES: to an address of TO.
begin_transfer() {
  begin_watch
  spawn receive "$2" python3 "$helpers/transfer.py" receive "$3" "$4"
  wait_for_line receive ready
  spawn send "$1" python3 "$helpers/transfer.py" send "$3" "$4"
}

# end_transfer [SECONDS]: waits until every byte is there. Sets $rate (bit/s), $took and $pause, the
# whole and the longest time without a byte, in milliseconds, and $crowded: for so many percent of
# the time something on this machine waited for a CPU.
end_transfer() {
  wait_for "${1:-60}" gone "$(pid_of receive)" || fail "the receiver does not end"
  read -r rate took pause < <(tail -n 1 "$work/receive.log")
  [[ $pause =~ ^[0-9]+$ ]] || fail "the transfer failed"
  end_watch
  printf '   %s bit/s, %s ms, longest pause %s ms, CPUs waited for %s %%\n' \
    "$rate" "$took" "$pause" "$crowded"
}

# begin_watch / end_watch: sets $crowded for the time between them.
begin_watch() { watch_began=${EPOCHREALTIME//[.,]/} watch_waits=$(cpu_waits); }
end_watch() {
  crowded=$((($(cpu_waits) - watch_waits) / 10 / $(milliseconds_since "$watch_began")))
}

# Microseconds; 0 where the kernel does not count them.
cpu_waits() { sed -n 's/^some .*total=//p' /proc/pressure/cpu 2>/dev/null || echo 0; }

# share WHAT OF PERCENT: the last transfer had at least PERCENT of the rate OF. Rates of a machine
# that has not enough CPUs are shown, and not judged: they say more about that.
share() {
  local got=$((rate * 100 / $2))
  printf '   %s: %s %%\n' "$1" "$got"
  ((got >= $3)) || is_crowded "$crowded" || fail "$1: $got %, less than $3 %"
}

is_crowded() { (($1 >= 30)) && printf '   (not judged: CPUs were waited for %s %% of the time)\n' "$1"; }

transfer() { # FROM TO ADDRESS BYTES
  begin_transfer "$@"
  end_transfer 90
}

# round_trip LABEL PERCENT: percentile of the round trips in the output of ping LABEL, in us.
round_trip() {
  sed -n 's/.*time=\([0-9.]*\) ms/\1/p' "$work/$1.log" | sort -n |
    awk -v share="$2" '{ trip[NR] = $1 } END { printf "%d\n", trip[int((NR - 1) * share / 100) + 1] * 1000 }'
}
