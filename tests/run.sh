#!/usr/bin/env bash
# Builds everything and runs the tests: unit, simulation, namespaces, consumers, source checks.
#
#   tests/run.sh [--preset release|dev|asan|tsan|fuzz] [--tls aws-lc|debian-boringssl]
#                [-D<CMake variable>=<value>]… [ctest options]
#
# Asks nothing, and ends with CTest's summary and exit code. The namespace tests need root and say
# so when they are skipped; with QE_NO_SKIP=1 they fail instead. More often wanted:
# tests/run.sh -L unit, tests/run.sh -R routing_table.
set -euo pipefail
cd "$(dirname "$0")/.."

preset=release tls=auto
cmake_options=() ctest_options=()
while (($# > 0)); do
  case $1 in
    --preset) preset=${2:?--preset needs a name} && shift ;;
    --tls) tls=${2:?--tls needs a name} && shift ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0" && exit 0 ;;
    -D*) cmake_options+=("$1") ;;
    *) ctest_options+=("$1") ;;
  esac
  shift
done
case $preset in
  release | dev) level=test ;;
  *) level=ci ;; # clang and its sanitizers
esac
build=build/$preset
[[ $tls == auto ]] || build+=-$tls

say() { printf '\n== %s\n' "$*"; }
# Builds in several folders share what is the same in them.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
jobs=$(nproc)

say "dependencies"
cmake/bootstrap.sh --with "$level" --tls "$tls"

# Stack traces of the sanitizers with names and lines; clang's own symbolizer is a large package.
symbolizer=external_symbolizer_path=$(command -v addr2line)
export ASAN_OPTIONS=$symbolizer${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export TSAN_OPTIONS=$symbolizer${TSAN_OPTIONS:+:$TSAN_OPTIONS}
export UBSAN_OPTIONS=print_stacktrace=1:$symbolizer${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}

say "configure ($preset, TLS library: $tls)"
# Afresh: what an older run found may have moved since.
cmake --fresh --preset "$preset" -B "$build" -DQUICETHER_TLS="$tls" "${cmake_options[@]}"
say "build"
cmake --build "$build" -j "$jobs"
say "test"
ctest --test-dir "$build" -j "$jobs" --output-on-failure --no-tests=error "${ctest_options[@]}"
