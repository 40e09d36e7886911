#!/usr/bin/env bash
# A node changes its uplink: from IPv4, IPv6 or both to each of those in another network, on either
# side of a link. Its peer stays where it is.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping

namespaces router
in_ns router sysctl -q net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
for node in alice bob; do
  node "$node"
  for i in 0 1; do
    connect "$node" "up$i" router "$node$i"
  done
done
net=0
for node in alice bob; do
  net=$((net + 1))
  for i in 0 1; do
    ip -n router addr add "10.$net.$i.1/24" dev "$node$i"
    ip -n router addr add "fd0$net:$i::1/64" dev "$node$i" nodad
  done
  underlay[$node]="10.$net.0.2 [fd0$net:0::2]"
done
declare -A net=([alice]=1 [bob]=2) uplink=([alice]=0 [bob]=0)

# move NAME UPLINK FAMILIES: NAME has this uplink instead of the other, with IPv4 (4), IPv6 (6) or
# both (46).
move() {
  local name=$1 i=$2 families=$3 n=${net[$1]}
  for old in 0 1; do ip -n "$name" addr flush dev "up$old" scope global; done
  ip -n "$name" route flush default 2>/dev/null || true
  ip -n "$name" -6 route flush default 2>/dev/null || true
  if [[ $families == *4* ]]; then
    ip -n "$name" addr add "10.$n.$i.2/24" dev "up$i"
    ip -n "$name" route add default via "10.$n.$i.1"
  fi
  if [[ $families == *6* ]]; then
    ip -n "$name" addr add "fd0$n:$i::2/64" dev "up$i" nodad
    ip -n "$name" -6 route add default via "fd0$n:$i::1"
  fi
  uplink[$name]=$i
}

move alice 0 46
move bob 0 46
configure alice bob
configure bob alice
start bob
start alice
wait_connected alice 1
alice4=$(overlay alice 4) bob4=$(overlay bob 4)
wait_for 5 reaches alice "$bob4"

# switch NAME FAMILIES: to its other uplink; prints how long nothing went through.
switch() {
  local name=$1 to=$alice4 begin=${EPOCHREALTIME//[.,]/}
  [[ $name == bob ]] || to=$bob4
  move "$name" $((1 - uplink[$name])) "$2"
  wait_for 10 reaches "$name" "$to" -W 0.2 || fail "$name reaches nobody any more"
  took=$(milliseconds_since "$begin")
}

slowest=0
for name in alice bob; do
  step "$name moves"
  from=46
  # Each of 4, 6 and 46 to each of them, once.
  for to in 46 4 4 6 6 46 6 4 46; do
    switch "$name" "$to"
    printf '   %2s to %2s: %4s ms\n' "$from" "$to" "$took"
    ((took <= 5000)) || fail "$name is back only after $took ms"
    slowest=$((took > slowest ? took : slowest))
    from=$to
  done
  move "$name" 0 46
  wait_for 10 reaches alice "$bob4" -W 0.2
done
printf 'slowest: %s ms\n' "$slowest"
end alice
end bob
