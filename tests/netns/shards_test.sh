#!/usr/bin/env bash
# A node of several shards: each peer is served by the shard that the lane between the two names,
# and packets between peers of different shards are handed over. The hub has four shards, bob two;
# the hub has one lane for each link (lanes_test.sh has several).
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping iperf3

# shard_of NAME: which of the hub's shards has this peer. Source: docs/spec/transport.md.
shard_of() { echo $(((16#${node_id[hub]: -2} ^ 16#${node_id[$1]: -2}) % 4)); }

mesh_nodes hub alice bob carol dave
# The peers' keys are drawn until each has a shard of its own.
taken=" "
for name in alice bob carol dave; do
  while [[ $taken == *" $(shard_of "$name") "* ]]; do
    node_id[$name]=$("$programs/quicether" keygen --force 2>/dev/null --output "$work/$name/node.key" --json |
      sed -n 's/.*"node_id" *: *"\([0-9a-f]*\)".*/\1/p')
  done
  taken+="$(shard_of "$name") "
done

peer() { # NAME ID|- ENDPOINT|- SUBNET…
  printf '[[peer]]\nname = "%s"\n' "$1"
  [[ $2 == - ]] || printf 'id = "%s"\n' "$2"
  [[ $3 == - ]] || printf 'endpoints = ["%s:9000"]\n' "$3"
  (($# < 4)) || printf 'subnets = ["%s"]\n' "$4"
}

step "configuration"
configure hub
{
  printf '[performance]\nshards = 4\nlanes = false\n[network]\nadvertise_subnets = ["10.50.0.0/16"]\n'
  peer alice "${node_id[alice]}" - 10.50.1.0/24
  peer bob "${node_id[bob]}" - 10.50.2.0/24
  peer carol "${node_id[carol]}" "${underlay[carol]}"
  # Whoever answers there: it is dialled by the first shard until its id is known.
  printf '[peers]\nallowed = ["%s"]\n' "${node_id[dave]}"
  peer dave - "${underlay[dave]}"
} >>"$work/hub/config.toml"
rule() { # SUBJECT OBJECT
  printf '[[rules]]\nsubject = "%s"\nobject = "%s"\naction = "allow"\n' "$@"
}
{
  rule alice 10.50.2.0/24
  rule self 0.0.0.0/0
  rule self ::/0
  rule "*" 100.64.0.0/16
} >"$work/hub/policy.toml"
number=0
for name in alice bob; do
  number=$((number + 1))
  configure "$name"
  {
    ((number == 1)) || printf '[performance]\nshards = 2\n'
    printf '[network]\nadvertise_subnets = ["10.50.%s.0/24"]\n' "$number"
    peer hub "${node_id[hub]}" "${underlay[hub]}" 10.50.0.0/16
  } >>"$work/$name/config.toml"
  ip -n "$name" addr add "10.50.$number.1/32" dev lo
done
configure carol @hub
configure dave @hub

step "all peers find their shard"
for name in carol dave hub bob alice; do
  start "$name"
done
wait_connected hub 4
for name in alice bob carol dave; do
  wait_connected "$name" 1
  wait_for 5 reaches "$name" "$(overlay hub 4)"
  wait_for 5 reaches hub "$(overlay "$name" 6)"
done
[[ $(ctl hub status) == *"Shards: 4"* ]] || fail "status does not show the shards"
expect_equal "warnings about shards" "$(counter hub router.dropped.shard_busy)" 0

step "TCP with all of them at once"
for name in alice bob carol dave; do
  in_ns "$name" iperf3 --server --daemon --logfile "$work/$name-iperf.log"
  wait_for 5 in_ns "$name" ss -Htln sport = :5201
done
clients=()
for name in alice bob carol dave; do
  limit 30 in_ns hub iperf3 -c "$(overlay "$name" 4)" -n 32M >"$work/to-$name.log" &
  clients+=($!)
done
for client in "${clients[@]}"; do
  wait "$client" || fail "a transfer failed"
done

step "from peer to peer across shards: one shard knows the flow, replies need no rule"
wait_for 5 reaches alice 10.50.2.1 -I 10.50.1.1
limit 30 in_ns alice iperf3 -c 10.50.2.1 -B 10.50.1.1 -n 32M >"$work/transit.log"
limit 30 in_ns alice iperf3 -c 10.50.2.1 -B 10.50.1.1 -n 32M -R >"$work/transit-back.log"
(($(counter hub router.peer_to_peer) > 1000)) || fail "nothing went through the hub"
(($(counter hub router.handed_over) > 1000)) || fail "nothing was handed over"
if reaches bob 10.50.1.1 -I 10.50.2.1; then
  fail "bob may not start flows to alice"
fi

step "kill -9 of the hub: all four are back"
end hub KILL || true
start hub
wait_connected hub 4 20
for name in alice bob carol dave; do
  wait_for 10 reaches "$name" "$(overlay hub 4)"
done

step "a second node on the port is refused"
mkdir -m 0700 "$work/twin"
sed "s|$work/hub|$work/twin|" "$work/hub/config.toml" >"$work/twin/config.toml"
cp "$work/hub/policy.toml" "$work/twin/policy.toml"
if limit 10 in_ns hub "$programs/qed" --config "$work/twin/config.toml" --tun-name other0 \
  >"$work/twin.log" 2>&1; then
  fail "two nodes share one port"
fi
grep -q "cannot open the UDP port" "$work/twin.log"

step "clean end"
end hub TERM
grep -q node.stopped "$work/hub.log"
