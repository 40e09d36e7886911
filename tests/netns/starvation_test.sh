#!/usr/bin/env bash
# A node that gets a tenth of a core: its links stay, and its operator is answered.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping iperf3 taskset renice

mesh_nodes alice bob
configure alice bob
configure bob @alice
start bob
start alice
wait_connected alice 1
wait_connected bob 1
bob4=$(overlay bob 4)
wait_for 5 reaches alice "$bob4"

step "the victim shares a core with a program that never waits"
core=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
# A nice value of 10 weighs 110 beside 1024 (sched_prio_to_weight of the kernel).
renice -n 10 -p "$(pid_of bob)" >/dev/null
taskset -a -cp "$core" "$(pid_of bob)" >/dev/null
spawn hog bob taskset -c "$core" bash -c 'while :; do :; done'

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
victim_before=$(cpu_ticks "$(pid_of bob)")
hog_before=$(cpu_ticks "$(pid_of hog)")

step "a flood through it, for longer than a keep-alive interval"
in_ns bob iperf3 --server --daemon --logfile "$work/iperf.log" --pidfile "$work/iperf.pid"
wait_for 5 in_ns bob ss -Htln sport = :5201
limit 40 in_ns alice iperf3 -c "$bob4" -u -b 400M -l 1200 -t 18 >"$work/flood.log" &
flood=$!
answers=0
while kill -0 "$flood" 2>/dev/null; do
  ctl bob status --json >/dev/null || fail "the operator is not answered"
  answers=$((answers + 1))
  sleep 0.5
done
wait "$flood"
printf 'the operator was answered %s times\n' "$answers"
printf 'CPU ticks: victim %s, hog %s\n' "$(($(cpu_ticks "$(pid_of bob)") - victim_before))" \
  "$(($(cpu_ticks "$(pid_of hog)") - hog_before))"

step "no link was given up"
expect_equal "handshakes of alice" "$(counter alice quic.handshakes_completed)" 1
expect_equal "handshakes of bob" "$(counter bob quic.handshakes_completed)" 1
wait_for 5 reaches alice "$bob4"
