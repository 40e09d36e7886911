# QuicEther as it is built here. A variant sets qed_environment to NAME=VALUE words: every setting of
# qed is a variable too (docs/configuration.md). What differs between the sides goes into their
# configurations: qed_config_a, qed_config_b.
qed_environment=${qed_environment-}
available() { need "$programs/qed" "$programs/quicether"; }
version() { "$programs/qed" --version; }

prepare() {
  local side
  umask 077
  printf '[[rules]]\nsubject = "*"\nobject = "%s"\naction = "allow"\n' 0.0.0.0/0 ::/0 \
    >"$run/policy.toml"
  for side in a b; do
    mkdir "$run/$side"
    "$programs/quicether" keygen --output "$run/$side/node.key" --json |
      sed -n 's/.*"node_id" *: *"\([0-9a-f]*\)".*/\1/p' >"$run/$side/id"
  done
  configure a b "endpoints = [\"$(underlay b):9000\"]"
  configure b a
}

configure() { # SIDE OTHER [LINE]
  local more=qed_config_$1
  cat >"$run/$1/config.toml" <<CONFIG
node.state_dir = "$run/$1"
network.tun_name = "$(device "$1")"
network.tun_addr = "$(overlay "$1")/24"
security.policy_file = "$run/policy.toml"
control.socket = "$run/$1/control.sock"
monitoring.log_level = "warning"
${!more-}
[[peer]]
id = "$(cat "$run/$2/id")"
${3-}
CONFIG
}

start() {
  # shellcheck disable=SC2086 # words
  spawn "$1" env $qed_environment "$programs/qed" --config "$run/$1/config.toml"
  [[ $1 == a ]] || wait_device b
}

details() {
  inside a "$programs/quicether" status --json --control-socket "$run/a/control.sock"
}
