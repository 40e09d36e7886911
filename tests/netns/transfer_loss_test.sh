#!/usr/bin/env bash
# 10 MB through the tunnel on a path that loses 2 % in bursts of three, and on one that corrupts 2 %:
# byte for byte, and beside the same transfer without the tunnel.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_lines
need_program python3

for node in alice bob; do node "$node"; done
line line alice eth0 bob eth0
i=0
for node in alice bob; do
  i=$((i + 1))
  underlay[$node]=10.99.0.$i
  ip -n "$node" addr add "10.99.0.$i/24" dev eth0
done
configure alice bob
configure bob alice
bytes=$((10 << 20))

# 25 Mbit/s leave the tunnel time enough also on a busy machine: what is compared is what loss does.
for profile in burst=2%:3 corrupt=2%; do
  step "$profile"
  profile=rate=25Mbit,delay=1ms,$profile
  begin_line line "$profile"
  wait_for 20 reaches alice "${underlay[bob]}" || fail "no ping over the link"
  for node in alice bob; do start "$node"; done
  for node in alice bob; do wait_connected "$node" 1 30; done
  wait_for 20 reaches alice "$(overlay bob 4)" || fail "no ping through the tunnel"

  # The best of each: other load on the machine only makes transfers slower.
  direct=0 tunnel=0
  for _ in 1 2; do
    transfer alice bob "${underlay[bob]}" "$bytes"
    direct=$((rate > direct ? rate : direct))
    transfer alice bob "$(overlay bob 4)" "$bytes"
    tunnel=$((rate > tunnel ? rate : tunnel))
  done
  printf '   direct %s bit/s, tunnel %s bit/s: %s %%\n' "$direct" "$tunnel" $((tunnel * 100 / direct))
  ((tunnel * 100 / direct >= 80)) || fail "the tunnel is too slow"

  for node in alice bob; do end "$node" || fail "$node failed"; done
  end_line line
  hit=$(grep -Eo '"(lost|corrupted)": [1-9][0-9]*' "$work/line.log") || fail "nothing was hit"
  printf "   %s\n" "${hit//$'\n'/, }"
done
