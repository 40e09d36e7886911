#!/usr/bin/env bash
# Two busy peers at one qed: what a second shard adds. See --help.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for argument; do
  [[ $argument =~ ^(-h|--help)$ ]] && exec python3 -B "$net/suite/shards.py" "$@"
done
need_root
prepare_programs app_qed app_quicether packet_generator
enter python3 "$net/suite/shards.py" "$@"
