#!/usr/bin/env bash
# A ring of real DHT nodes is cut in two for a minute. Both halves go on; after the cut is healed,
# each finds what the other stored meanwhile within a minute.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_dht_only

# Two halves of ten addresses each: 10.77.1.x on the left, 10.77.2.x on the right.
namespaces left right
connect left eth0 right eth0
for i in $(seq 1 10); do
  ip -n left address add "10.77.1.$i/32" dev lo
  ip -n right address add "10.77.2.$i/32" dev lo
done
ip -n left address add 192.168.0.1/24 dev eth0
ip -n right address add 192.168.0.2/24 dev eth0
plug() {
  ip -n left link set eth0 up
  ip -n right link set eth0 up
  ip -n left route add 10.77.2.0/24 via 192.168.0.2
  ip -n right route add 10.77.1.0/24 via 192.168.0.1
}
plug
node() { # SIDE NUMBER BOOTSTRAP
  local third=1
  [[ $1 == left ]] || third=2
  spawn "$1$2" "$1" "$dht_only" "10.77.$third.$2:9000" "$3" run
}
# at SIDE COMMAND…: a short-lived node of this side, which begins with a neighbour.
at() {
  local side=$1 third=1
  [[ $side == left ]] || third=2
  shift
  limit 30 in_ns "$side" "$dht_only" "10.77.$third.10:9000" "10.77.$third.2:9000" "$@"
}

step "ten nodes form a ring"
node left 1 -
for i in $(seq 2 5); do node left "$i" 10.77.1.1:9000; done
for i in $(seq 1 5); do node right "$i" 10.77.1.1:9000; done
for i in $(seq 2 5); do wait_for_line "left$i" "^joined" 30; done
for i in $(seq 1 5); do wait_for_line "right$i" "^joined" 30; done
at left sign "$work/old.key" 1 before >"$work/old.log"
old=$(sed -n 's/^stored \([0-9a-f]*\) .*/\1/p' "$work/old.log")
finds() { at "$1" get "$2" | grep -q "^value .*:$3 "; }
wait_for 60 finds right "$old" before || fail "the ring is none"

step "both halves go on while they are cut"
ip -n left link set eth0 down # and the routes with it
ip -n right link set eth0 down
cut=${EPOCHREALTIME//[.,]/}
for side in left right; do
  at "$side" sign "$work/$side.key" 1 "of-the-$side" >"$work/$side.log"
  sed -n 's/^stored \([0-9a-f]*\) .*/\1/p' "$work/$side.log" >"$work/$side.hash"
  wait_for 30 finds "$side" "$(cat "$work/$side.hash")" "of-the-$side" || fail "$side stopped"
done
! finds right "$(cat "$work/left.hash")" of-the-left || fail "they are not cut"
minute_over() { ((${EPOCHREALTIME//[.,]/} - cut > 60000000)); }
wait_for 90 minute_over

step "each finds what the other stored within a minute"
plug
wait_for 60 finds right "$(cat "$work/left.hash")" of-the-left || fail "right does not find it"
wait_for 60 finds left "$(cat "$work/right.hash")" of-the-right || fail "left does not find it"
finds right "$old" before || fail "the old item is lost"
