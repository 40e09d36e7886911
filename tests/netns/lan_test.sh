#!/usr/bin/env bash
# Real daemons that know nobody's address find each other on a bridge by multicast: members of a
# network by its secret alone, others by configured ids. Nodes of another network stay strangers.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping

# member NAME NETWORK SECRET
member() {
  configure "$1"
  (umask 077 && printf '%s' "$3" >"$work/$1/secret")
  printf '[network]\nname = "%s"\nsecret_file = "%s"\n' "$2" "$work/$1/secret" >>"$work/$1/config.toml"
}

mesh_nodes alice bob carol mallory dave erin six seven
member alice office 'correct horse'
member bob office 'correct horse'
member carol office 'correct horse'
member mallory office 'wrong horse'
configure dave @erin
configure erin @dave
for node in dave erin; do printf '[discovery]\nlan = true\n' >>"$work/$node/config.toml"; done
for node in six seven; do # IPv6 alone
  ip -n "$node" addr flush dev eth0
  ip -n "$node" addr add "fd00:99::${#node}/64" dev eth0 nodad
  member "$node" sixes 'correct horse'
done

step "members of a network find each other, and nobody else"
for node in alice bob mallory dave; do start "$node"; done
wait_connected alice 1 30
wait_connected bob 1 30
start carol
for node in alice bob carol; do wait_connected "$node" 2 30; done
for to in bob carol; do
  wait_for 20 reaches alice "$(overlay "$to" 4)" || fail "alice -> $to"
done
connected mallory 0 || fail "mallory got a link"
(($(counter mallory lan.announcements_refused) > 0)) || fail "mallory heard nobody"
(($(counter alice lan.announcements_refused) > 0)) || fail "alice did not hear mallory"
(($(counter alice lan.announcements_sent) <= 10)) || fail "alice announces too often"

step "configured peers find each other without a network"
start erin
wait_connected dave 1 30
wait_connected erin 1 30

step "over IPv6 too"
start six
start seven
wait_connected six 1 30
wait_for 20 reaches six "$(overlay seven 6)" || fail "six -> seven"

step "a member that moved is found at its new address"
end bob KILL || true
ip -n bob addr del 10.99.0.2/24 dev eth0
ip -n bob addr add 10.99.0.77/24 dev eth0
rm -f "$work"/*/peer-addresses
start bob
wait_connected bob 2 60
wait_for 20 reaches carol "$(overlay bob 4)" || fail "carol -> bob"

step "only announcements to the group from the own network are read"
ip -n lan addr add 10.99.0.254/24 dev br0
before=$(counter alice lan.announcements_received)
in_ns lan python3 - <<'PYTHON'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(50):
    s.sendto(b"QELN\x01\x00" + bytes(34), ("10.99.0.1", 20805))
PYTHON
(($(counter alice lan.announcements_received) <= before + 10)) || fail "alice reads unicast"
