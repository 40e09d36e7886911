#!/usr/bin/env bash
# A peer is where its host name says: from a reload on, and when the name means another address.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping

mesh_nodes alice bob
configure alice
configure bob @alice
bob_is_at() { # ADDRESS
  printf '127.0.0.1 localhost\n%s bob.example\n' "$1" >"$work/hosts"
}
printf '[transport]\nidle_timeout = "5s"\nkeep_alive = "2s"\n' >>"$work/alice/config.toml"
bob_is_at "${underlay[bob]}"
mount --bind "$work/hosts" /etc/hosts # here alone

step "a reload brings a peer by its host name"
start alice
start bob
printf '[[peer]]\nname = "bob"\nid = "%s"\nendpoints = ["bob.example:9000"]\n' "${node_id[bob]}" \
  >>"$work/alice/config.toml"
ctl alice reload >/dev/null
wait_connected alice 1 5
wait_for 5 reaches alice "$(overlay bob 4)" || fail "alice -> bob"

step "the name means another address after a reload"
end bob KILL || true
ip -n bob addr del 10.99.0.2/24 dev eth0
ip -n bob addr add 10.99.0.22/24 dev eth0
rm -f "$work/bob/peer-addresses" # bob dials nobody by memory
bob_is_at 10.99.0.22
start bob
ctl alice reload >/dev/null
moved() { ctl alice peers --json | grep -q 10.99.0.22:9000; }
wait_for 20 moved || fail "alice does not look the name up again"
wait_for 5 reaches alice "$(overlay bob 4)" || fail "alice -> bob"
