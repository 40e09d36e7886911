#!/usr/bin/env bash
# clang_tidy.sh <build folder> [<regular expression of source paths>]
#
# clang-tidy 19 with .clang-tidy over what a build folder of clang compiled (preset asan or fuzz), by
# default base and core: files that see Asio take half a minute each.
set -euo pipefail
build=$(cd "${1:?usage: $0 <build folder> [<paths>]}" && pwd)
cd "$(dirname "$0")/../.."
exec run-clang-tidy-19 -quiet -p "$build" -j "$(nproc)" "${2:-/libquicether/src/(base|core)/}"
