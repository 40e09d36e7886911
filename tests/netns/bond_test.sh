#!/usr/bin/env bash
# One TCP transfer over two links of unequal rate and delay: it uses both, and arrives byte for byte
# while one of them falls silent and comes back, and while one goes down and comes back.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_lines
need_program python3

bonded_pair rate=20Mbit,delay=5ms,queue=40ms rate=10Mbit,delay=6ms,queue=80ms
bob4=$(overlay bob 4)
bytes=$((24 << 20))

step "both links carry one transfer"
before=("$(sent_through alice eth0)" "$(sent_through alice eth1)")
transfer alice bob "$bob4" "$bytes"
for i in 0 1; do
  carried=$(($(sent_through alice "eth$i") - before[i]))
  printf '   eth%s: %s bytes\n' "$i" "$carried"
  ((carried > 2 << 20)) || fail "eth$i carried only $carried bytes"
done

for i in 0 1; do
  step "line $i falls silent and comes back"
  begin_transfer alice bob "$bob4" "$bytes"
  passed alice "eth$i" $((1 << 20))
  silence "line$i"
  passed alice "eth$((1 - i))" $((4 << 20))
  end_silence "line$i"
  wait_active alice 'eth0 eth1' 20
  passed alice "eth$i" $((256 << 10))
  end_transfer 120

  step "eth$i goes down and comes back"
  begin_transfer alice bob "$bob4" "$bytes"
  passed alice "eth$i" $((1 << 20))
  ip -n alice link set "eth$i" down
  passed alice "eth$((1 - i))" $((4 << 20))
  ip -n alice link set "eth$i" up
  wait_active alice 'eth0 eth1' 20
  passed alice "eth$i" $((256 << 10))
  end_transfer 120
done
(($(counter alice bond.paths_suspected) > 0)) || fail "no path was suspected"
end alice
end bob
