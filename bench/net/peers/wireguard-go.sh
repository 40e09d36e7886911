# WireGuard in user space, with segmentation offloads at the TUN and at UDP. What the ratios of the
# report are against.
available() { need "$fetched/bin/wireguard-go" "$fetched/bin/wg"; }
version() { package_version wireguard-go; }

prepare() {
  local side
  umask 077
  for side in a b; do
    "$fetched/bin/wg" genkey >"$run/$side.private"
    "$fetched/bin/wg" pubkey <"$run/$side.private" >"$run/$side.public"
  done
}

start() {
  local device peer
  device=$(device "$1") peer=$(other "$1")
  spawn "$1" env LOG_LEVEL=error WG_PROCESS_FOREGROUND=1 "$fetched/bin/wireguard-go" "$device"
  wait_for test -S "/var/run/wireguard/$device.sock"
  inside "$1" "$fetched/bin/wg" set "$device" private-key "$run/$1.private" listen-port 51820 \
    peer "$(cat "$run/$peer.public")" endpoint "$(underlay "$peer"):51820" \
    allowed-ips "$(overlay "$peer")/32"
  inside "$1" ip addr add "$(overlay "$1")/24" dev "$device"
  inside "$1" ip link set "$device" mtu 1420 up
}
