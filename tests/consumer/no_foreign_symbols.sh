#!/usr/bin/env bash
# no_foreign_symbols.sh <nm> <library>: what the library has inside must not be seen outside.
set -euo pipefail
symbols=$("$1" --dynamic --defined-only --format=posix "$2" | awk '{ print $1 }')
grep -q '^_ZN9quicether' <<<"$symbols" || { echo "no symbol of quicether in $2?" && exit 1; }
if grep -E '^(SSL|EVP|CRYPTO|X509|ERR|RSA|BN|ED25519|OPENSSL|ngtcp2)_|4bssl|5boost(4json|15program_options)' \
  <<<"$symbols"; then
  echo "these symbols of inner libraries are exported by $2"
  exit 1
fi
