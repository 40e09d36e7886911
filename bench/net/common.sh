# What the commands of this folder share. Sourced.
#
# A command has three steps: programs and peers are made ready (prepare), then it runs again as the
# first process of namespaces of its own for network, processes and mounts (enter). Whatever the
# suite starts ends with it, also when it is killed; of the machine's network it sees nothing.
#
# QE_BENCH_PROGRAMS=FOLDER: take qed and the other programs from there, build nothing.
# QE_BENCH_PEERS=FOLDER: take the peers from there, fetch nothing.
set -euo pipefail

net=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$net/../.." && pwd)

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

need_root() {
  ((EUID == 0)) || fail "network namespaces and TUN devices need root"
  [[ -c /dev/net/tun ]] || fail "there is no /dev/net/tun"
}

# prepare_programs TARGET…: an optimised build.
prepare_programs() {
  if [[ -z ${QE_BENCH_PROGRAMS-} ]]; then
    "$root/cmake/bootstrap.sh" --with bench >&2
    printf 'building %s\n' "$*" >&2
    mkdir -p "$root/build"
    (cd "$root" && cmake --preset release && cmake --build --preset release --target "$@") \
      >"$root/build/bench-build.log" 2>&1 || fail "the build failed: build/bench-build.log"
    QE_BENCH_PROGRAMS=$root/build/release/bin
  fi
  export QE_BENCH_PROGRAMS
}

prepare_peers() {
  if [[ -z ${QE_BENCH_PEERS-} ]]; then
    "$root/cmake/bootstrap.sh" --with bench >&2
    QE_BENCH_PEERS=$("$root/cmake/bootstrap.sh" --print-dir)/peers
  fi
  export QE_BENCH_PEERS
}

# enter PROGRAM…: descriptor 9 stays the machine's /proc, for what else the machine is doing.
enter() {
  local program inside code=0
  for program in setpriv unshare ip ping iperf3 ethtool python3; do
    command -v "$program" >/dev/null || fail "there is no '$program': cmake/bootstrap.sh --with bench"
  done
  # Dies with this shell, and takes the first process inside with it.
  setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc \
    env PYTHONDONTWRITEBYTECODE=1 QE_BENCH_SANDBOX=yes "$@" 9</proc &
  inside=$!
  # unshare ignores both; the suite reports what it has and ends.
  trap 'kill -TERM $(cat "/proc/$inside/task/$inside/children")' TERM INT
  while kill -0 "$inside" 2>/dev/null; do
    code=0
    wait "$inside" || code=$?
  done
  exit "$code"
}
