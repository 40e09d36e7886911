# Runs one step of a peer: bash peers.sh FILE STEP [SIDE]. FILE is peers/NAME.sh or variants/NAME.sh
# and defines, in shell:
#
#   available            fails, and says why, when the peer cannot run here
#   version              prints it
#   prepare              keys and configuration into $run; not timed
#   start SIDE           starts the peer of side a or b; b first, it is the one that listens
#   details              optional: JSON about what it did, for the results
#
# A variant sets a variable that its peer reads, then sources that peer's file.
#
# What a step may use: $run, a folder of this peer's alone, and the functions below. The daemon must
# stay in the foreground; the suite ends it with its namespace. BENCH_* comes from suite/peer.py.
set -euo pipefail

peers=$(dirname "${BASH_SOURCE[0]}")/peers
fetched=${QE_BENCH_PEERS-}
programs=$QE_BENCH_PROGRAMS
run=$BENCH_RUN

other() { [[ $1 == a ]] && echo b || echo a; }
underlay() { [[ $1 == a ]] && echo "$BENCH_UNDERLAY_A" || echo "$BENCH_UNDERLAY_B"; }
device() { echo "tun-$1"; }

# overlay SIDE [ADDRESS]: the address inside the tunnel; with ADDRESS, makes it that one.
overlay() {
  [[ -z ${2-} ]] || echo "$2" >"$run/overlay.$1"
  cat "$run/overlay.$1" 2>/dev/null || { [[ $1 == a ]] && echo 10.88.0.1 || echo 10.88.0.2; }
}

inside() { # SIDE COMMAND…
  ip netns exec "$@"
}

spawn() { # SIDE COMMAND…: in the background; its output goes to $run/SIDE.log
  ip netns exec "$@" </dev/null >>"$run/$1.log" 2>&1 &
}

# wait_for COMMAND…: repeats it until it succeeds, for at most 5 s.
wait_for() {
  local deadline=$((${EPOCHREALTIME//[.,]/} + 5000000))
  until "$@" >/dev/null 2>&1; do
    ((${EPOCHREALTIME//[.,]/} < deadline)) || { echo "gave up: $*" >&2 && return 1; }
    sleep 0.01
  done
}

wait_device() { # SIDE
  wait_for inside "$1" ip link show "$(device "$1")"
}

# need PROGRAM…: for available.
need() {
  local program
  for program; do
    command -v "$program" >/dev/null || { echo "there is no $program" && return 1; }
  done
}

package_version() { # PACKAGE
  sed -n "s/^$1 //p" "$fetched/versions"
}

available() { :; }
version() { echo -; }
prepare() { :; }
start() { :; }
details() { :; }

source "$1"
shift
"$@"
