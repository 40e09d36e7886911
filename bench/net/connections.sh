#!/usr/bin/env bash
# Handshakes per second and memory per idle connection, in one process. See --help.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for argument; do
  [[ $argument =~ ^(-h|--help)$ ]] && exec python3 -B "$net/suite/connections.py" "$@"
done
prepare_programs bench_micro
exec python3 -B "$net/suite/connections.py" "$@"
