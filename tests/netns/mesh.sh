# Nodes with a real qed and TUN device each, for the tests that source this file. It has all of
# lib.sh, too.
#
#   mesh_nodes alice bob        namespaces on one bridge, 10.99.0.1 …, keys and node ids
#   configure alice bob         alice's configuration: bob is her peer at his address
#   start alice; wait_connected alice 1
#
# ${underlay[alice]} are alice's addresses, those of IPv6 in brackets.
#
# A node's files are in $work/NAME: config.toml, policy.toml, node.key, control.sock.

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need_tun

declare -A node_id underlay

mesh_nodes() {
  local name i=0
  namespaces lan
  ip -n lan link add br0 type bridge
  ip -n lan link set br0 up
  for name; do
    i=$((i + 1))
    node "$name"
    connect lan "to-$name" "$name" eth0
    ip -n lan link set "to-$name" master br0
    underlay[$name]=10.99.0.$i
    ip -n "$name" addr add "10.99.0.$i/24" dev eth0
  done
}

# node NAME: a namespace with a key, and a policy that allows all.
node() {
  local name=$1
  namespaces "$name"
  mkdir -m 0700 "$work/$name"
  node_id[$name]=$("$programs/quicether" keygen --output "$work/$name/node.key" --json |
    sed -n 's/.*"node_id" *: *"\([0-9a-f]*\)".*/\1/p')
  [[ ${node_id[$name]} =~ ^[0-9a-f]{40}$ ]] || fail "keygen gave no node id"
  allow_all "$name"
}

# configure NAME PEER…: a PEER with a leading "@" is known by its id only, and dials us.
configure() {
  local name=$1 peer endpoints
  shift
  {
    printf '[node]\nname = "%s"\nstate_dir = "%s"\n' "$name" "$work/$name"
    printf '[security]\npolicy_file = "%s"\n' "$work/$name/policy.toml"
    printf '[control]\nsocket = "%s"\n' "$work/$name/control.sock"
    for peer; do
      printf '[[peer]]\nname = "%s"\nid = "%s"\n' "${peer#@}" "${node_id[${peer#@}]}"
      [[ $peer == @* ]] && continue
      printf -v endpoints '"%s:9000", ' ${underlay[$peer]}
      printf 'endpoints = [%s]\n' "${endpoints%, }"
    done
  } >"$work/$name/config.toml"
}

# allow_all NAME / allow_nothing NAME: NAME's policy file.
allow_all() {
  printf '[[rules]]\nsubject = "*"\nobject = "%s"\naction = "allow"\n' 0.0.0.0/0 ::/0 \
    >"$work/$1/policy.toml"
}
allow_nothing() { : >"$work/$1/policy.toml"; }

start() {
  spawn "$1" "$1" "$programs/qed" --config "$work/$1/config.toml"
  wait_for_line "$1" node.ready 30 # whatever else the machine does
}

ctl() { # NAME COMMAND…
  local name=$1
  shift
  limit 30 in_ns "$name" "$programs/quicether" "$@" --control-socket "$work/$name/control.sock"
}

connected() { # NAME COUNT
  ctl "$1" status --json | grep -Eq "\"peers_connected\" *: *$2\b"
}

wait_connected() { # NAME COUNT [SECONDS]
  wait_for "${3:-10}" connected "$1" "$2" || fail "$1 is not connected to $2 peers"
}

overlay() { # NAME 4|6
  ip -n "$1" -o "-$2" addr show dev quicether0 scope global |
    sed -n 's/.* inet6\? \([0-9a-f.:]*\)\/.*/\1/p' | head -n 1
}

reaches() { # FROM TO [ping options]
  local from=$1 to=$2
  shift 2
  limit 15 in_ns "$from" ping -q -c 1 -W 2 "$@" "$to" >/dev/null
}

# counter NAME COUNTER: its value in `quicether status --json`.
counter() {
  ctl "$1" status --json | grep -Eo "\"${2//./\\.}\" *: *[0-9]+" | grep -Eo '[0-9]+$'
}

# Several paths to a peer.

# several NAME MULTIPATH-LINE PEER…: as configure, with a [multipath] section.
several() {
  local name=$1 line=$2
  shift 2
  configure "$name" "$@"
  printf '[multipath]\n%s\n' "$line" >>"$work/$name/config.toml"
}

# active NAME: the interfaces of its active paths, sorted, in one line.
active() {
  ctl "$1" multipath | sed -n 's/^\([^ ]*\) .*| Active .*/\1/p' | sort | tr '\n' ' '
}

active_are() { [[ $(active "$1") == "$2 " ]]; }

wait_active() { # NAME INTERFACES [SECONDS]
  wait_for "${3:-10}" active_are "$1" "$2" ||
    fail "the active paths of $1 are over '$(active "$1")', not '$2'"
}

# bonded_pair PROFILE…: alice and bob, joined by emulated lines line0, line1 … between their eth0,
# eth1 …, with a path over each; 10.98.0.1 and 10.98.0.2 are their first addresses.
bonded_pair() {
  local i=0 profile
  node alice
  node bob
  bond_interfaces=''
  for profile; do
    line "line$i" alice "eth$i" bob "eth$i" "$profile"
    ip -n alice addr add "10.98.$i.1/24" dev "eth$i"
    ip -n bob addr add "10.98.$i.2/24" dev "eth$i"
    bond_interfaces+="${bond_interfaces:+ }eth$i"
    i=$((i + 1))
  done
  underlay[bob]=10.98.0.2
  start_bond 'enabled = true'
}

# start_bond MULTIPATH-LINE: (again) with that in the configuration of both.
start_bond() {
  several alice "$1" bob
  several bob "$1" @alice
  start bob
  start alice
  wait_bond
}

wait_bond() {
  wait_active alice "$bond_interfaces" 20
  wait_active bob "$bond_interfaces" 20
  wait_for 20 reaches alice "$(overlay bob 4)" || fail "no ping through the bond"
}
