#!/usr/bin/env bash
# Who may not: strangers, peers without a rule, and policies that change under a running flow.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping

mesh_nodes alice bob mallory
configure alice bob
configure bob alice
configure mallory alice
for node in alice bob mallory; do start "$node"; done
wait_connected alice 1

step "a stranger is refused and told why"
told() { ctl mallory peers --json | grep -q 'not in peers.allowed'; }
wait_for 10 told || fail "mallory was not told"
(($(counter alice session.refused) > 0)) || fail "alice did not count it"

step "an empty policy lets nothing through, pings included, and says so"
reaches alice "$(overlay bob 4)" || wait_for 5 reaches alice "$(overlay bob 4)"
allow_nothing bob
ctl bob reload >"$work/reload.log"
! reaches alice "$(overlay bob 4)" || fail "alice got through"
limit 10 in_ns alice ping -c 1 -W 2 "$(overlay bob 4)" >"$work/ping.log" || true
grep -qi 'filtered' "$work/ping.log" || fail "alice was not told"
! reaches bob "$(overlay alice 4)" || fail "bob got out"

step "a broken policy is refused with its line, and the old one stays"
printf '[[rules]]\nsubject = "*"\nobject = "nonsense"\naction = "allow"\n' >"$work/bob/policy.toml"
! ctl bob reload >"$work/reload.log" 2>&1 || fail "the reload succeeded"
grep -q 'policy.toml:3:' "$work/reload.log" || fail "no line in: $(cat "$work/reload.log")"
! reaches alice "$(overlay bob 4)" || fail "alice got through"

step "a new policy takes effect without a reconnect"
allow_all bob
ctl bob reload >"$work/reload.log"
wait_for 5 reaches alice "$(overlay bob 4)" || fail "alice does not get through"
expect_equal "sessions of bob" "$(grep -c session.up "$work/bob.log")" 1
