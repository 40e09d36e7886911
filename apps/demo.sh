#!/usr/bin/env bash
# Builds everything and shows a real mesh: four nodes in network namespaces of their own, each with
# a real TUN device and its own qed. alice makes a network, the others join it by an invite each and
# find each other. alice, bob and carol reach each other over IPv4 and IPv6; dave is a member too,
# but no rule allows him anything, and he is told so. bob has two uplinks: he loses one in the middle
# of a download, which goes on. Asks nothing, ends by itself, and removes whatever it made, also when
# interrupted.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly NODES=(alice bob carol dave)
readonly FRIENDS=(alice bob carol)
readonly PREFIX="qe-demo-$$"
readonly BIN=build/release/bin
RUN=$(mktemp -d "${TMPDIR:-/tmp}/quicether-demo.XXXXXX")
FAILED=0

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  FAILED=1
}

cleanup() {
  local node
  for node in "${NODES[@]}"; do
    if [ -s "$RUN/$node/pid" ]; then
      kill "$(cat "$RUN/$node/pid")" 2>/dev/null || true
    fi
  done
  for node in "${NODES[@]}"; do
    if [ -s "$RUN/$node/pid" ]; then
      wait "$(cat "$RUN/$node/pid")" 2>/dev/null || true
    fi
    ip netns del "$PREFIX-$node" 2>/dev/null || true
  done
  ip netns del "$PREFIX-lan" 2>/dev/null || true
  rm -rf "$RUN"
}

inside() {
  local node=$1
  shift
  ip netns exec "$PREFIX-$node" "$@"
}

quicether_of() {
  local node=$1
  shift
  inside "$node" "$BIN/quicether" "$@" --control-socket "$RUN/$node/control.sock"
}

# One namespace is the network between the nodes: a bridge with one cable to each, and a router to
# bob's second uplink.
build_network() {
  local node i=0
  ip netns add "$PREFIX-lan"
  ip -n "$PREFIX-lan" link add br0 type bridge
  ip -n "$PREFIX-lan" link set br0 up
  for node in "${NODES[@]}"; do
    i=$((i + 1))
    ip netns add "$PREFIX-$node"
    ip -n "$PREFIX-$node" link set lo up
    ip link add "to-$node" netns "$PREFIX-lan" type veth peer name eth0 netns "$PREFIX-$node"
    ip -n "$PREFIX-lan" link set "to-$node" master br0 up
    ip -n "$PREFIX-$node" addr add "10.99.0.$i/24" dev eth0
    ip -n "$PREFIX-$node" link set eth0 up
    ip -n "$PREFIX-$node" route add default via 10.99.0.254
  done
  ip netns exec "$PREFIX-lan" sysctl -q net.ipv4.ip_forward=1
  ip -n "$PREFIX-lan" addr add 10.99.0.254/24 dev br0
  ip link add bob-second netns "$PREFIX-lan" type veth peer name eth1 netns "$PREFIX-bob"
  ip -n "$PREFIX-lan" addr add 10.99.1.254/24 dev bob-second
  ip -n "$PREFIX-lan" link set bob-second up
  ip -n "$PREFIX-bob" addr add 10.99.1.2/24 dev eth1
  ip -n "$PREFIX-bob" link set eth1 up
  ip -n "$PREFIX-bob" route add default via 10.99.1.254 metric 200
}

write_configs() {
  local node j
  for node in "${NODES[@]}"; do
    mkdir -m 0700 "$RUN/$node"
    "$BIN/quicether" keygen --output "$RUN/$node/node.key" --json > "$RUN/$node/key.json"
    sed -n 's/.*"node_id" *: *"\([0-9a-f]*\)".*/\1/p' "$RUN/$node/key.json" > "$RUN/$node/id"
  done
  for node in "${NODES[@]}"; do
    {
      printf '[node]\nname = "%s"\nstate_dir = "%s"\n' "$node" "$RUN/$node"
      printf '[security]\npolicy_file = "%s"\n' "$RUN/policy.toml"
      printf '[control]\nsocket = "%s"\n' "$RUN/$node/control.sock"
      if [ "$node" = bob ]; then
        printf '[multipath]\nenabled = true\nmode = "aggregate"\ninterfaces = ["eth0", "eth1"]\n'
      else
        printf '[multipath]\naccept = true\n'
      fi
    } > "$RUN/$node/config.toml"
  done
  for node in "${FRIENDS[@]}"; do
    for j in 100.64.0.0/16 fd00::/8; do
      printf '[[rules]]\nsubject = "%s"\nobject = "%s"\naction = "allow"\n' \
        "$(cat "$RUN/$node/id")" "$j"
    done
  done > "$RUN/policy.toml"
  # dave may start what he likes; it is the others who allow him nothing.
  { cat "$RUN/policy.toml"; printf '[[rules]]\nsubject = "self"\naction = "allow"\nobject = "0.0.0.0/0"\n'; } \
    > "$RUN/policy-dave.toml"
  sed -i "s#policy.toml#policy-dave.toml#" "$RUN/dave/config.toml"
}

start_nodes() {
  local node
  for node in "${NODES[@]}"; do
    ip netns exec "$PREFIX-$node" "$BIN/qed" --config "$RUN/$node/config.toml" \
      > "$RUN/$node/log" 2>&1 &
    echo $! > "$RUN/$node/pid"
  done
}

# Waits until a node answers its commands, at most 20 seconds.
wait_ready() {
  local node=$1 tries
  for tries in $(seq 200); do
    quicether_of "$node" status > /dev/null 2>&1 && return 0
    kill -0 "$(cat "$RUN/$node/pid")" 2>/dev/null || break
    sleep 0.1
  done
  fail "$node did not start; its log:"
  cat "$RUN/$node/log" >&2
  return 1
}

show() {
  printf '%s$ quicether %s\n' "$1" "${*:2}"
  quicether_of "$@"
}

join_all() {
  local node invite
  show alice network create demo
  for node in "${NODES[@]}"; do
    [ "$node" = alice ] && continue
    invite=$(show alice invite --once 2>/dev/null | tee /dev/fd/3 | tail -n 1)
    show "$node" join "$invite"
  done 3>&1
}

# Waits until a node sees all the others, at most 20 seconds.
wait_connected() {
  local node=$1 tries
  for tries in $(seq 200); do
    if quicether_of "$node" status --json 2>/dev/null |
      grep -q "\"peers_connected\" *: *$((${#NODES[@]} - 1))\b"; then
      return 0
    fi
    kill -0 "$(cat "$RUN/$node/pid")" 2>/dev/null || break
    sleep 0.1
  done
  fail "$node did not connect to all peers; its log:"
  cat "$RUN/$node/log" >&2
  return 1
}

overlay_address() { # node, family: 4 or 6
  inside "$1" ip -o "-$2" addr show dev quicether0 scope global |
    sed -n 's/.* inet6\? \([0-9a-f.:]*\)\/.*/\1/p' | head -n 1
}

ping_all() {
  local from to family address
  for from in "${FRIENDS[@]}"; do
    for to in "${FRIENDS[@]}"; do
      [ "$from" = "$to" ] && continue
      for family in 4 6; do
        address=$(overlay_address "$to" "$family")
        if inside "$from" ping "-$family" -c 3 -i 0.2 -W 2 -q "$address" > "$RUN/ping" 2>&1; then
          printf '%-6s -> %-6s %-40s %s\n' "$from" "$to" "$address" "$(grep rtt "$RUN/ping")"
        else
          fail "$from cannot reach $to at $address"
          cat "$RUN/ping" >&2
        fi
      done
    done
  done
}

ping_refused() {
  local address
  address=$(overlay_address alice 4)
  if inside dave ping -4 -c 2 -i 0.2 -W 2 "$address" > "$RUN/ping" 2>&1; then
    fail "dave reached alice although no rule allows it"
  fi
  cat "$RUN/ping"
  grep -qi 'filtered\|prohibited' "$RUN/ping" || fail "dave was not told why"
}

# Waits until bob has two paths to alice, at most 20 seconds.
wait_two_paths() {
  local tries
  for tries in $(seq 200); do
    [ "$(quicether_of bob multipath | grep alice | grep -c Active)" -ge 2 ] && return 0
    sleep 0.1
  done
  fail "bob has no second path to alice"
  return 1
}

# 12.5 MB in 2.5 s; after 1 s the cable is pulled out of bob's first uplink.
download() {
  cat > "$RUN/download.py" <<'PYTHON'
import hashlib, socket, sys, time
block = bytes(range(250)) * 200
if sys.argv[1] == "give":
    with socket.create_server((sys.argv[2], 8080)) as server:
        print("ready", flush=True)
        stream, _ = server.accept()
        start = time.monotonic()
        for number in range(250):
            stream.sendall(block)
            time.sleep(max(0, start + number / 100 - time.monotonic()))
        stream.close()
    sys.exit()
got, longest = hashlib.sha256(), 0.0
size = 0
with socket.create_connection((sys.argv[2], 8080), timeout=20) as stream:
    last = time.monotonic()
    while part := stream.recv(1 << 16):
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        got.update(part)
        size += len(part)
whole = got.digest() == hashlib.sha256(block * 250).digest()
print(f"{size} bytes, {'each as it was sent' if whole else 'NOT as they were sent'}, "
      f"longest pause {longest * 1000:.0f} ms")
sys.exit(not whole)
PYTHON
  local address giver taker tries code=0
  address=$(overlay_address alice 4)
  inside alice python3 "$RUN/download.py" give "$address" > "$RUN/give" 2>&1 &
  giver=$!
  for tries in $(seq 200); do
    grep -q ready "$RUN/give" && break
    sleep 0.05
  done
  echo "bob downloads 12.5 MB from alice"
  inside bob python3 "$RUN/download.py" take "$address" > "$RUN/take" 2>&1 &
  taker=$!
  sleep 1
  ip -n "$PREFIX-lan" link set to-bob down
  echo "bob's eth0 is unplugged"
  wait $taker || code=$?
  kill $giver 2>/dev/null || true
  wait $giver || true
  cat "$RUN/take"
  [ "$code" = 0 ] || fail "the download broke off"
  show bob multipath
  ip -n "$PREFIX-lan" link set to-bob up
}

main() {
  if [ "$(id -u)" != 0 ]; then
    echo "The demo makes network namespaces and TUN devices: run it as root (sudo $0)." >&2
    exit 77
  fi
  say "Preparing dependencies and building"
  cmake/bootstrap.sh --with build
  cmake --fresh --preset release > "$RUN/configure.log" || { cat "$RUN/configure.log"; exit 1; }
  cmake --build build/release --target app_qed app_quicether

  trap cleanup EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  say "Starting ${NODES[*]} in namespaces of their own"
  build_network
  write_configs
  start_nodes
  local node
  for node in "${NODES[@]}"; do
    wait_ready "$node"
  done

  say "alice makes a network, the others join it"
  join_all
  for node in "${NODES[@]}"; do
    wait_connected "$node"
  done
  say "bob: quicether ping carol"
  quicether_of bob ping carol --count 3 --interval 200

  say "alice: quicether status"
  quicether_of alice status
  say "alice: quicether peers"
  quicether_of alice peers
  say "alice: quicether routes"
  quicether_of alice routes
  say "Everybody pings everybody, IPv4 and IPv6"
  ping_all
  say "dave has no rule that allows him anything"
  ping_refused
  say "bob has two uplinks, and loses one in the middle of a download"
  wait_two_paths && show bob multipath
  download
  say "$([ "$FAILED" = 0 ] && echo 'The mesh works' || echo 'The demo FAILED')"
  exit "$FAILED"
}

main "$@"
