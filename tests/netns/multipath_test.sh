#!/usr/bin/env bash
# Several paths of one link over real interfaces: they come up by themselves, each leaves through
# its own interface whatever the default route says, and a link that goes down costs next to
# nothing.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping

# lost_in_a_row FILE COUNT: the longest run of pings without an answer.
lost_in_a_row() {
  awk -v count="$2" '
    match($0, /icmp_seq=[0-9]+/) { seen[substr($0, RSTART + 9, RLENGTH - 9)] = 1 }
    END { for (i = 1; i <= count; ++i) { run = i in seen ? 0 : run + 1; most = run > most ? run : most }
          print most + 0 }' "$1"
}

# cut FROM INTERFACE TO: takes the interface of FROM down and up again during pings, and prints how
# many in a row went unanswered. They leave every 50 ms.
cut() {
  local from=$1 interface=$2 to=$3
  spawn pings "$from" ping -i 0.05 -c 60 "$to"
  wait_for_line pings 'icmp_seq=10 '
  ip -n "$from" link set "$interface" down
  wait_for 10 gone "$(pid_of pings)"
  lost_in_a_row "$work/pings.log" 60
}

step "two nodes with three links of their own, and one default route"
node one
node two
for i in 0 1 2; do
  connect one "eth$i" two "eth$i"
  ip -n one addr add "10.98.$i.1/24" dev "eth$i"
  ip -n two addr add "10.98.$i.2/24" dev "eth$i"
done
ip -n one route add default via 10.98.0.2
underlay[two]=10.98.0.2
several one 'enabled = true' two
several two 'enabled = true' @one
start two
start one
wait_active one 'eth0 eth1 eth2'
wait_active two 'eth0 eth1 eth2'
wait_for 10 reaches one "$(overlay two 4)"

step "each of them down and up again"
for i in 0 1 2; do
  lost=$(cut one "eth$i" "$(overlay two 4)")
  printf 'eth%s: %s pings in a row lost\n' "$i" "$lost"
  ((lost <= 4)) || fail "without eth$i, $lost pings in a row were lost: more than 200 ms"
  [[ $(active one) != *eth$i* ]] || fail "the path over eth$i is still active"
  ip -n one link set "eth$i" up
  wait_active one 'eth0 eth1 eth2' 2
done
end one
end two

step "a client with two uplinks, and a server with one address"
node client
node server
namespaces router
for i in 0 1; do
  connect client "up$i" router "down$i"
  ip -n client addr add "10.97.$i.2/24" dev "up$i"
  ip -n router addr add "10.97.$i.1/24" dev "down$i"
  ip -n client route add default via "10.97.$i.1" metric "$((100 + i))"
done
connect server eth0 router inside
ip -n server addr add 203.0.113.2/24 dev eth0
ip -n router addr add 203.0.113.1/24 dev inside
ip -n server route add default via 203.0.113.1
in_ns router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
# As most distributions have it: strict filters want a rule for each uplink.
in_ns client sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 2 >"$f"; done'
underlay[server]=203.0.113.2
several client 'enabled = true' server
several server 'accept = true' @client
start server
start client
wait_active client 'up0 up1'
wait_for 10 reaches client "$(overlay server 4)"

step "the second path leaves through the second uplink"
passed client up1 1
ip -n router link set down1 down # the first uplink alone does not bring up1's answers
wait_active client up0
ip -n router link set down1 up
wait_active client 'up0 up1' 2

step "an uplink dies without a word" # which is noticed at once only if packets take it
for i in 0 1; do
  spawn pings client ping -i 0.05 -c 60 "$(overlay server 4)"
  wait_for_line pings 'icmp_seq=10 '
  ip -n router rule add iif "down$i" blackhole
  ip -n router route add blackhole "10.97.$i.2/32"
  wait_for 10 gone "$(pid_of pings)"
  lost=$(lost_in_a_row "$work/pings.log" 60)
  printf 'up%s: %s pings in a row lost\n' "$i" "$lost"
  ((lost <= 4)) || fail "without up$i, $lost pings in a row were lost: more than 200 ms"
  ip -n router rule del iif "down$i" blackhole
  ip -n router route del blackhole "10.97.$i.2/32"
  wait_active client 'up0 up1' 3
done

step "the uplink of the default route goes"
lost=$(cut client up0 "$(overlay server 4)")
printf 'up0: %s pings in a row lost\n' "$lost"
wait_active client up1
ip -n client link set up0 up
ip -n client route replace default via 10.97.0.1 metric 100
wait_active client 'up0 up1' 3
end client
end server
