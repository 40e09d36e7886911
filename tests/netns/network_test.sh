#!/usr/bin/env bash
# A network made by the commands alone: no node knows a peer, an id or an address but by an invite.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping

# delay NAME: all that NAME sends and receives takes 5 ms more, so that an RTT between two is 20 ms.
delay() {
  local name=$1
  ip -n lan link add "far-$name" type veth peer "near-$name"
  as_on_wire lan "to-$name" "far-$name" "near-$name"
  as_on_wire "$name" eth0
  ip -n lan link set "to-$name" nomaster
  ip -n lan link set "near-$name" up
  ip -n lan link set "far-$name" master br0 up
  spawn "link-$name" lan "$programs/link_emulator" --seconds 170 "to-$name" "near-$name" delay=5ms
  wait_for_line "link-$name" ready
}

answers() { # NAME OF
  ctl "$1" ping "$2" --count 1 --timeout 500
}

refused() { # CODE TEXT COMMAND…: the command ends with CODE and says TEXT.
  local code=$1 text=$2 got=0
  shift 2
  "$@" >"$work/refused.log" 2>&1 || got=$?
  expect_equal "exit code of $*" "$got" "$code"
  grep -q -- "$text" "$work/refused.log" || fail "$* does not say '$text'"
}

nodes=(alice bob carol dave)
mesh_nodes "${nodes[@]}"
rtt='no delay'
if [[ -x $programs/link_emulator ]] && command -v ethtool >/dev/null; then
  in_ns lan sysctl -q net.ipv6.conf.all.disable_ipv6=1
  for node in "${nodes[@]}"; do delay "$node"; done
  wait_for 5 in_ns alice ping -q -c 1 -W 1 10.99.0.2 || fail "no ping over the links"
  rtt='20 ms RTT'
fi
for node in "${nodes[@]}"; do configure "$node"; done
# Of two nodes with several shards, one invites and one joins.
for node in alice bob; do printf '[performance]\nshards = 2\n' >>"$work/$node/config.toml"; done
for node in alice bob carol; do start "$node"; done

step "a node in no network invites nobody"
refused 65 'network create' ctl alice invite
refused 65 'in no network' ctl alice network show
in_network() { grep -q "^Network: $2\$" <<<"$(ctl "$1" status)"; }
in_network alice none || fail "alice thinks that she is in a network"

step "one creates a network, another joins it by an invite"
ctl alice network create home >/dev/null
refused 65 'network leave' ctl alice network create other
invite=$(ctl alice invite 2>/dev/null)
in_network alice home || fail "alice does not say in which network she is"
[[ $invite =~ ^qe1-[a-z2-7]+$ ]] || fail "the invite is '$invite'"
begin=${EPOCHREALTIME//[.,]/}
ctl bob join "$invite" >"$work/join.log"
wait_for 10 answers bob alice || fail "bob gets no answer from alice"
printf 'join to first ping by name: %s ms (%s)\n' "$(milliseconds_since "$begin")" "$rtt"

refused 65 'in a network "home" already' ctl bob join "$invite"

step "an invite for one node is good for one"
once=$(ctl alice invite --once --expires 1h 2>/dev/null)
begin=${EPOCHREALTIME//[.,]/}
ctl carol join "$once" >>"$work/join.log"
wait_for 10 answers carol bob || fail "carol gets no answer from bob"
printf 'join to first ping by name of a third: %s ms (%s)\n' "$(milliseconds_since "$begin")" "$rtt"
start dave
refused 65 'used by another' ctl dave join "$once"
refused 65 'damaged' ctl dave join "${once%?????}"
refused 65 'no invite' ctl dave join hello
short=$(ctl alice invite --expires 1s 2>/dev/null)
issued=$EPOCHSECONDS
past() { ((EPOCHSECONDS > issued + 2)); }
wait_for 5 past
refused 65 'has expired' ctl dave join "$short"
end dave

step "an invite that is given while qed does not run is redeemed when it does"
join_later() { in_ns dave "$programs/quicether" join "$1" --config "$work/dave/config.toml" >>"$work/join.log"; }
join_later "$once"
start dave
wait_for_line dave network.not_joined
in_network dave none || fail "dave says that he is in a network"
refused 65 'not a member of the network home yet: .*used by another' ctl dave invite
refused 65 'is to join the network "home"' ctl dave network create other
end dave
join_later "$invite"
start dave
wait_for 10 answers dave carol || fail "dave gets no answer from carol"
for node in "${nodes[@]}"; do
  wait_for 10 connected "$node" 3 || fail "$node is not linked to all members"
done
wait_for 5 reaches dave "$(overlay bob 4)" || fail "dave -> bob"

step "names, ids and addresses mean the same"
for of in bob "${node_id[bob]}" "$(overlay bob 4)" "$(overlay bob 6)" "bob~${node_id[bob]:0:6}" bob.home.qe; do
  answers alice "$of" >"$work/ping.log" || fail "no answer from $of"
done
refused 65 'nobody is known' ctl alice ping nobody
refused 65 'is this node' ctl alice ping alice
ctl alice network show >"$work/show.log"
grep -q '^Members: 4,' "$work/show.log" || fail "alice does not know all members"
grep -q 'dave' "$work/show.log" || fail "alice does not know dave's name"

step "members find who carries a subnet, and where a node is"
printf '[network]\nadvertise_subnets = ["10.50.0.0/16"]\n' >>"$work/alice/config.toml"
ctl alice reload >/dev/null
carried() { # NAME WORDS: alice carries it, as NAME sees it.
  ctl "$1" discover 10.50.0.0/16 >"$work/discover.log" && grep -q "(alice) *| Owner | $2$" "$work/discover.log"
}
wait_for 15 carried bob 'Not accepted' || fail "bob does not find alice's subnet"
[[ $(ctl bob routes) != *10.50.0.0/16* ]] || fail "bob has a route that nothing entitles to"
printf '[[peer]]\nname = "alice"\nid = "%s"\nsubnets = ["10.50.0.0/16"]\n' "${node_id[alice]}" \
  >>"$work/carol/config.toml"
ctl carol reload >/dev/null
carried carol Accepted || fail "carol does not accept alice's subnet"
routed() { [[ $(ctl carol routes) == *10.50.0.0/16* ]]; }
wait_for 5 routed || fail "carol has no route to alice's subnet"
refused 1 '' ctl bob discover 10.51.0.0/16
refused 64 'CIDR' ctl bob discover 10.50.0.1/16
ctl dave discover alice >"$work/discover.log"
grep -q "^Node ID: ${node_id[alice]}$" "$work/discover.log" || fail "dave does not find alice"
grep -q '^Endpoint: 10.99.0.1:9000$' "$work/discover.log" || fail "alice's address is not found"
ctl dave discover "${node_id[bob]}" --json | grep -q '"endpoints":\["10.99.0.2:9000"' ||
  fail "bob's address is not found"

step "two members of one name are told apart"
sed -i 's/"dave"/"carol"/' "$work/dave/config.toml"
ctl dave reload >/dev/null
ambiguous() { { ctl bob ping carol 2>&1 || true; } | grep -q '2 nodes are called'; }
wait_for 5 ambiguous || fail "one carol hides the other"
answers bob "carol~${node_id[dave]:0:8}" >>"$work/ping.log" || fail "no answer from dave"
sed -i 's/"carol"/"dave"/' "$work/dave/config.toml"
ctl dave reload >/dev/null
wait_for 5 answers bob carol || fail "carol has no name any more"

step "all restart, and the node that made the network is dead"
saved() { grep -q carol "$work/bob/members" && grep -q bob "$work/carol/members"; }
wait_for 5 saved || fail "members are not saved"
for node in alice bob carol dave; do end "$node" KILL || true; done
begin=${EPOCHREALTIME//[.,]/}
for node in bob carol dave; do
  spawn "$node" "$node" "$programs/qed" --config "$work/$node/config.toml"
done
wait_for 20 answers bob carol || fail "bob does not find carol again"
printf 'start to first ping by name, from the cache: %s ms (%s)\n' "$(milliseconds_since "$begin")" "$rtt"
for node in bob carol dave; do
  wait_for 10 connected "$node" 2 || fail "$node has not healed"
done

step "a member invites without the one who made the network, and one leaves"
start alice
wait_for 10 answers alice bob || fail "alice does not come back"
ctl carol network leave >/dev/null
refused 65 'in no network' ctl carol network show
gone_from_bob() { ! answers bob carol; }
wait_for 10 gone_from_bob || fail "carol has not left"
is_peer() { [[ $(ctl "$1" peers) == *"${node_id[$2]:0:12}"* ]]; } # OF WHICH
counts() { ctl "$1" network show | grep -q "^Members: $2,"; }
for node in bob dave; do
  wait_for 20 counts "$node" 3 || fail "$node still counts carol"
  is_peer "$node" carol && fail "carol is still a peer of $node"
  is_peer carol "$node" && fail "$node is still a peer of carol"
done
refused 65 'nobody is known as' ctl bob ping carol
again=$(ctl bob invite --once 2>/dev/null)
ctl carol join "$again" >/dev/null
wait_for 10 answers carol alice || fail "carol does not come back"

step "a node that nobody named is called what its machine is"
end carol || true
sed -i '/^\[node\]$/,/^\[/{/^name = /d}' "$work/carol/config.toml"
spawn carol carol unshare --uts bash -c 'echo printer.example.com >/proc/sys/kernel/hostname; exec "$0" "$@"' \
  "$programs/qed" --config "$work/carol/config.toml"
wait_for 20 answers bob printer || fail "bob gets no answer from the printer"
