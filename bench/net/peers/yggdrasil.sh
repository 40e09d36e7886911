# Yggdrasil with a TLS link; a variant sets yggdrasil_link. b listens.
yggdrasil_link=${yggdrasil_link:-tls}
available() { need "$fetched/bin/yggdrasil"; }
version() { echo "$(package_version yggdrasil) over $yggdrasil_link"; }

prepare() {
  configure a Peers
  configure b Listen
}

configure() { # SIDE KEY
  "$fetched/bin/yggdrasil" -genconf -json |
    python3 -c 'import json, sys
config = json.load(sys.stdin)
key, address, device = sys.argv[1:]
config.update({"Listen": [], "Peers": [], "MulticastInterfaces": [], "AdminListen": "none"})
config.update({"IfName": device, key: [address]})
json.dump(config, sys.stdout)' "$2" "$yggdrasil_link://$(underlay b):9001" "$(device "$1")" \
      >"$run/$1.json"
  overlay "$1" "$("$fetched/bin/yggdrasil" -useconffile "$run/$1.json" -address)" >/dev/null
}

start() {
  spawn "$1" "$fetched/bin/yggdrasil" -useconffile "$run/$1.json" -loglevel warn
  [[ $1 == a ]] || wait_device b
}
