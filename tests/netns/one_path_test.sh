#!/usr/bin/env bash
# What a network does to a link that has one path: its NAT gives it another port or another address,
# during transfers over TCP or while only the other side sends, or all gets lost for a while.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_lines
need_program nft ping python3

node alice
node bob
namespaces router
connect alice eth0 router inside
line line router outside bob eth0 rate=15Mbit,delay=10ms,queue=50ms
ip -n alice addr add 10.97.0.2/24 dev eth0
ip -n alice route add default via 10.97.0.1
ip -n router addr add 10.97.0.1/24 dev inside
for i in 1 2 3; do ip -n router addr add "203.0.113.$i/24" dev outside; done
ip -n bob addr add 203.0.113.9/24 dev eth0
in_ns router sysctl -q net.ipv4.ip_forward=1

# nat ADDRESS: from now on what alice sends leaves from there, and from a port that was not used
# before. What was agreed on is forgotten: as `conntrack -F` does, by IPCTNL_MSG_CT_DELETE.
nat_port=20000
nat() {
  nat_port=$((nat_port + 1))
  mapped=$1:$nat_port
  in_ns router nft -f - <<NFT
table ip nat
delete table ip nat
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "outside" ip protocol udp snat to $mapped
  }
  # What nobody inside asked for must not take a port either.
  chain input {
    type filter hook input priority filter
    iifname "outside" ip protocol udp drop
  }
}
NFT
  in_ns router python3 - <<'PYTHON'
import socket, struct
kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
kernel.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, socket.AF_INET, 0, 0))
assert struct.unpack_from("=i", kernel.recv(100), 16) [0] == 0, "the kernel forgets nothing"
PYTHON
}

nat 203.0.113.1
underlay[bob]=203.0.113.9
configure alice bob
configure bob @alice
start bob
start alice
wait_connected alice 1
wait_for 5 reaches alice "$(overlay bob 4)"

seen() { ctl bob peers --json | grep -q "\"$mapped\""; }

# during_transfer FROM TO NAME INTERFACE: 10 MB over TCP. After 1, 3, 5 and 7 MB that left NAME
# through INTERFACE the NAT takes another port, and every other time another address.
during_transfer() {
  local address at rebindings=0
  at=$(($(sent_through "$3" "$4") - (1 << 20)))
  begin_transfer "$1" "$2" "$(overlay "$2" 4)" $((10 << 20))
  for address in 203.0.113.{1,2,2,3}; do
    at=$((at + (2 << 20)))
    wait_for 30 has_sent "$3" "$4" "$at" || fail "the transfer does not go on"
    ! gone "$(pid_of receive)" || break
    nat "$address"
    rebindings=$((rebindings + 1))
  done
  end_transfer
  printf '   %s rebindings\n' "$rebindings"
  ((rebindings >= 2)) || fail "the transfer was over too early"
  # When all that alice sent has been acknowledged, she sends again after 2 s of silence at most, and
  # bob's TCP has doubled its RTO meanwhile.
  ((pause < 8000)) || fail "the transfer stood still for $pause ms"
  reaches alice "$(overlay bob 4)" || fail "no ping after it"
  wait_for 5 seen || fail "bob does not know alice at $mapped"
  expect_equal "handshakes of alice" "$(counter alice quic.handshakes_completed)" 1
  expect_equal "handshakes of bob" "$(counter bob quic.handshakes_completed)" 1
}

step "another port and another address while alice sends"
during_transfer alice bob router outside
step "another port and another address while bob sends"
during_transfer bob alice bob eth0

step "the NAT forgets alice while only bob sends"
spawn numbered bob python3 -c '
import socket, sys, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(1000):
    udp.sendto(b"%d" % number, (sys.argv[1], 9))
    time.sleep(0.2)
' "$(overlay alice 4)"
spawn taken alice python3 -uc '
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((sys.argv[1], 9))
while True:
    print("number", udp.recv(9).decode())
' "$(overlay alice 4)"
wait_for_line taken number
nat 203.0.113.1
seen_again() { seen && (($(wc -l <"$work/taken.log") > lines)); }
lines=$(wc -l <"$work/taken.log")
wait_for 30 seen_again || fail "nothing comes through any more"
sed 's/number //' "$work/taken.log" | awk '
  NR > 1 && $1 - before - 1 > most { most = $1 - before - 1 }
  { before = $1 }
  END { printf "   %d packets in a row lost\n", most; exit most > 15 }' || fail "that took too long"
end numbered || true
end taken || true

step "2 s of every 7 all is lost"
change_line line rate=8Mbit,delay=10ms,queue=50ms
holes() {
  local begin
  while :; do
    sleep 5
    begin=${EPOCHREALTIME//[.,]/}
    silence line
    sleep 2
    end_silence line
    milliseconds_since "$begin" >>"$work/holes"
    printf '\n' >>"$work/holes"
  done
}
begin_transfer alice bob "$(overlay bob 4)" $((7 << 20))
holes &
holes=$!
end_transfer 120
kill "$holes"
end_silence line
lost=$(awk '{ sum += $1 } END { print +sum }' "$work/holes")
((lost > 0)) || fail "nothing was lost"
rate=$((rate * took / (took - lost)))
# TCP doubles its RTO in each hole, and finds its end as late as the hole was long.
share "of the line while it was open" 8000000 45
expect_equal "handshakes of alice" "$(counter alice quic.handshakes_completed)" 1
end alice
end bob
