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

lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
symbols() { "$nm" --extern-only --defined-only --format=posix "$@" 2>/dev/null; }

# Groups are dissolved, because a symbol that names a group could not become local. Without a group
# the linker no longer folds "unique" symbols (static variables of templates) with those of another
# object; as weak ones it does.
"$ld" -r --force-group-allocation -o "$output" "${objects[@]}" --start-group "${archives[@]}" \
  --end-group
symbols "$output" | awk '$2 == "u" { print $1 }' >"$lists/unique"
"$objcopy" --weaken-symbols="$lists/unique" "$output"

# Strong symbols of the archives are theirs. Weak ones are templates and inline functions, which
# several libraries share by right, except those of the libraries inside, whoever instantiated them.
{
  symbols "${archives[@]}" | awk 'NF >= 2 && $2 ~ /^[TDBRC]$/ { print $1 }'
  symbols "$output" |
    awk '$1 ~ /4bssl|5boost(4json|15program_options)|4toml2v3|^(_Z[0-9]+)?(sk|lh)_/ { print $1 }'
} | sort -u >"$lists/hidden"
"$objcopy" --localize-symbols="$lists/hidden" "$output"
