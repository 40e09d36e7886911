#!/usr/bin/env bash
# What a transfer over two equal lines loses when one of them falls silent for good, comes and goes,
# or an end of it gets another address.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_lines
need_program python3

bonded_pair rate=20Mbit,delay=10ms,queue=40ms rate=20Mbit,delay=10ms,queue=40ms
bob4=$(overlay bob 4)
bytes=$((12 << 20))

step "one line alone, without a tunnel"
transfer alice bob 10.98.0.2 $((6 << 20))
alone=$rate

step "both lines carry one transfer"
transfer alice bob "$bob4" "$bytes"
share "of one line" "$alone" 130
both=$rate

step "one of them falls silent during a transfer"
begin_transfer alice bob "$bob4" "$bytes"
passed alice eth0 $((bytes * 35 / 100))
silence line0
end_transfer
# Some 70 % of the bytes were there: without any loss of time it takes 1.3 times as long.
share "of both lines" "$both" 50
((pause <= 2000)) || is_crowded "$crowded" || fail "it stood still for $pause ms"
wait_active alice eth1 20
end_silence line0
wait_bond

step "one of them is silent for 1 s of every 2"
flapping() {
  while :; do
    silence line1
    sleep 1
    end_silence line1
    sleep 1
  done
}
flapping &
flapping=$!
transfer alice bob "$bob4" "$bytes"
kill "$flapping"
end_silence line1
share "of the stable line alone" "$alone" 80
wait_bond

for who in alice bob; do
  step "$who's address on one of them changes during a transfer"
  old=10.98.1.$([[ $who == alice ]] && echo 1 || echo 2)
  begin_transfer alice bob "$bob4" "$bytes"
  passed alice eth1 $((2 << 20))
  ip -n "$who" addr del "$old/24" dev eth1
  ip -n "$who" addr add "${old}7/24" dev eth1
  back() { ctl alice multipath | grep -q "^eth1 .*Active" && ctl "$who" multipath | grep -q "${old}7"; }
  wait_for 10 back || fail "there is no path with the new address"
  passed alice eth1 $((256 << 10))
  end_transfer
  ((pause <= 2000)) || is_crowded "$crowded" || fail "it stood still for $pause ms"
  wait_bond
done
end alice
end bob
