#!/usr/bin/env bash
# The UDP socket of the platform layer on interfaces that are not the loopback: which address and
# which interface a datagram takes, and what a small MTU does to trains.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
tool=$programs/netns_platform
namespaces a b
connect a eth0 b eth0
connect a eth1 b eth1 1400
ip -n a addr add 10.1.0.1/24 dev eth0
ip -n b addr add 10.1.0.2/24 dev eth0
ip -n b addr add 10.1.0.3/24 dev eth0
ip -n a addr add fd01::1/64 dev eth0 nodad
ip -n b addr add fd01::2/64 dev eth0 nodad
ip -n b addr add fd01::3/64 dev eth0 nodad
ip -n a addr add 10.2.0.1/24 dev eth1
ip -n b addr add 10.2.0.2/24 dev eth1
ip -n a addr add fd02::1/64 dev eth1 nodad
ip -n b addr add fd02::2/64 dev eth1 nodad
ip -n b addr add 10.9.0.1/32 dev lo
ip -n a route add 10.9.0.1 via 10.1.0.2 metric 10
ip -n a route add 10.9.0.1 via 10.2.0.2 metric 20

packets() { in_ns b cat "/sys/class/net/$1/statistics/rx_packets"; }

for bind in '[::]' 0.0.0.0; do
  spawn echo b "$tool" udp-echo "bind=$bind:7001"
  wait_for_line echo ready

  step "answers come from the address that was asked ($bind)"
  remotes=(10.1.0.2 10.1.0.3 10.9.0.1)
  [[ $bind == 0.0.0.0 ]] || remotes+=('[fd01::2]' '[fd01::3]' '[fd02::2]')
  for remote in "${remotes[@]}"; do
    limit 30 in_ns a "$tool" udp-check "remote=$remote:7001" rounds=20 largest=1352 ||
      fail "no echo from $remote"
  done

  step "a socket on eth1 sends on eth1 ($bind)"
  before0=$(packets eth0) before1=$(packets eth1)
  limit 30 in_ns a "$tool" udp-check bind="$bind:0" interface=eth1 remote=10.9.0.1:7001 rounds=20 \
    largest=1372 || fail "no echo over eth1"
  (($(packets eth1) >= before1 + 20)) || fail "eth1 got $(($(packets eth1) - before1)) packets"
  # The kernel's own neighbour discovery is all that eth0 may see.
  (($(packets eth0) < before0 + 10)) || fail "eth0 got $(($(packets eth0) - before0)) packets"
  end echo || fail "the echo failed"
done

step "IPv6 switched off: [::] still takes IPv4"
for ns in a b; do in_ns "$ns" sysctl -q net.ipv6.conf.all.disable_ipv6=1; done
spawn echo b "$tool" udp-echo bind=[::]:7001
wait_for_line echo ready
limit 30 in_ns a "$tool" udp-check remote=10.1.0.2:7001 rounds=20 largest=1352 || fail "no echo"
end echo || fail "the echo failed"
for ns in a b; do in_ns "$ns" sysctl -q net.ipv6.conf.all.disable_ipv6=0; done
ip -n a addr add fd02::1/64 dev eth1 nodad
ip -n b addr add fd02::2/64 dev eth1 nodad

step "a train too large for the route is lost and counted, and trains go on"
for remote in 10.2.0.2:9 '[fd02::2]:9'; do
  result=$(limit 5 in_ns a "$tool" udp-send remote="$remote" size=1380 count=20)
  expect_equal "result for $remote" "$result" "taken=1 sent=0 received=0 errors=20 offload=1"
  result=$(limit 5 in_ns a "$tool" udp-send remote="$remote" size=1352 count=20)
  expect_equal "result for $remote" "$result" "taken=1 sent=20 received=0 errors=0 offload=1"
done

step "no route: lost and counted"
result=$(limit 5 in_ns a "$tool" udp-send remote=198.51.100.1:9 size=1200 count=5)
expect_equal "result" "$result" "taken=1 sent=0 received=0 errors=5 offload=1"
