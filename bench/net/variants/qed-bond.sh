# qed with a path over each of the links that bond.sh makes: a opens them, b accepts them.
# BENCH_BOND_INTERFACES: of a, "eth0,eth1"; BENCH_BOND_SCHEDULER: none is qed's own choice;
# BENCH_BOND_WEIGHTS: "eth0 = 20, eth1 = 50".
qed_config_a="multipath.enabled = true
multipath.mode = \"aggregate\"
multipath.interfaces = [\"${BENCH_BOND_INTERFACES//,/\", \"}\"]"
if [[ -n ${BENCH_BOND_SCHEDULER-} ]]; then
  qed_config_a+="
multipath.scheduler = \"$BENCH_BOND_SCHEDULER\""
fi
if [[ -n ${BENCH_BOND_WEIGHTS-} ]]; then
  qed_config_a+="
multipath.weights = { $BENCH_BOND_WEIGHTS }"
fi
qed_config_b="multipath.accept = true"
if [[ -n ${BENCH_BOND_SCHEDULER-} ]]; then
  qed_config_b+="
multipath.scheduler = \"$BENCH_BOND_SCHEDULER\""
fi
source "$peers/qed.sh"
