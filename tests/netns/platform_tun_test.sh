#!/usr/bin/env bash
# The TUN device of the platform layer: what it sets up, what it refuses, and that nothing stays.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_tun
need_program ping
tool=$programs/netns_platform
namespaces n
addresses=(address=10.77.0.1/24 address=fd77::1/64)
routes=(route=10.78.0.0/16 route=fd78::/32 route=192.0.2.7/32)

# echo_tun LABEL KEY=VALUE…: a TUN that answers pings, in namespace n.
echo_tun() {
  spawn "$1" n "$tool" tun-echo mtu=1400 "${@:2}"
  wait_for_line "$1" ready
}
show() { ip -n n "$@"; }
# refused PATTERN KEY=VALUE…: opening fails with this message.
refused() {
  local output
  if output=$(limit 5 in_ns n "${prefix[@]}" "$tool" tun-echo "${@:2}" 2>&1); then
    fail "was not refused: ${*:2}"
  fi
  [[ $output == *$1* ]] || fail "said '$output', not '$1'"
}
prefix=()

step "set-up: mtu, addresses without detection delay, no address of its own making, routes"
echo_tun first name=tun7 "${addresses[@]}" "${routes[@]}" unroute=192.0.2.7/32 unroute=203.0.113.0/24
[[ $(show link show tun7) == *UP*"mtu 1400"* ]] || fail "link: $(show link show tun7)"
expect_equal "IPv4 addresses" "$(show -4 -o addr show tun7 | awk '{print $4}')" 10.77.0.1/24
expect_equal "IPv6 addresses" "$(show -6 -o addr show tun7 | awk '{print $4}')" fd77::1/64
[[ $(show -6 addr show tun7) != *tentative* ]] || fail "the address is tentative"
expect_equal "IPv4 routes" "$(show -4 route show dev tun7 proto static | awk '{print $1}')" \
  10.78.0.0/16
expect_equal "IPv6 routes" "$(show -6 route show dev tun7 proto static | awk '{print $1}')" \
  fd78::/32

step "pings are answered through it, in both families, at all sizes up to the MTU"
for target in 10.77.0.2 10.78.1.1 fd77::2 fd78::1; do
  overhead=28
  [[ $target == *:* ]] && overhead=48
  for size in 0 56 $((1400 - overhead)); do
    limit 10 in_ns n ping -q -c 3 -i 0.01 -W 5 -M do -s "$size" "$target" >/dev/null ||
      fail "no answer from $target at $size bytes"
  done
done

step "the name is taken: already open, and the first one keeps working"
refused "already open" name=tun7 mtu=1400
show link add veth7 type veth peer veth8
refused "already open" name=veth7 mtu=1400
limit 5 in_ns n ping -q -c 1 -W 5 10.77.0.2 >/dev/null

step "a route that another interface has stays where it is"
show addr add 10.90.0.1/24 dev veth7
show link set veth7 up
show link set veth8 up
refused "already open" name=tun8 mtu=1400 route=10.90.0.0/24
expect_equal "routes to 10.90.0.0/24" "$(show route show 10.90.0.0/24 | awk '{print $3}')" veth7

step "installing a route twice, also one that the address brought, is no error"
echo_tun twice name=tun9 address=10.91.0.1/24 route=10.91.0.0/24 route=10.92.0.0/16 \
  route=10.92.0.0/16 unroute=10.91.0.0/24 unroute=10.91.0.0/24
end twice || fail "exit code $?"

step "a pattern for a name: the kernel numbers it"
echo_tun numbered name=qe%d
show link show qe0 >/dev/null
end numbered || fail "exit code $?"

step "impossible values"
refused "impossible value" name=tun8 mtu=1279
refused "impossible value" name=tun8 mtu=65536
refused "impossible value" name=a-name-of-16-byt mtu=1400
refused "impossible value" name= mtu=1400
refused "impossible value" name=a/b mtu=1400

step "without the right to it: permission denied"
prefix=(setpriv --bounding-set -net_admin --inh-caps -net_admin)
refused "permission denied" name=tun8 mtu=1400
prefix=()

step "without /dev/net/tun: unsupported"
prefix=(unshare --mount bash -c 'mount -t tmpfs none /dev/net && exec "$@"' -)
refused "not supported" name=tun8 mtu=1400
prefix=()

step "without a free descriptor: an error and no interface, whichever step needs it"
failures=0
for free in 0 1 2 3 4 5 6 7 8; do
  spawn scarce n "$tool" tun-echo name=tun8 mtu=1400 descriptors="$free"
  wait_for 5 grep -q -e ready -e tun-echo: "$work/scarce.log" || fail "says nothing"
  ! grep -q ready "$work/scarce.log" || break
  grep -q "tun-echo: tun8: the system failed" "$work/scarce.log" || fail "$(cat "$work/scarce.log")"
  ! show link show tun8 2>/dev/null || fail "the interface is still there"
  failures=$((failures + 1))
done
((failures >= 2)) || fail "it lacked none at $free free descriptors"
end scarce || fail "exit code $?"

step "IPv6 switched off: IPv4 works, an IPv6 address is unsupported and says why"
in_ns n sysctl -q net.ipv6.conf.default.disable_ipv6=1
refused "disable_ipv6" name=tun8 mtu=1400 address=fd79::1/64
echo_tun v4only name=tun8 address=10.79.0.1/24
end v4only || fail "exit code $?"
in_ns n sysctl -q net.ipv6.conf.default.disable_ipv6=0

step "the orderly end removes everything"
end first || fail "exit code $?"
grep -q "write_errors=0 offload=1" "$work/first.log" || fail "$(tail -n 1 "$work/first.log")"
! show link show tun7 2>/dev/null || fail "the interface is still there"

step "SIGKILL removes everything: interface, addresses, routes"
echo_tun killed name=tun7 "${addresses[@]}" "${routes[@]}"
before=$(show route show table all | grep -c tun7)
((before >= 5)) || fail "only $before routes"
end killed KILL || true
! show link show tun7 2>/dev/null || fail "the interface is still there"
! show route show table all | grep tun7 || fail "routes are still there"
! show addr show | grep -E '10\.77|fd77' || fail "addresses are still there"
echo_tun after name=tun7 "${addresses[@]}" "${routes[@]}"
end after || fail "exit code $?"

step "removed by somebody else: the program is told, and does not spin"
echo_tun removed name=tun7 "${addresses[@]}"
show link del tun7
wait_for_line removed "tun7: .*not open"
wait "$(pid_of removed)" || fail "exit code $?"
grep -q "tun.lost" "$work/removed.log" || fail "no event"
