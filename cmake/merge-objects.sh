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

# Groups are dissolved, because a symbol that names a group could not become local.
"$ld" -r --force-group-allocation -o "$output" "${objects[@]}" --start-group "${archives[@]}" \
  --end-group

# Strong symbols of the archives are theirs. Weak ones are templates and inline functions, which
# several libraries share by right, except those of the libraries inside, whoever instantiated them.
{
  "$nm" --extern-only --defined-only --format=posix "${archives[@]}" 2>/dev/null |
    awk 'NF >= 2 && $2 ~ /^[TDBRC]$/ { print $1 }'
  "$nm" --extern-only --defined-only --format=posix "$output" |
    awk '$1 ~ /4bssl|5boost(4json|15program_options)|4toml2v3|^(_Z[0-9]+)?(sk|lh)_/ { print $1 }'
} | sort -u >"$hidden"
"$objcopy" --localize-symbols="$hidden" "$output"
