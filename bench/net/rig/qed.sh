# qed, as a peer of the benchmark rig: copy or link this file into the rig's peers/ folder.
# QUICETHER_BIN: the folder with qed and quicether (default: build/release/bin of the checkout).
BIN=${QUICETHER_BIN:?set QUICETHER_BIN to the folder with qed and quicether}
available() { need "$BIN/qed" "$BIN/quicether"; }
version() { "$BIN/qed" --version; }
prepare() {
  local s o
  umask 077
  for s in A B; do
    mkdir -p "$RUN_DIR/$s"
    "$BIN/quicether" keygen --output "$RUN_DIR/$s/node.key" --json |
      sed -n 's/.*"node_id" *: *"\([0-9a-f]*\)".*/\1/p' > "$RUN_DIR/$s/id"
  done
  printf '[[rules]]\nsubject = "*"\nobject = "0.0.0.0/0"\naction = "allow"\n' > "$RUN_DIR/policy.toml"
  printf '[[rules]]\nsubject = "*"\nobject = "::/0"\naction = "allow"\n' >> "$RUN_DIR/policy.toml"
  for s in A B; do
    o=$(other "$s")
    cat > "$RUN_DIR/$s/config.toml" <<C
[node]
name = "side-$s"
state_dir = "$RUN_DIR/$s"
[network]
tun_name = "$(tun "$s")"
tun_addr = "$(over "$s")/24"
[security]
policy_file = "$RUN_DIR/policy.toml"
[control]
socket = "$RUN_DIR/$s/control.sock"
[monitoring]
log_level = "warning"
[[peer]]
name = "side-$o"
id = "$(cat "$RUN_DIR/$o/id")"
$([ "$s" = A ] && echo "endpoints = [\"$(under B):9000\"]")
C
  done
}
up_b() { spawn B "$BIN/qed" --config "$RUN_DIR/B/config.toml"; wait_for 5 dev_exists B "$TUN_B"; }
up_a() { spawn A "$BIN/qed" --config "$RUN_DIR/A/config.toml"; }
