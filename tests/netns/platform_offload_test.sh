#!/usr/bin/env bash
# Super-packets through two TUN devices that one process joins: with the offload on and off at
# either end, every byte must arrive as it was sent.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_tun
tool=$programs/netns_platform
namespaces a b
# UDP super-packets cross a TUN since Linux 6.2.
udp_offload=yes
[[ $(printf '%s\n' 6.2 "$(uname -r)" | sort -V | head -n 1) == 6.2 ]] || udp_offload=no

# counter NAMESPACE INTERFACE NAME: what the kernel counts; a super-packet is one there.
counter() { in_ns "$1" cat "/sys/class/net/$2/statistics/$3"; }
# counted LABEL INTERFACE KEY: what the program counted when it ended.
counted() { sed -n "s/^$2 .*\b$3=\([0-9]*\).*/\1/p" "$work/$1.log"; }

transfer() { # ADDRESS BYTES [segment=N]
  spawn serve b "$tool" tcp-serve port=5001 bytes="$2"
  wait_for_line serve ready
  limit 60 in_ns a "$tool" tcp-push address="$1" port=5001 bytes="$2" "${@:3}" ||
    fail "the sender failed"
  wait "$(pid_of serve)" || fail "the receiver failed"
  grep -q "same bytes=$2" "$work/serve.log"
}

run_case() { # OFFLOAD_A OFFLOAD_B MTU
  local offload_a=$1 offload_b=$2 mtu=$3 before received
  step "offload $offload_a at a, $offload_b at b, MTU $mtu"
  spawn bridge a "$tool" tun-bridge mtu="$mtu" \
    namespace-a=a name-a=ta offload-a="$offload_a" address-a=10.77.0.1/24 address-a=fd77::1/64 \
    namespace-b=b name-b=tb offload-b="$offload_b" address-b=10.77.0.2/24 address-b=fd77::2/64
  wait_for_line bridge ready

  transfer 10.77.0.2 $((16 << 20))
  transfer fd77::2 $((16 << 20))
  transfer 10.77.0.2 $((1 << 20)) segment=100

  spawn echo b "$tool" udp-echo bind=[::]:6001
  wait_for_line echo ready
  local remote datagrams out in
  for remote in 10.77.0.2:6001 [fd77::2]:6001; do
    out=$(counter a ta tx_packets) in=$(counter b tb rx_packets)
    datagrams=$(limit 60 in_ns a "$tool" udp-check remote="$remote" rounds=60 \
      largest=$((mtu - 48)) | sed -n 's/^same sent=\([0-9]*\).*/\1/p')
    ((datagrams > 0)) || fail "datagrams to $remote"
    out=$(($(counter a ta tx_packets) - out)) in=$(($(counter b tb rx_packets) - in))
    [[ $offload_a == off || $udp_offload == no ]] || ((datagrams > 3 * out)) ||
      fail "$datagrams datagrams came as $out packets from a"
    [[ $offload_b == off || $udp_offload == no ]] || ((datagrams > 3 * in)) ||
      fail "$datagrams datagrams went as $in packets to b"
  done
  end echo || fail "the echo failed"

  local super_out super_in
  super_out=$(counter a ta tx_packets)
  super_in=$(counter b tb rx_packets)
  end bridge || fail "the bridge failed"
  expect_equal "read errors" "$(counted bridge ta read_errors) $(counted bridge tb read_errors)" "0 0"
  expect_equal "write errors" "$(counted bridge ta write_errors) $(counted bridge tb write_errors)" \
    "0 0"
  # That super-packets really crossed: the kernel saw far fewer packets than the program.
  if [[ $offload_a == on ]]; then
    (($(counted bridge ta read) > 3 * super_out)) || fail "nothing was split: $super_out packets"
  else
    expect_equal "packets from a" "$(counted bridge ta read)" "$super_out"
  fi
  if [[ $offload_b == on ]]; then
    (($(counted bridge tb written) > 3 * super_in)) || fail "nothing was joined: $super_in packets"
  else
    expect_equal "packets to b" "$(counted bridge tb written)" "$super_in"
  fi
}

run_case on on 1400
run_case on off 1400
run_case off on 1400
run_case off off 1400
run_case on on 9000
run_case on on 1280
