#!/usr/bin/env bash
# Three real daemons that know each other's ids and the address of a fourth one find each other
# through the DHT, and again after one of them has moved.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping

mesh_nodes boot alice bob carol
configure boot
configure alice @bob @carol
configure bob @alice @carol
configure carol @alice @bob
printf '[discovery]\nbootstrap_mode = true\n' >>"$work/boot/config.toml"
bootstrap() { # NAME HOST
  printf '[discovery]\nbootstrap_nodes = ["%s:9000"]\n' "$2" >>"$work/$1/config.toml"
}
bootstrap alice "${underlay[boot]}"
bootstrap bob "${underlay[boot]}"
bootstrap carol seed.example
printf '127.0.0.1 localhost\n%s seed.example\n' "${underlay[boot]}" >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts # here alone

step "nodes that know one address and each other's ids find each other"
start boot
begin=${EPOCHREALTIME//[.,]/}
for node in alice bob carol; do start "$node"; done
for node in alice bob carol; do wait_connected "$node" 2 20; done
printf 'connected after %s ms\n' $(((${EPOCHREALTIME//[.,]/} - begin) / 1000))
connected boot 0 || fail "the bootstrap node has peers"
for to in bob carol; do
  wait_for 5 reaches alice "$(overlay "$to" 4)" || fail "alice -> $to"
done

step "the commands show it"
ctl alice status >"$work/status.log"
grep -q '^DHT Nodes: [1-9]' "$work/status.log"
ctl alice status --json | grep -q '"published_endpoints" *: *\[ *"10.99.0.2:9000"' ||
  fail "alice's record does not name her address"
(($(counter alice dht.queries_sent) > 0))
! ctl alice status | grep -q 'Warning: discovery' || fail "discovery is said to be ignored"

step "others agree on the address of each"
agreed() { ctl alice status | grep -q '^External Address: 10.99.0.2:9000$'; }
wait_for 60 agreed || fail "alice does not know her external address"

step "netcheck says that others reach it"
ctl alice netcheck >"$work/netcheck.log"
grep -q '^Verdict: reachable$' "$work/netcheck.log"
grep -q '^IPv4: 10.99.0.2:9000, seen as 10.99.0.2:9000, port mapping none, strangers direct' \
  "$work/netcheck.log"
grep -Eq "^Bootstrap: ${underlay[boot]}:9000 [0-9]" "$work/netcheck.log"
ctl alice netcheck --json | grep -q '"verdict":"reachable"'
grep -q '^DHT Mode: server$' "$work/status.log"

step "a node that moved while it was down is found again"
end bob KILL || true
ip -n bob addr del 10.99.0.3/24 dev eth0
ip -n bob addr add 10.99.0.33/24 dev eth0
rm -f "$work/bob/peer-addresses" # bob dials nobody by memory
start bob
wait_connected bob 2 30
ctl bob status --json | grep -q '10.99.0.33:9000' || fail "bob's record has the old address"

step "known peers go on without the bootstrap node"
end boot KILL || true
end carol KILL || true
start carol
wait_connected carol 2 30
wait_for 5 reaches alice "$(overlay carol 4)" || fail "alice -> carol"
