#!/usr/bin/env bash
# Small packets through one end: what a core of qed does when nothing else competes. See --help.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for argument; do
  [[ $argument =~ ^(-h|--help)$ ]] && exec python3 -B "$net/suite/packets.py" "$@"
done
need_root
prepare_programs app_qed app_quicether packet_generator
enter python3 "$net/suite/packets.py" "$@"
