# OpenVPN: UDP, TLS, AES-128-GCM in user space. b is the server.
available() { need "$fetched/bin/openvpn" openssl; }
version() { package_version openvpn; }

prepare() {
  local side
  cd "$run"
  overlay b 10.88.0.1 # a server takes the first address, its first client the second
  overlay a 10.88.0.2
  for side in a b; do certificate "$side"; done
  printf 'server 10.88.0.0 255.255.255.0\nlocal %s\ndh none\nkeepalive 10 60\n' "$(underlay b)" |
    configure b a
  printf 'client\nremote %s\nnobind\n' "$(underlay b)" | configure a b
}

certificate() { # SIDE: signed by itself, the other side knows its fingerprint
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj "/CN=$1" -keyout "$1.key" -out "$1.crt" 2>/dev/null
}

configure() { # SIDE OTHER, with more lines on standard input
  { cat && cat <<CONFIG; } >"$1.conf"
dev $(device "$1")
dev-type tun
proto udp
port 1194
topology subnet
disable-dco
cert $1.crt
key $1.key
peer-fingerprint $(openssl x509 -in "$2.crt" -noout -fingerprint -sha256 | cut -d= -f2)
data-ciphers AES-128-GCM
verb 1
CONFIG
}

start() {
  spawn "$1" "$fetched/bin/openvpn" --cd "$run" --config "$1.conf"
  [[ $1 == a ]] || wait_device b
}
