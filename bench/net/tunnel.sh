#!/usr/bin/env bash
# One tunnel between two namespaces: qed and the peers in turns, in one run. See --help.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for argument; do
  [[ $argument =~ ^(-h|--help|--list)$ ]] && exec python3 -B "$net/suite/tunnel.py" "$@"
done
need_root
prepare_programs app_qed app_quicether
prepare_peers
enter python3 "$net/suite/tunnel.py" "$@"
