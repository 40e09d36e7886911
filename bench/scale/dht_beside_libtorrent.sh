#!/usr/bin/env bash
# Look-ups of our DHT beside libtorrent's in one ring, half of ours and half of theirs:
#
#   bench/scale/dht_beside_libtorrent.sh build/release/bin [nodes of each kind]
#
# Both look up the same 200 items one after the other, then all at once, in three turns. Takes one
# to five minutes. cmake/bootstrap.sh
# --with test prepares libtorrent. Needs root, for a namespace of its own.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../tests/netns/lib.sh"
each=${2:-20}
dht_only=$programs/../apps/example_dht_only
lookups=$programs/dht_lookups
prepared=$(bash "$here/../../cmake/bootstrap.sh" --print-dir)/dht-interop
python=(env PYTHONPATH="$prepared/usr/lib/python3/dist-packages" PYTHONUNBUFFERED=1
  LD_LIBRARY_PATH="$prepared/usr/lib/$(uname -m)-linux-gnu" /usr/bin/python3)
"${python[@]}" -c 'import libtorrent' 2>/dev/null || skip "libtorrent is not prepared"
theirs=("${python[@]}" "$here/libtorrent_lookups.py")

namespaces ring
for i in $(seq 1 $((2 * each + 4))); do ip -n ring address add "10.77.$i.1/24" dev lo; done
bootstrap=10.77.1.1:9000

step "$each nodes of ours and $each of libtorrent's form a ring"
spawn ours1 ring "$dht_only" "$bootstrap" - run
for i in $(seq 2 "$each"); do spawn "ours$i" ring "$dht_only" "10.77.$i.1:9000" "$bootstrap" run; done
for i in $(seq $((each + 1)) $((2 * each))); do
  spawn "theirs$i" ring "${theirs[@]}" "10.77.$i.1:6881" "$bootstrap" serve
done
for i in $(seq $((each + 1)) $((2 * each))); do wait_for_line "theirs$i" '^ready' 90; done

step "200 items are stored"
limit 120 in_ns ring "$lookups" "10.77.$((2 * each + 1)).1:9000" "$bootstrap" put 200 >"$work/targets"

# figures NAME FILE
figures() {
  local all
  all=$(sed -n 's/^all //p' "$2")
  sed -n 's/^one //p' "$2" | sort -g | awk -v name="$1" -v all="$all" \
    -v found="$(sed -n 's/^found //p' "$2")" '
    { v[NR] = $1 }
    END { printf "%-12s p50 %8.2f ms   p99 %8.2f ms   %7.0f look-ups/s at once   found %s\n",
          name, v[int(NR / 2)], v[int(NR * 0.99)], NR * 1000 / all, found }'
}
step "each looks them up, in turns"
for turn in 1 2 3; do
  limit 120 in_ns ring "$lookups" "10.77.$((2 * each + 2)).1:9000" "$bootstrap" \
    <"$work/targets" >"$work/ours.$turn"
  figures ours "$work/ours.$turn"
  limit 300 in_ns ring "${theirs[@]}" "10.77.$((2 * each + 3)).1:6881" "$bootstrap" \
    <"$work/targets" >"$work/theirs.$turn"
  figures libtorrent "$work/theirs.$turn"
done
