#!/usr/bin/env bash
# What networks and machines do to a running tunnel: kill -9, roaming, a narrow path, a long stop.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping iperf3 nft ethtool

mesh_nodes alice bob
configure alice bob
configure bob @alice
start bob
start alice
wait_connected alice 1
wait_connected bob 1
bob4=$(overlay bob 4)
wait_for 5 reaches alice "$bob4"

# back_within SECONDS: alice reaches bob again.
back_within() { wait_for "$1" reaches alice "$bob4" -W 1 || fail "no answer within $1 s"; }

step "kill -9 of the dialled side: nothing is left behind, and it is back within 2 s of its restart"
end bob KILL || true
wait_for 2 test -z "$(ip -n bob link show dev quicether0 2>/dev/null)"
[[ -z $(ip -n bob -6 route show proto static) ]] || fail "routes are still there"
start bob
back_within 2

step "kill -9 of the dialling side"
end alice KILL || true
start alice
back_within 2

step "alice roams to another address: it is noticed at once"
spawn pings alice ping -D -i 0.01 -c 200 "$bob4"
wait_for_line pings icmp_seq=20
ip -n alice addr del 10.99.0.1/24 dev eth0
ip -n alice addr add 10.99.0.77/24 dev eth0
wait_for_line pings 'packets transmitted'
# 10 ms apart: looking at the addresses once a second would lose some 50.
lost=$((200 - $(sed -n 's/.*transmitted, \([0-9]*\) received.*/\1/p' "$work/pings.log")))
printf 'pings lost while roaming: %s\n' "$lost"
((lost < 25)) || fail "$lost pings were lost"
moved() { ctl bob peers --json | grep -q '10.99.0.77:9000'; }
wait_for 5 moved || fail "bob does not know the new address"

step "the path becomes narrow without a word: TCP goes on"
in_ns bob iperf3 --server --daemon --logfile "$work/iperf.log" --pidfile "$work/iperf.pid"
wait_for 5 in_ns bob ss -Htln sport = :5201
# Trains are cut before the cable, or the filter would see their length instead of the packets'.
for node in alice bob; do
  in_ns "$node" ethtool -K eth0 tx-udp-segmentation off gro off >/dev/null
  in_ns "$node" nft -f - <<NFT
table inet narrow {
  chain input { type filter hook input priority 0; iifname "eth0" meta length > 1300 drop; }
}
NFT
done
limit 20 in_ns alice iperf3 -c "$bob4" -n 2M >"$work/narrow.log" || fail "TCP does not get through"
for node in alice bob; do in_ns "$node" nft delete table inet narrow; done

step "stopped for a while and continued: back within 2 s"
kill -STOP "$(pid_of bob)"
! reaches alice "$bob4" -W 1 || fail "bob answers although he is stopped"
kill -CONT "$(pid_of bob)"
back_within 2

step "a second daemon on the same state directory is refused"
limit 5 in_ns bob "$programs/qed" --config "$work/bob/config.toml" >"$work/second.log" 2>&1 &&
  fail "it started"
grep -q "process $(pid_of bob)" "$work/second.log" || fail "it does not say who holds it"
