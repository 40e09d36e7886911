#!/usr/bin/env bash
# A ring of our nodes that others' implementations join: libtorrent (Debian's python3-libtorrent)
# and the npm package bittorrent-dht. Each finds our nodes and the other way round, reads our signed
# items, and signs some that we verify. cmake/bootstrap.sh --with test prepares both.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_dht_only
need_program openssl
prepared=${QUICETHER_DHT_INTEROP:-$(bash "$helpers/../../cmake/bootstrap.sh" --print-dir)/dht-interop}

# Each node has an address of its own, in a /24 of its own, on one host.
namespaces ring
for i in $(seq 1 12); do ip -n ring address add "10.77.$i.1/24" dev lo; done

bootstrap=10.77.1.1:9000
step "five nodes of ours form a ring"
spawn node1 ring "$dht_only" "$bootstrap" - run
for i in 2 3 4 5; do spawn "node$i" ring "$dht_only" "10.77.$i.1:9000" "$bootstrap" run; done
for i in 2 3 4 5; do wait_for_line "node$i" "^joined"; done

# ours COMMAND…: a short-lived, read-only node of ours does something.
ours() { limit 60 in_ns ring "$dht_only" 10.77.9.1:9000 "$bootstrap" "$@"; }

step "an item of ours is signed and stored"
ours sign "$work/ours.key" 7 hello-from-us pepper >"$work/ours.log"
our_key=$(sed -n 's/^key //p' "$work/ours.log")
ours sign "$work/ours.key" 3 plain-from-us >>"$work/ours.log"
ours put immutable-from-us >"$work/immutable.log"
our_hash=$(sed -n 's/^stored \([0-9a-f]*\) .*/\1/p' "$work/immutable.log")

# new_key LABEL: makes an Ed25519 key; seed_of and key_of print its halves in hex.
new_key() { openssl genpkey -algorithm ed25519 -out "$work/$1.pem" 2>/dev/null; }
seed_of() { openssl pkey -in "$work/$1.pem" -outform DER | tail -c 32 | od -An -vtx1 | tr -d ' \n'; }
key_of() { openssl pkey -in "$work/$1.pem" -pubout -outform DER | tail -c 32 | od -An -vtx1 | tr -d ' \n'; }

# tell LABEL COMMAND…: has a foreign node do something; its answer is in $work/LABEL.answer.
tell() {
  local label=$1 before
  shift
  before=$(grep -c '^done$' "$work/$label.log") || true
  wc -l <"$work/$label.log" >"$work/$label.mark"
  printf '%s\n' "$*" >"$work/$label.in"
  wait_for 60 more_done "$label" "$before" || fail "$label did not answer '$*'"
  tail -n "+$(($(cat "$work/$label.mark") + 1))" "$work/$label.log" >"$work/$label.answer"
}
more_done() { (($(grep -c '^done$' "$work/$1.log") > $2)); }
answer_has() { grep -q -- "$2" "$work/$1.answer" || fail "$1 answered: $(cat "$work/$1.answer")"; }

# start_foreign LABEL COMMAND…: with its standard input held open.
start_foreign() {
  local label=$1
  shift
  mkfifo "$work/$label.in"
  spawn "$label" ring bash -c 'exec 3<>"$0"; exec "$@" <&3' "$work/$label.in" "$@"
  wait_for_line "$label" '^ready' 30
}

# exercise LABEL ADDRESS: what every foreign implementation has to manage.
exercise() {
  local label=$1 address=$2 hash
  step "$label finds our nodes"
  # libtorrent does not count the bootstrap node.
  wait_for 40 knows_nodes "$label" 4 || fail "$label knows too few nodes: $(cat "$work/$label.answer")"

  step "$label reads what we signed"
  tell "$label" get "$our_key" pepper
  answer_has "$label" '^value hello-from-us seq 7'
  tell "$label" get "$our_key"
  answer_has "$label" '^value plain-from-us seq 3'
  tell "$label" get-immutable "$our_hash"
  answer_has "$label" 'immutable-from-us'

  step "we read what $label signed"
  new_key "$label"
  tell "$label" put "$(seed_of "$label")" "$(key_of "$label")" "hello-from-$label" salty
  hash=$(printf '%s' "$(key_of "$label")" | python3 -c \
    'import hashlib,sys; print(hashlib.sha1(bytes.fromhex(sys.stdin.read()) + b"salty").hexdigest())')
  ours get "$hash" salty >"$work/got.log"
  grep -q "^value .*hello-from-$label seq " "$work/got.log" || fail "we read: $(cat "$work/got.log")"
  tell "$label" put-immutable "immutable-from-$label"
  hash=$(sed -n 's/^hash \([0-9a-f]*\).*/\1/p' "$work/$label.answer")
  ours get "$hash" >"$work/got.log"
  grep -q "^value .*immutable-from-$label " "$work/got.log" || fail "we read: $(cat "$work/got.log")"

  step "we find the node of $label"
  wait_for 30 we_find "$address" || fail "we find: $(cat "$work/nodes.log")"

  step "peers meet, announced by us and by $label"
  hash=$(printf '%s' "swarm-of-$label" | sha1sum | cut -d ' ' -f 1)
  ours announce "$hash" 4001 >/dev/null
  tell "$label" peers "$hash"
  answer_has "$label" '^peer 10.77.9.1:4001'
  # The Python binding of libtorrent 2.0 has no value of the type that dht_announce() wants.
  [[ $label != libtorrent ]] || return 0
  tell "$label" announce "$hash" 4002
  ours peers "$hash" >"$work/got.log"
  grep -q ':4002$' "$work/got.log" || fail "we read: $(cat "$work/got.log")"
}
knows_nodes() {
  tell "$1" nodes
  (($(sed -n 's/^nodes //p' "$work/$1.answer") >= $2))
}
we_find() {
  ours nodes 0000000000000000000000000000000000000000 >"$work/nodes.log"
  grep -q " $1\$" "$work/nodes.log"
}

missing=()
libtorrent=$prepared/usr/lib/python3/dist-packages
python=(env PYTHONPATH="$libtorrent" PYTHONUNBUFFERED=1
  LD_LIBRARY_PATH="$prepared/usr/lib/$(uname -m)-linux-gnu" /usr/bin/python3)
if "${python[@]}" -c 'import libtorrent' 2>/dev/null; then
  start_foreign libtorrent "${python[@]}" "$helpers/dht_interop/libtorrent_peer.py" \
    10.77.11.1:6881 "$bootstrap"
  exercise libtorrent 10.77.11.1:6881
else
  missing+=("python3-libtorrent")
fi
if command -v node >/dev/null && [[ -d $prepared/node_modules/bittorrent-dht ]]; then
  start_foreign npm node "$helpers/dht_interop/bittorrent_dht_peer.mjs" \
    "$prepared/node_modules/bittorrent-dht" 10.77.12.1:6881 "$bootstrap"
  exercise npm 10.77.12.1:6881
else
  missing+=("the npm package bittorrent-dht, or node")
fi
((${#missing[@]} == 0)) ||
  skip "not prepared (cmake/bootstrap.sh --with test): $(printf '%s; ' "${missing[@]}")"
echo "all of it works with both"
