#!/usr/bin/env bash
# pkg_config.sh <compiler> <installed lib folder> <work folder> [<compiler option>]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
compiler=$1 lib=$2 work=$3 option=${4:-}
mkdir -p "$work"
export PKG_CONFIG_PATH=$lib/pkgconfig
read -ra flags < <(pkg-config --cflags --libs quicether)
"$compiler" ${option:+"$option"} "$here/package/with_openssl.cpp" "${flags[@]}" -lssl -lcrypto \
  -Wl,-rpath,"$lib" -o "$work/with_openssl"
"$work/with_openssl"
