#!/usr/bin/env bash
# Makes a bare Debian 12 or 13 ready to build QuicEther.
#
#   cmake/bootstrap.sh [--with build|test|ci|bench] [--tls auto|aws-lc|debian-boringssl]
#   cmake/bootstrap.sh --print-dir      only print where the prepared dependencies are
#
# It does two things, and only what is missing of them:
#   1. installs packages of the system's own release with apt-get (needs root or sudo);
#   2. prepares what that release has not, or has too old, in a folder of its own below
#      ${XDG_CACHE_HOME:-~/.cache}/quicether. CMake finds that folder by itself.
# For (2) it reads newer Debian releases through a private apt folder, from the mirror this machine
# already uses and with apt's signature checks; the system's apt configuration stays as it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# Raise when anything below changes what is prepared; the old folder is then left alone.
readonly recipe=3
readonly ngtcp2_version=1.11.0 boost_version=1.88.0 catch2_version=3.7.1
readonly stable=trixie rolling=sid

# build: what configuring a preset and apps/demo.sh need; test: what the tests run besides; bench:
# what bench/net compares with, which is unpacked into the folder of (2) and not installed.
packages_build=(g++ cmake ninja-build ccache pkg-config make patch xz-utils libc6-dev libfmt-dev
  libtomlplusplus-dev libnl-route-3-dev prometheus-cpp-dev libbenchmark-dev libssl-dev python3
  iproute2 nftables iputils-ping procps)
packages_test=("${packages_build[@]}" iperf3 ethtool tcpdump curl)
packages_bench=("${packages_test[@]}" openssl util-linux)
packages_ci=("${packages_test[@]}" clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19)
readonly peers=(wireguard-go wireguard-tools nebula openvpn tinc fastd n2n yggdrasil)

say() { printf 'bootstrap: %s\n' "$*"; }
fail() {
  printf 'bootstrap: error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf 'bootstrap:   %s\n' "$line" >&2; done
  exit 1
}

level=build tls=auto print_dir=no
while (($# > 0)); do
  case $1 in
    --with) level=${2:?--with needs build, test, ci or bench} && shift ;;
    --tls) tls=${2:?--tls needs auto, aws-lc or debian-boringssl} && shift ;;
    --print-dir) print_dir=yes ;;
    -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) fail "unknown argument '$1'" "see $0 --help" ;;
  esac
  shift
done
case $level in
  build) packages=("${packages_build[@]}") ;;
  test) packages=("${packages_test[@]}") ;;
  ci) packages=("${packages_ci[@]}") ;;
  bench) packages=("${packages_bench[@]}") ;;
  *) fail "--with takes build, test, ci or bench, not '$level'" ;;
esac
[[ $tls =~ ^(auto|aws-lc|debian-boringssl)$ ]] ||
  fail "--tls takes auto, aws-lc or debian-boringssl, not '$tls'"

codename=$(. /etc/os-release 2>/dev/null && echo "${ID:-}-${VERSION_CODENAME:-}") || true
cache=${XDG_CACHE_HOME:-${HOME:?neither XDG_CACHE_HOME nor HOME is set}/.cache}/quicether
root=$cache/deps-$recipe-$codename-$(uname -m)
if [[ $print_dir == yes ]]; then
  printf '%s\n' "$root"
  exit 0
fi
[[ $codename == debian-bookworm || $codename == debian-trixie ]] || fail \
  "this script knows Debian 12 (bookworm) and 13 (trixie), not '$codename'" \
  "elsewhere, prepare the packages named in cmake/QuicEtherDependencies.cmake yourself and" \
  "give CMake their places with CMAKE_PREFIX_PATH and QUICETHER_BORINGSSL_ROOT"

# ---- 1. packages of the system's own release -------------------------------------------------

missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
    missing+=("$package")
done

as_root=()
install_missing_packages() {
  local advice="as root: apt-get update && apt-get install ${missing[*]}"
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null || fail "packages are missing and this is not root" "$advice"
    as_root=(sudo -n)
  fi
  say "installing ${missing[*]}"
  local log=$cache/apt-install.log
  local -a apt_get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q
    -o DPkg::Lock::Timeout=300)
  "${apt_get[@]}" update >"$log" 2>&1 &&
    "${apt_get[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1 && return
  tail -n 15 "$log" >&2
  fail "apt-get could not install the packages (whole log: $log)" \
    "is the machine online? by hand, $advice"
}

# ---- 2. the prepared folder ------------------------------------------------------------------

readonly prefix=$root/prefix stamps=$root/stamps
work= # set while something is being prepared; removed at exit
apt_ready=no

done_already() { [[ -e $stamps/$1 ]]; }

mirror() {
  if [[ -n ${QUICETHER_DEBIAN_MIRROR:-} ]]; then
    printf '%s\n' "$QUICETHER_DEBIAN_MIRROR"
    return
  fi
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v release="${codename#debian-}" \
      '($1 == release || $1 == "stable" || $1 == "oldstable") && $2 == "main" { print $3; exit }'
}

# A private apt: its own sources, lists and cache, and none of the system's pins or hooks.
open_private_apt() {
  [[ $apt_ready == no ]] || return 0
  local uri
  uri=$(mirror)
  [[ -n $uri ]] || fail "found no Debian mirror for ${codename#debian-} in apt's configuration" \
    "name one: QUICETHER_DEBIAN_MIRROR=http://<mirror>/debian $0"
  local apt=$work/apt
  mkdir -p "$apt"/{lists/partial,cache/archives/partial}
  : >"$apt/status"
  cat >"$apt/quicether.sources" <<-SOURCES
	Types: deb deb-src
	URIs: $uri
	Suites: $stable
	Components: main
	Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

	Types: deb
	URIs: $uri
	Suites: $rolling
	Components: main
	Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
	SOURCES
  cat >"$apt/apt.conf" <<-CONF
	Dir::Etc::sourcelist "$apt/quicether.sources";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::State::lists "$apt/lists";
	Dir::State::status "$apt/status";
	Dir::Cache "$apt/cache";
	Acquire::Languages "none";
	Acquire::Retries "3";
	APT::Sandbox::User "$(id -un)";
	APT::Get::AllowUnauthenticated "false";
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	CONF
  say "reading the package lists of Debian $stable and $rolling"
  private_apt_get update
  apt_ready=yes
}

private_apt_get() {
  apt-get -q -c "$work/apt/apt.conf" "$@" >"$work/apt.log" 2>&1 && return
  tail -n 8 "$work/apt.log" >&2
  return 1
}

cannot_download() {
  fail "could not get $1" "is the machine online, and does its Debian mirror carry $stable and" \
    "$rolling? another one: QUICETHER_DEBIAN_MIRROR=http://<mirror>/debian $0"
}

# fetch_binary <release> <package> <folder>: downloads and unpacks, installs nothing.
fetch_binary() {
  (cd "$work" && private_apt_get download "$2/$1") || return 1
  dpkg -x "$work/$2"_*.deb "$3"
}

# fetch_source <package> <version> <folder> [members]: the upstream tarball alone, whatever the
# Debian revision is; members limit what is unpacked.
fetch_source() {
  local package=$1 version=$2 folder=$3
  shift 3
  (cd "$work" && private_apt_get source --download-only --tar-only --only-source "$package") ||
    cannot_download "the source of $package"
  local tarball
  tarball=$(compgen -G "$work/${package}_$version.orig.tar.?z" | head -n 1) ||
    fail "Debian $stable no longer has $package $version" "cmake/bootstrap.sh needs an update"
  mkdir -p "$folder"
  tar -xf "$tarball" -C "$folder" --strip-components=1 "$@"
}

# run <log name> <command…>: quiet unless it fails.
run() {
  local log=$work/$1.log
  shift
  "$@" >>"$log" 2>&1 && return
  tail -n 30 "$log" >&2
  fail "this failed: $*"
}

cmake_install() { # <name> <source folder> <install prefix> <options…>
  local name=$1 source=$2 into=$3
  shift 3
  run "$name" cmake -S "$source" -B "$work/$name-build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX="$into" -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_TESTING=OFF "$@"
  run "$name" cmake --build "$work/$name-build" -j "$jobs"
  run "$name" cmake --install "$work/$name-build"
}

prepare_boost() {
  say "Boost $boost_version: headers, Program_options and JSON"
  fetch_binary "$stable" libboost1.88-dev "$work/boost" || cannot_download libboost1.88-dev
  cp -a "$work/boost/usr/." "$prefix/"
  # Debian's static libraries come from a newer compiler than Debian 12 has, so these two are
  # compiled here, as the few files they are.
  fetch_source boost1.88 "$boost_version" "$work/boost-source" boost/libs/program_options/src
  rm "$work/boost-source/libs/program_options/src/winmain.cpp"
  mkdir "$work/boost-objects"
  echo '#include <boost/json/src.hpp>' >"$work/boost-source/json.cpp"
  local source
  for source in "$work"/boost-source/{json.cpp,libs/program_options/src/*.cpp}; do
    printf '%s\0' "$source"
  done | run boost xargs -0 -n 1 -P "$jobs" sh -c 'g++ -std=c++20 -O2 -fPIC -isystem "$1" \
    -c "$3" -o "$2/$(basename "$3" .cpp).o"' sh "$prefix/include" "$work/boost-objects"
  mv "$work/boost-objects/json.o" "$work/json.o"
  mkdir -p "$prefix/lib"
  run boost ar rcs "$prefix/lib/libboost_json.a" "$work/json.o"
  run boost ar rcs "$prefix/lib/libboost_program_options.a" "$work"/boost-objects/*.o
}

prepare_catch2() {
  say "Catch2 $catch2_version"
  fetch_source catch2 "$catch2_version" "$work/catch2"
  cmake_install catch2 "$work/catch2" "$prefix" -DCMAKE_CXX_STANDARD=20
}

# Two builds: with our patches, and as it comes (QUICETHER_NGTCP2). The glue to the TLS library is
# two files, left as source for CMake to compile against whichever TLS library the build uses.
prepare_ngtcp2() {
  say "ngtcp2 $ngtcp2_version, with and without our patches"
  local variant source into patch
  for variant in plain patched; do
    source=$work/ngtcp2-$variant into=$root/ngtcp2/$variant
    fetch_source ngtcp2 "$ngtcp2_version" "$source"
    if [[ $variant == patched ]]; then
      for patch in "$here"/patches/ngtcp2-*.patch; do
        run ngtcp2 patch --strip=1 --directory="$source" --input="$patch"
      done
    fi
    cmake_install "ngtcp2-$variant" "$source" "$into" -DENABLE_LIB_ONLY=ON \
      -DENABLE_STATIC_LIB=ON -DENABLE_SHARED_LIB=OFF -DENABLE_OPENSSL=OFF -DENABLE_GNUTLS=OFF
    mkdir -p "$into/glue"
    cp "$source"/crypto/{shared.c,shared.h,boringssl/boringssl.c} \
      "$source"/lib/{ngtcp2_macro.h,ngtcp2_net.h} "$into/glue/"
    cp -r "$source"/crypto/includes/. "$into/include/"
  done
}

prepare_aws_lc() {
  say "AWS-LC from Debian $rolling (the longest part, about a minute on two cores)"
  fetch_binary "$rolling" librust-aws-lc-sys-dev "$work/aws-lc" || return 1
  local source version
  source=$(compgen -G "$work/aws-lc/usr/share/cargo/registry/aws-lc-sys-*/aws-lc") || return 1
  version=$(basename "$(dirname "$source")")
  cmake_install aws-lc "$source" "$root/tls/$version" -DBUILD_TOOL=OFF \
    -DDISABLE_GO=ON -DDISABLE_PERL=ON -DBUILD_SHARED_LIBS=OFF
  ln -sfn "$version" "$root/tls/aws-lc"
}

prepare_debian_boringssl() {
  say "BoringSSL as Debian $stable ships it"
  local package into=$root/tls/debian-boringssl
  for package in android-libboringssl android-libboringssl-dev; do
    fetch_binary "$stable" "$package" "$work/boringssl" || cannot_download "$package"
  done
  rm -rf "$into"
  mkdir -p "$into"
  cp -r "$work/boringssl/usr/include/android" "$into/include"
  cp -r "$work/boringssl/usr/lib/$(gcc -print-multiarch)/android" "$into/lib"
}

# Of one release and with its C library, whatever the system's is: each program gets a wrapper in
# $root/peers/bin. A peer that the mirror has not is left out.
prepare_peers() {
  say "other VPNs of Debian $rolling, to compare with: ${peers[*]}"
  local into=$root/peers archives=$work/apt/cache/archives package deb loader program
  rm -rf "$into"
  mkdir -p "$into/bin"
  for package in "${peers[@]}"; do
    private_apt_get install --download-only --yes --no-install-recommends \
      --target-release "$rolling" "$package" || say "WARNING: there is no $package"
  done
  for deb in "$archives"/*.deb; do dpkg -x "$deb" "$into"; done
  loader=$(compgen -G "$into/usr/lib*/ld-linux-*.so.*" | head -n 1) || return 1
  for package in "${peers[@]}"; do
    deb=$(compgen -G "$archives/${package}_*.deb" | head -n 1) || continue
    printf '%s %s\n' "$package" "$(dpkg-deb -f "$deb" Version)" >>"$into/versions"
    for program in $(dpkg-deb -c "$deb" | sed -n 's,^-.* \./\(usr/s\?bin/.*\),\1,p'); do
      [[ $(head -c 4 "$into/$program" | tail -c 3) == ELF ]] || continue
      printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$loader" \
        "$into/usr/lib/$(gcc -print-multiarch)" "$into/$program" >"$into/bin/${program##*/}"
      chmod +x "$into/bin/${program##*/}"
    done
  done
}

# Two other implementations of the DHT, for tests/netns/dht_interop_test.sh. libtorrent is the system's
# own release, so that its module fits the system's Python, but unpacked and not installed; the npm
# package is pinned by its lock. Without one of them the test says so.
prepare_dht_peers() {
  say "libtorrent and bittorrent-dht, to test the DHT with"
  local into=$root/dht-interop package complete=yes
  rm -rf "$into"
  mkdir -p "$into"
  for package in python3-libtorrent $(apt-cache depends python3-libtorrent 2>/dev/null |
    sed -n 's/^ *Depends: \(lib\(torrent-rasterbar\|boost-python\).*\)/\1/p'); do
    if (cd "$work" && apt-get -q download "$package") >>"$work/dht-peers.log" 2>&1; then
      dpkg -x "$work/${package}_"*.deb "$into"
    else
      complete=no
      say "WARNING: could not get $package"
    fi
  done
  cp "$here"/../tests/netns/dht_interop/package*.json "$into/"
  if ! (cd "$into" && npm ci --ignore-scripts --no-audit --no-fund) >>"$work/dht-peers.log" 2>&1; then
    complete=no
    say "WARNING: could not get bittorrent-dht (needs npm and its registry)"
  fi
  [[ $complete == no ]] || : >"$stamps/dht-peers"
}

# The system's own release of Prometheus for tests/netns/prometheus_test.sh, unpacked: installing it
# would start a service on this machine.
prepare_prometheus() {
  say "Prometheus, to test the metrics with"
  local into=$root/prometheus
  rm -rf "$into"
  if (cd "$work" && apt-get -q download prometheus) >"$work/prometheus.log" 2>&1; then
    dpkg -x "$work"/prometheus_*.deb "$into"
    : >"$stamps/prometheus"
  else
    say "WARNING: could not get prometheus"
  fi
}

prepare() { # <name>: once
  ! done_already "$1" || return 0
  open_private_apt || cannot_download "the package lists"
  "prepare_${1//-/_}" || return 1
  : >"$stamps/$1"
}

prepare_tls() {
  case $tls in
    auto)
      prepare aws-lc && return
      say "WARNING: AWS-LC is not to be had from this mirror; taking Debian's BoringSSL, which has"
      say "WARNING: NO POST-QUANTUM KEY EXCHANGE (X25519MLKEM768)"
      prepare debian-boringssl
      ;;
    *) prepare "$tls" || cannot_download "$tls" ;;
  esac
}

components_ready() {
  local component
  for component in boost catch2 ngtcp2; do done_already "$component" || return 1; done
  [[ $level != bench ]] || done_already peers || return 1
  case $tls in
    auto) done_already aws-lc ;;
    *) done_already "$tls" ;;
  esac
}

# What only some tests want: its absence is no error.
extras_ready() {
  [[ $level != test && $level != ci ]] || { done_already dht-peers && done_already prometheus; }
}

if ((${#missing[@]} == 0)) && components_ready && extras_ready; then
  say "ready ($root)"
  exit 0
fi

mkdir -p "$prefix" "$stamps" "$root/tls"
exec 9>"$cache/lock"
flock -n 9 || { say "waiting for another run" && flock 9; }
((${#missing[@]} == 0)) || install_missing_packages
jobs=$(nproc)
((jobs < 2)) && jobs=2
if ! components_ready || ! extras_ready; then
  work=$(mktemp -d "$root/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  for component in boost catch2 ngtcp2; do prepare "$component"; done
  prepare_tls
  if [[ $level == bench ]]; then prepare peers || cannot_download "the peers"; fi
  if ! extras_ready; then
    done_already dht-peers || prepare_dht_peers
    done_already prometheus || prepare_prometheus
  fi
fi
say "ready ($root)"
