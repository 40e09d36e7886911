# tinc 1.0 in router mode with its default cipher.
available() { need "$fetched/bin/tincd"; }
version() { package_version tinc; }

prepare() {
  local side
  for side in a b; do configure "$side"; done
  cp "$run/a/hosts/a" "$run/b/hosts/"
  cp "$run/b/hosts/b" "$run/a/hosts/"
}

configure() { # SIDE
  mkdir -p "$run/$1/hosts"
  printf 'Name = %s\nInterface = %s\nAddressFamily = ipv4\n' "$1" "$(device "$1")" \
    >"$run/$1/tinc.conf"
  [[ $1 == b ]] || echo "ConnectTo = b" >>"$run/$1/tinc.conf"
  printf 'Address = %s\nSubnet = %s/32\n' "$(underlay "$1")" "$(overlay "$1")" >"$run/$1/hosts/$1"
  cat >"$run/$1/tinc-up" <<-SCRIPT
	#!/bin/sh
	ip addr add $(overlay "$1")/24 dev "\$INTERFACE" && ip link set "\$INTERFACE" up
	SCRIPT
  chmod +x "$run/$1/tinc-up"
  "$fetched/bin/tincd" -c "$run/$1" -K 2048 </dev/null
}

start() {
  spawn "$1" "$fetched/bin/tincd" -c "$run/$1" -D -d1 --pidfile="$run/$1.pid"
  [[ $1 == a ]] || wait_device b
}
