# fastd, one thread of C, with the fastest of its authenticated ciphers here.
method=aes128-ctr+umac
available() { need "$fetched/bin/fastd"; }
version() { echo "$(package_version fastd) $method"; }

prepare() {
  local side
  umask 077
  for side in a b; do
    "$fetched/bin/fastd" --generate-key --machine-readable >"$run/$side.secret"
    printf 'secret "%s";\n' "$(cat "$run/$side.secret")" >"$run/key.conf"
    "$fetched/bin/fastd" -c "$run/key.conf" --show-key --machine-readable >"$run/$side.public"
  done
  configure a b
  configure b a
}

configure() { # SIDE OTHER
  cat >"$run/$1.conf" <<CONFIG
mode tun;
interface "$(device "$1")";
mtu 1430;
method "$method";
bind $(underlay "$1"):10000;
secret "$(cat "$run/$1.secret")";
log level warn;
peer "$2" { key "$(cat "$run/$2.public")"; remote $(underlay "$2"):10000; }
on up "ip addr add $(overlay "$1")/24 dev $(device "$1") && ip link set $(device "$1") up";
CONFIG
}

start() {
  spawn "$1" "$fetched/bin/fastd" -c "$run/$1.conf"
  [[ $1 == a ]] || wait_device b
}
