#!/usr/bin/env bash
# What goes in comes out, and is counted: a mesh of four under pings, every pair in both directions,
# beside the same pings without the tunnel; the counters of a node against the kernel's.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping nft

nodes=(alice bob carol dave)
mesh_nodes "${nodes[@]}"
for node in "${nodes[@]}"; do
  others=()
  for other in "${nodes[@]}"; do [[ $other == "$node" ]] || others+=("$other"); done
  configure "$node" "${others[@]}"
done
for node in "${nodes[@]}"; do start "$node"; done
for node in "${nodes[@]}"; do wait_connected "$node" 3; done
for from in "${nodes[@]}"; do
  for to in "${nodes[@]}"; do
    [[ $from == "$to" ]] || wait_for 5 reaches "$from" "$(overlay "$to" 4)" || fail "$from -> $to"
  done
done

raw_address() { printf '%s\n' "${underlay[$1]}"; }
overlay_address() { overlay "$1" 4; }

# lost ADDRESS_OF PING_OPTION…: pings lost by all pairs at once, in ten thousandths of those sent.
lost() {
  local address_of=$1 from to pids=() sent=0 received=0 line
  shift
  rm -f "$work"/ping-*
  for from in "${nodes[@]}"; do
    for to in "${nodes[@]}"; do
      [[ $from == "$to" ]] && continue
      limit 60 in_ns "$from" ping -q -W 1 "$@" "$("$address_of" "$to")" >"$work/ping-$from-$to" &
      pids+=($!)
    done
  done
  wait "${pids[@]}" || true # ping's exit code only tells whether any answer came
  while read -r line; do
    sent=$((sent + ${line%% *}))
    line=${line#*, }
    received=$((received + ${line%% *}))
  done < <(grep -h 'packets transmitted' "$work"/ping-*)
  ((sent > 0)) || fail "ping sent nothing"
  printf '%s\n' $(((sent - received) * 10000 / sent))
}

# expect_no_more_loss PING_OPTION…
expect_no_more_loss() {
  local raw tunnel
  raw=$(lost raw_address "$@")
  tunnel=$(lost overlay_address "$@")
  ((tunnel <= raw + 10)) || fail "lost in ten thousand: $tunnel in the tunnel, $raw outside"
}

step "100 pings per second on every pair: at most 0.1 points more are lost than outside"
expect_no_more_loss -i 0.01 -c 500

step "a flood of 10 000 pings on all pairs: at most 0.1 points more are lost than outside"
expect_no_more_loss -f -c 834

step "the counters equal the kernel's"
in_ns alice nft -f - <<'NFT'
table inet count {
  counter sent { }
  counter received { }
  chain output { type filter hook output priority 0; oifname "quicether0" counter name sent; }
  chain input { type filter hook input priority 0; iifname "quicether0" counter name received; }
}
NFT
kernel() { # sent|received packets|bytes
  in_ns alice nft list counter inet count "$1" | sed -n "s/.*$2 \([0-9]*\).*/\1/p"
}
names=(tun.packets_read tun.bytes_read tun.packets_written tun.bytes_written
  router.tun_to_peer router.peer_to_tun policy.allowed.rule policy.allowed.reply)
declare -A before
for name in "${names[@]}"; do before[$name]=$(counter alice "$name"); done
grown() { printf '%s\n' $(($(counter alice "$1") - ${before[$1]})); }

limit 20 in_ns alice ping -q -i 0.002 -c 1000 -s 1000 "$(overlay bob 4)" >/dev/null
limit 20 in_ns carol ping -q -i 0.002 -c 500 -s 57 "$(overlay alice 6)" >/dev/null

expect_equal "the kernel's count of packets sent" "$(kernel sent packets)" 1500
expect_equal "the kernel's count of packets received" "$(kernel received packets)" 1500
expect_equal tun.packets_read "$(grown tun.packets_read)" "$(kernel sent packets)"
expect_equal tun.bytes_read "$(grown tun.bytes_read)" "$(kernel sent bytes)"
expect_equal tun.packets_written "$(grown tun.packets_written)" "$(kernel received packets)"
expect_equal tun.bytes_written "$(grown tun.bytes_written)" "$(kernel received bytes)"
expect_equal router.tun_to_peer "$(grown router.tun_to_peer)" 1500
expect_equal router.peer_to_tun "$(grown router.peer_to_tun)" 1500
expect_equal policy.allowed "$(($(grown policy.allowed.rule) + $(grown policy.allowed.reply)))" 3000
