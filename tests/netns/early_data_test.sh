#!/usr/bin/env bash
# Packets in the first flight of a resumed session (docs/adr/0025-early-data.md): they are answered
# after one round trip, and nobody who sends that flight again gets anything delivered.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_lines
need_program ping tcpdump python3

node alice
node bob
line line alice eth0 bob eth0 rate=20Mbit,delay=50ms
ip -n alice addr add 10.97.0.1/24 dev eth0
ip -n bob addr add 10.97.0.2/24 dev eth0
underlay[bob]=10.97.0.2
in_ns alice ethtool -K eth0 tx off >/dev/null # what is captured has its checksum
for pair in 'alice bob 2' 'bob alice 1'; do # nobody waits for ARP
  read -r one two at <<<"$pair"
  ip -n "$one" neigh replace "10.97.0.$at" dev eth0 nud permanent \
    lladdr "$(in_ns "$two" cat /sys/class/net/eth0/address)"
done

begin_pair() { # true|false: early data
  local name
  configure alice bob
  configure bob @alice
  for name in alice bob; do
    sed -i "/^policy_file/a early_data = $1" "$work/$name/config.toml"
    rm -f "$work/$name/peer-addresses" # bob must not know where to dial
    printf '[transport]\nidle_timeout = "2s"\nkeep_alive = "1s"\n' >>"$work/$name/config.toml"
  done
  start bob
  start alice
  wait_connected alice 1
  bob4=$(overlay bob 4)
  wait_for 5 reaches alice "$bob4"
}

# lose_link: until alice, who has bob's ticket, waits to dial again.
lose_link() {
  silence line
  wait_connected alice 0 20
  wait_connected bob 0 20
  wait_for 20 waiting || fail "alice is always dialling"
}
waiting() { ctl alice peers --json | grep -q '"state" *: *"waiting"'; }

# come_back: restores the link and pings until there is an answer. Sets $took, the microseconds from
# the first datagram of the new session to that answer.
come_back() {
  local began answered
  spawn capture alice tcpdump -n -i eth0 -U --immediate-mode -w "$work/flight.pcap" udp port 9000
  wait_for_line capture listening
  end_silence line
  begin_watch
  spawn pings alice ping -D -i 0.005 -c 4000 "$bob4"
  wait_for_line pings 'bytes from' 20
  end_watch
  end pings INT || true
  end capture INT || fail "tcpdump failed"
  answered=$(sed -n 's/^\[\([0-9]*\)\.\([0-9]*\)\].* bytes from .*/\1\2/p' "$work/pings.log" |
    head -n 1)
  read -r began dialler < <(python3 "$helpers/replay.py" began "$work/flight.pcap")
  expect_equal "the node that dialled first" "$dialler" 10.97.0.1
  took=$((answered - began))
}

early_sessions() { counter bob session.sessions_early; }
delivered() { counter bob tun.packets_written; }

# replay: sends the first flight again, a thousand times, until bob has seen enough of it.
replay() {
  local before
  before=$(seen)
  in_ns alice python3 "$helpers/replay.py" send "$work/flight.pcap" eth0 1000
  wait_for 10 seen_more_than $((before + 500)) || fail "bob did not see the flight"
}
seen() { counter bob udp.datagrams_received; }
seen_more_than() { (($(seen) > $1)); }

step "without early data: HELLO has to go and come back first"
begin_pair false
lose_link
come_back
plain=$took
printf '   first answer after %s us of a round trip of 100000 us\n' "$plain"
expect_equal "the number of early sessions" "$(early_sessions)" 0
end alice
end bob

step "with early data the first packets are answered with the first flight back"
begin_pair true
lose_link
come_back
printf '   first answer after %s us of a round trip of 100000 us\n' "$took"
expect_equal "the number of early sessions" "$(early_sessions)" 1
((took < 190000 && took < plain)) || is_crowded "$crowded" || fail "no faster than the handshake"

step "the same flight again, a thousand times, delivers nothing"
wait_for 5 reaches alice "$bob4"
before=$(delivered)
replay
wait_for 5 reaches alice "$bob4" # what was sent before it has been looked at
expect_equal "the number of packets delivered" "$(delivered)" $((before + 1))

step "neither does it when its session is gone"
lose_link
before=$(delivered)
end alice KILL || true
end_silence line
replay
(($(counter bob quic.tickets_refused) > 0)) || fail "bob did not look at the flight"
expect_equal "the number of packets delivered" "$(delivered)" "$before"
expect_equal "the number of early sessions" "$(early_sessions)" 1

step "who restarts is a stranger, and comes back as one"
start alice
wait_connected alice 1
wait_for 5 reaches alice "$bob4"
expect_equal "the number of early sessions" "$(early_sessions)" 1
