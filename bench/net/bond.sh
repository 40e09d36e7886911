#!/usr/bin/env bash
# Several links at once: qed, the kernel's Multipath TCP and each link alone. See --help.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for argument; do
  [[ $argument =~ ^(-h|--help)$ ]] && exec python3 -B "$net/suite/bond.py" "$@"
done
need_root
prepare_programs app_qed app_quicether link_emulator bond_sim
enter python3 "$net/suite/bond.py" "$@"
