#!/usr/bin/env bash
# merge-objects.sh <ld> <nm> <objcopy> <output> <object>… -- <archive>…
# See QuicEtherMerge.cmake.
set -euo pipefail
ld=$1 nm=$2 objcopy=$3 output=$4
shift 4
objects=()
while [[ $1 != -- ]]; do objects+=("$1") && shift; done
shift
archives=("$@")

hidden=$(mktemp)
trap 'rm -f "$hidden"' EXIT

# Strong symbols of the archives are theirs. Weak ones are templates and inline functions, which
# several libraries share by right, except BoringSSL's own (namespace bssl, its stacks and hashes).
# Groups are dissolved, because a symbol that names a group could not become local.
"$nm" --extern-only --defined-only --format=posix "${archives[@]}" 2>/dev/null |
  awk 'NF >= 2 && ($2 ~ /^[TDBRC]$/ || $1 ~ /4bssl|^(_Z[0-9]+)?(sk|lh)_/) { print $1 }' | sort -u >"$hidden"
"$ld" -r --force-group-allocation -o "$output" "${objects[@]}" --start-group "${archives[@]}" \
  --end-group
"$objcopy" --localize-symbols="$hidden" "$output"
