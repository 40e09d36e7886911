#!/usr/bin/env bash
# A link between two nodes of several shards is spread over them: alice has three shards, bob two,
# so there are two lanes. Alice dials.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping iperf3 nft python3 ethtool

# lane_bytes NAME LANE: what has come in over that lane, or nothing when it is not up.
lane_bytes() {
  ctl "$1" peers --json | python3 -c '
import json, sys
for peer in json.load(sys.stdin):
    for path in peer["paths"]:
        if path["lane"] == int(sys.argv[1]):
            print(path["bytes_received"])' "$2"
}

lanes_are() { # NAME COUNT
  local text
  text=$(ctl "$1" peers)
  if (($2 == 1)); then
    [[ $text == *Connected* && $text != *lanes* ]]
  else
    [[ $text == *"Connected ($2 lanes)"* ]]
  fi
}

wait_lanes() { # COUNT SECONDS
  local name
  for name in alice bob; do
    wait_for "$2" lanes_are "$name" "$1" || fail "$name has not $1 lanes: $(ctl "$name" peers)"
  done
}

flows() { # FROM TO: 16 at a time; both lanes carry some of them
  local -A before=()
  local lane
  for lane in 0 1; do before[$lane]=$(lane_bytes "$2" "$lane"); done
  limit 30 in_ns "$1" iperf3 -c "$(overlay "$2" 4)" -P 16 -n 8M >"$work/flows.log"
  for lane in 0 1; do
    (($(lane_bytes "$2" "$lane") > before[$lane] + 100000)) || fail "lane $lane carried nothing"
  done
}

step "two lanes"
mesh_nodes alice bob
configure alice bob
configure bob @alice
# A lane that hears nothing is to die while this test waits.
for name in alice bob; do
  printf '[transport]\nidle_timeout = "3s"\nkeep_alive = "1s"\n' >>"$work/$name/config.toml"
done
printf '[performance]\nshards = 3\n' >>"$work/alice/config.toml"
printf '[performance]\nshards = 2\n' >>"$work/bob/config.toml"
for name in bob alice; do
  # As over a real cable: what leaves is cut, and what arrives is joined again.
  in_ns "$name" ethtool -K eth0 tx-udp-segmentation off gro on
  start "$name"
done
wait_lanes 2 10
expect_equal "connected peers" "$(ctl bob status | sed -n 's/Connected Peers: //p')" 1
for name in alice bob; do
  in_ns "$name" iperf3 --server --daemon --logfile "$work/$name-iperf.log"
  wait_for 5 in_ns "$name" ss -Htln sport = :5201
done
wait_for 5 reaches alice "$(overlay bob 4)"
wait_for 5 reaches bob "$(overlay alice 6)"

step "flows of one link cross on two shards"
flows alice bob
flows bob alice
for name in alice bob; do
  expect_equal "datagrams at the wrong shard of $name" "$(counter "$name" quic.datagrams_ignored)" 0
done

step "a lane that dies: its flows take the first one, and it comes back"
# Of bob's two shards, the one that has the second lane: its lowest bit of each connection id.
bit=$(((16#${node_id[alice]: -1} ^ 16#${node_id[bob]: -1} ^ 1) & 1))
in_ns bob nft "table inet deaf { chain input { type filter hook input priority 0
  udp dport 9000 @th,64,1 0 @th,79,1 $bit drop
  udp dport 9000 @th,64,1 1 @th,119,1 $bit drop; }; }"
wait_lanes 1 20
limit 30 in_ns alice iperf3 -c "$(overlay bob 4)" -P 16 -n 8M >"$work/flows.log"
limit 30 in_ns bob iperf3 -c "$(overlay alice 4)" -P 16 -n 8M >"$work/flows.log"
in_ns bob nft delete table inet deaf
wait_lanes 2 40
flows alice bob

step "who is put out is put out of all lanes"
cp "$work/bob/config.toml" "$work/bob/with-alice.toml"
sed -i "s/^id = .*/id = \"$(printf '%040d' 1)\"/" "$work/bob/config.toml"
ctl bob reload >/dev/null
wait_for 5 connected alice 0 || fail "alice keeps a session that bob has ended"
[[ -z $(lane_bytes bob 0)$(lane_bytes bob 1) ]] || fail "bob keeps a lane to alice"
cp "$work/bob/with-alice.toml" "$work/bob/config.toml"
ctl bob reload >/dev/null
wait_lanes 2 20

step "clean end"
end alice TERM
end bob TERM
