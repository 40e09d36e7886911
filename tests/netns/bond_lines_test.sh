#!/usr/bin/env bash
# Two lines that differ: a satellite beside a line on earth, a lossy one beside a clean one, and one
# with a smaller MTU, of which nobody is told.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_lines
need_program ping python3

step "a satellite, and a line on earth with 30 ms of round trip"
bonded_pair rate=20Mbit,delay=15ms,queue=30ms rate=20Mbit,delay=300ms,queue=300ms
bob4=$(overlay bob 4)
transfer alice bob 10.98.0.2 $((6 << 20))
alone=$rate
begin_transfer alice bob "$bob4" $((12 << 20))
passed alice eth0 $((2 << 20))
spawn pings alice ping -n -i 0.05 -c 60 "$bob4"
end_transfer
share "of the line on earth alone" "$alone" 60
wait_for 10 gone "$(pid_of pings)" || fail "ping does not end"
p95=$(round_trip pings 95)
printf '   round trips beside it, p95: %s us\n' "$p95"
# 60 ms are the aim, and over the satellite they would take 315 at least.
((p95 <= 200000)) || is_crowded "$crowded" || fail "round trips beside a transfer take too long"
end alice
end bob

step "a line that loses 5 %, and a clean one, by the shortest round trip"
change_line line0 rate=20Mbit,delay=10ms,queue=40ms
change_line line1 rate=20Mbit,delay=12ms,queue=40ms,loss=5%
start_bond $'enabled = true\nscheduler = "latency-aware"'
transfer alice bob 10.98.0.2 $((6 << 20))
alone=$rate
transfer alice bob "$bob4" $((12 << 20))
share "of the clean line alone" "$alone" 75
end alice
end bob

step "a line that carries 1280 bytes, and says so to nobody"
change_line line0 rate=20Mbit,delay=5ms,queue=40ms
change_line line1 rate=20Mbit,delay=5ms,queue=40ms,mtu=1280
start_bond 'enabled = true'

# answered_or_refused: pings of all sizes, not to be fragmented, are answered or refused here.
answered_or_refused() {
  local size
  for size in 1000 1150 1180 1200 1220 1240 1252 1280 1330 1372; do
    limit 10 in_ns alice ping -n -c 2 -i 0.02 -W 1 -M "do" -s "$size" "$bob4" >"$work/ping.log" 2>&1 ||
      grep -Eqi 'message too long|frag needed' "$work/ping.log" ||
      fail "$size bytes are neither answered nor refused"
  done
}
answered_or_refused
before=$(sent_through alice eth1)
transfer alice bob "$bob4" $((12 << 20))
(($(sent_through alice eth1) - before > 2 << 20)) || fail "the narrow line carries nothing"

step "and then it is the only one"
begin_transfer alice bob "$bob4" $((8 << 20))
passed alice eth0 $((2 << 20))
silence line0
end_transfer
answered_or_refused
end alice
end bob
