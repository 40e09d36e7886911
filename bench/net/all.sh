#!/usr/bin/env bash
# Every command of this folder in turn, and at the end the table of all targets:
#
#   all.sh [--quick] [--output FOLDER] [--runs N]
#
# About four hours with the defaults, fifteen minutes with --quick. Nothing else should use the machine.
set -euo pipefail
net=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
output=$(cd "$net/.." && pwd)/results/latest
options=("$@") short=()
while (($# > 0)); do
  case $1 in
    --quick) short=(--quick) ;;
    --output) output=${2:?--output needs a folder} && shift ;;
    --runs) : "${2:?--runs needs a number}" && shift ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) printf 'all.sh: unknown argument %s\n' "$1" >&2 && exit 2 ;;
  esac
  shift
done
"$net/tunnel.sh" "${options[@]}"
for veth in gro none; do
  "$net/tunnel.sh" "${options[@]}" --veth "$veth" --only raw,qed,wireguard-go,nebula
done
"$net/congestion.sh" "${options[@]}"
"$net/bond.sh" "${options[@]}"
"$net/packets.sh" "${options[@]}"
"$net/shards.sh" "${options[@]}"
"$net/shards.sh" --one-peer "${options[@]}"
"$net/connections.sh" "${short[@]}" --output "$output"
cat "$output/targets.md"
