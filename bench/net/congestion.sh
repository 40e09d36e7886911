#!/usr/bin/env bash
# The tunnel on a slow, lossy path with a full queue, beside the same path without one. See --help.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for argument; do
  [[ $argument =~ ^(-h|--help)$ ]] && exec python3 -B "$net/suite/congestion.py" "$@"
done
need_root
prepare_programs app_qed app_quicether link_emulator
prepare_peers
enter python3 "$net/suite/congestion.py" "$@"
