#!/usr/bin/env bash
# One TCP transfer over two links of unequal rate and delay: it uses both, and arrives byte for byte
# while one of them falls silent and comes back, and while one goes down and comes back.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib.sh"
source "$here/mesh.sh"
need_tun
need_program ethtool python3
emulator=$programs/link_emulator
[[ -x $emulator ]] || skip "there is no $emulator: configure with QUICETHER_BENCH"

node alice
node bob
namespaces cable
profiles=(rate=20Mbit,delay=5ms,queue=40ms rate=10Mbit,delay=6ms,queue=80ms)
for i in 0 1; do
  connect alice "eth$i" cable "a$i"
  connect bob "eth$i" cable "b$i"
  ip -n alice addr add "10.98.$i.1/24" dev "eth$i"
  ip -n bob addr add "10.98.$i.2/24" dev "eth$i"
  for end in "alice eth$i" "bob eth$i" "cable a$i" "cable b$i"; do
    read -r ns interface <<<"$end"
    in_ns "$ns" ethtool -K "$interface" tso off gso off gro off tx-udp-segmentation off
  done
  spawn "link$i" cable "$emulator" --seconds 170 "a$i" "b$i" "${profiles[i]}"
  wait_for_line "link$i" ready
done
underlay[bob]=10.98.0.2
several alice 'enabled = true' bob
several bob 'enabled = true' @alice
start bob
start alice
wait_active alice 'eth0 eth1' 20
wait_active bob 'eth0 eth1' 20
wait_for 20 reaches alice "$(overlay bob 4)"

sent() { # INTERFACE: bytes that alice sent through it
  in_ns alice cat "/sys/class/net/$1/statistics/tx_bytes"
}

begin_transfer() { # BYTES
  spawn receive bob python3 "$here/transfer.py" receive "$(overlay bob 4)" "$1"
  wait_for_line receive ready
  spawn send alice python3 "$here/transfer.py" send "$(overlay bob 4)" "$1"
}

end_transfer() {
  wait_for 120 gone "$(pid_of receive)" || fail "the receiver does not end"
  rate=$(tail -n 1 "$work/receive.log")
  [[ $rate =~ ^[0-9]+$ ]] || fail "the transfer failed"
  printf '   %s bit/s\n' "$rate"
}

at_least() { (($(sent "$1") > $2)); }

# further INTERFACE BYTES: waits until so much more left through it.
further() {
  wait_for 60 at_least "$1" $(($(sent "$1") + $2)) || { ctl alice multipath; ctl bob multipath; fail "$1 carries nothing"; }
}

step "both links carry one transfer"
before=("$(sent eth0)" "$(sent eth1)")
begin_transfer $((24 << 20))
end_transfer
for i in 0 1; do
  carried=$(($(sent "eth$i") - before[i]))
  printf '   eth%s: %s bytes\n' "$i" "$carried"
  ((carried > 2 << 20)) || fail "eth$i carried only $carried bytes"
done

for i in 0 1; do
  step "link $i falls silent and comes back"
  begin_transfer $((24 << 20))
  further "eth$i" $((1 << 20))
  kill -USR1 "$(pid_of "link$i")"
  further "eth$((1 - i))" $((4 << 20))
  kill -USR2 "$(pid_of "link$i")"
  wait_active alice 'eth0 eth1' 20
  further "eth$i" $((256 << 10))
  end_transfer

  step "eth$i goes down and comes back"
  begin_transfer $((24 << 20))
  further "eth$i" $((1 << 20))
  ip -n alice link set "eth$i" down
  further "eth$((1 - i))" $((4 << 20))
  ip -n alice link set "eth$i" up
  wait_active alice 'eth0 eth1' 20
  further "eth$i" $((256 << 10))
  end_transfer
done
(($(counter alice bond.paths_suspected) > 0)) || fail "no path was suspected"
end alice
end bob
