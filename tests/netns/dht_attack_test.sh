#!/usr/bin/env bash
# Attacks on real DHT nodes: forged queries that would make a node flood a victim, forged messages
# that would make two nodes answer each other for ever, and a flood of stores.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_dht_only
need_program python3

namespaces ring
for i in $(seq 1 12); do ip -n ring address add "10.77.$i.1/24" dev lo; done
for i in $(seq 1 64); do ip -n ring address add "10.78.$i.1/24" dev lo; done
victim=10.77.12.1:53

bootstrap=10.77.1.1:9000
step "eight nodes form a ring"
spawn node1 ring "$dht_only" "$bootstrap" - run
for i in $(seq 2 8); do spawn "node$i" ring "$dht_only" "10.77.$i.1:9000" "$bootstrap" run; done
for i in $(seq 2 8); do wait_for_line "node$i" "^joined" 30; done
ours() { limit 60 in_ns ring "$dht_only" 10.77.9.1:9000 "$bootstrap" "$@"; }
ours sign "$work/honest.key" 1 honest >"$work/honest.log"
hash=$(sed -n 's/^stored \([0-9a-f]*\) .*/\1/p' "$work/honest.log")
attack() { limit 120 in_ns ring python3 "$helpers/dht_attack.py" "$@"; }

step "forged queries reflect no more than they brought"
attack reflect "$bootstrap" "$victim" 200 | tee "$work/reflect.out"
read -r answers ratio < <(sed -E 's/.* answers ([0-9]+) ratio ([0-9.]+)/\1 \2/' "$work/reflect.out")
((answers > 0)) || fail "nothing was answered: the attack was none"
[[ $(printf '%s\n' "$ratio" 1.0 | sort -g | head -n 1) == "$ratio" ]] || fail "ratio $ratio"

step "forged messages cause one answer at most"
attack loop 10.77.2.1:9000 10.77.3.1:9000 | tee "$work/loop.out"
expect_equal "number of kinds" "$(grep -c : "$work/loop.out")" 8
grep -Eq '^ping: 1$' "$work/loop.out" || fail "the forged ping was not answered"
! grep -Ev ': [01]$' "$work/loop.out" || fail "a message was answered more than once"
grep -Eq '^(answer|error|malformed): 1$' "$work/loop.out" && fail "a node answers what is no query"

step "a flood of stores neither fills memory nor drives honest items out"
memory() { awk '/VmRSS/ { print $2 }' "/proc/$(pid_of node1)/status"; }
before=$(memory)
mapfile -t attackers < <(seq -f '10.78.%g.1' 1 64)
attack flood "$bootstrap" 1000000 10000 "${attackers[@]}"
after=$(memory)
printf 'memory of the node: %d kB, then %d kB\n' "$before" "$after"
((after - before < 16384)) || fail "the node grew by $((after - before)) kB"
ours get "$hash" >"$work/got.log"
grep -q '^value 6:honest seq 1' "$work/got.log" || fail "the honest item: $(cat "$work/got.log")"
