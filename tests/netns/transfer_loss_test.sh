#!/usr/bin/env bash
# 10 MB through the tunnel on a path that loses 2 % in bursts of three, and on one that corrupts 2 %:
# byte for byte, and beside the same transfer without the tunnel.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib.sh"
source "$here/mesh.sh"
need_tun
need_program ethtool python3
emulator=$programs/link_emulator
[[ -x $emulator ]] || skip "there is no $emulator: configure with QUICETHER_BENCH"

mesh_nodes alice bob
configure alice bob
configure bob alice
# The emulator takes the place of the bridge. It carries packets as they are on a wire.
for node in alice bob; do
  ip -n lan link set "to-$node" nomaster
  for end in "lan to-$node" "$node eth0"; do
    read -r ns interface <<<"$end"
    in_ns "$ns" ethtool -K "$interface" tso off gso off gro off tx-udp-segmentation off
  done
done

bytes=$((10 << 20))
transfer() { # ADDRESS: sets $rate
  spawn receive bob python3 "$here/transfer.py" receive "$1" "$bytes"
  wait_for_line receive ready
  limit 90 in_ns alice python3 "$here/transfer.py" send "$1" "$bytes"
  wait_for 10 gone "$(pid_of receive)" || fail "the receiver does not end"
  rate=$(tail -n 1 "$work/receive.log")
  [[ $rate =~ ^[0-9]+$ ]] || fail "the transfer failed"
}

# 25 Mbit/s leave the tunnel time enough also on a busy machine: what is compared is what loss does.
for profile in burst=2%:3 corrupt=2%; do
  step "$profile"
  profile=rate=25Mbit,delay=1ms,$profile
  spawn link lan "$emulator" --seconds 170 --seed 7 to-alice to-bob "$profile" "$profile"
  wait_for_line link ready
  wait_for 20 reaches alice "${underlay[bob]}" || fail "no ping over the link"
  for node in alice bob; do start "$node"; done
  for node in alice bob; do wait_connected "$node" 1 30; done
  wait_for 20 reaches alice "$(overlay bob 4)" || fail "no ping through the tunnel"

  # The best of each: other load on the machine only makes transfers slower.
  direct=0 tunnel=0
  for _ in 1 2; do
    transfer "${underlay[bob]}"
    direct=$((rate > direct ? rate : direct))
    transfer "$(overlay bob 4)"
    tunnel=$((rate > tunnel ? rate : tunnel))
  done
  printf '   direct %s bit/s, tunnel %s bit/s: %s %%\n' "$direct" "$tunnel" $((tunnel * 100 / direct))
  ((tunnel * 100 / direct >= 80)) || fail "the tunnel is too slow"

  for node in alice bob; do end "$node" || fail "$node failed"; done
  end link || fail "the emulator failed"
  hit=$(grep -Eo '"(lost|corrupted)": [1-9][0-9]*' "$work/link.log") || fail "nothing was hit"
  printf "   %s\n" "${hit//$'\n'/, }"
done
