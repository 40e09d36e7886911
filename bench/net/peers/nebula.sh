# Nebula, AES-GCM; b is the lighthouse. A variant sets nebula_programs to a folder with another build.
nebula_programs=${nebula_programs:-$fetched/bin}
available() { need "$nebula_programs/nebula" "$nebula_programs/nebula-cert"; }
version() { "$nebula_programs/nebula" -version | sed 's/Version: //'; }

prepare() {
  local side
  cd "$run"
  "$nebula_programs/nebula-cert" ca -name bench
  for side in a b; do
    "$nebula_programs/nebula-cert" sign -name "$side" -networks "$(overlay "$side")/24"
  done
  configure a false "[\"$(overlay b)\"]"
  configure b true '[]'
}

configure() { # SIDE AM_LIGHTHOUSE LIGHTHOUSES
  cat >"$run/$1.yml" <<CONFIG
pki: {ca: $run/ca.crt, cert: $run/$1.crt, key: $run/$1.key}
static_host_map: {"$(overlay b)": ["$(underlay b):4242"]}
lighthouse: {am_lighthouse: $2, hosts: $3}
listen: {host: 0.0.0.0, port: 4242}
tun: {dev: $(device "$1")}
cipher: aes
logging: {level: warning}
firewall:
  outbound: [{port: any, proto: any, host: any}]
  inbound: [{port: any, proto: any, host: any}]
CONFIG
}

start() {
  spawn "$1" "$nebula_programs/nebula" -config "$run/$1.yml"
  [[ $1 == a ]] || wait_device b
}
