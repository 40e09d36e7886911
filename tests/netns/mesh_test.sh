#!/usr/bin/env bash
# Three real daemons with static peers: reachability, TCP, UDP, path MTU, commands, clean stop.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
need_program ping iperf3

mesh_nodes alice bob carol
configure alice bob carol
configure bob alice carol
configure carol alice bob
# Carol takes neither chunks nor the kernel's offloads: everybody must get along with that.
printf '[performance]\nchunks = false\noffload = false\n' >>"$work/carol/config.toml"
for node in alice bob carol; do start "$node"; done
for node in alice bob carol; do wait_connected "$node" 2; done

step "everybody reaches everybody over IPv4 and IPv6"
for from in alice bob carol; do
  for to in alice bob carol; do
    [[ $from == "$to" ]] && continue
    for family in 4 6; do
      wait_for 5 reaches "$from" "$(overlay "$to" "$family")" || fail "$from -> $to, IPv$family"
    done
  done
done

step "packets of every size up to the MTU, without fragmentation"
for size in 0 1000 1372; do
  wait_for 5 reaches alice "$(overlay bob 4)" -M do -s "$size" || fail "size $size"
done

step "TCP and UDP through the tunnel"
in_ns bob iperf3 --server --daemon --logfile "$work/iperf.log" --pidfile "$work/iperf.pid"
wait_for 5 in_ns bob ss -Htln sport = :5201
limit 20 in_ns alice iperf3 -c "$(overlay bob 4)" -n 64M >"$work/tcp4.log"
limit 20 in_ns alice iperf3 -c "$(overlay bob 6)" -n 64M -R >"$work/tcp6.log"
limit 20 in_ns alice iperf3 -c "$(overlay bob 4)" -u -b 20M -l 1200 -n 4M >"$work/udp.log"
limit 20 in_ns carol iperf3 -c "$(overlay bob 4)" -n 16M >"$work/tcp4.log"
limit 20 in_ns carol iperf3 -c "$(overlay bob 6)" -n 16M -R >"$work/tcp6.log"
expect_equal "chunks that bob refused" "$(counter bob link.chunks_refused)" 0
(($(counter alice link.super_packets_sent) > 0)) || fail "alice sent no super-packet whole"
expect_equal "super-packets that carol sent whole" "$(counter carol link.super_packets_sent)" 0

step "the commands show it"
ctl alice status >"$work/status.log"
grep -q "^Node ID: ${node_id[alice]}" "$work/status.log"
grep -q '^TUN Interface: quicether0' "$work/status.log"
grep -q '^Connected Peers: 2' "$work/status.log"
ctl alice peers >"$work/peers.log"
grep -q '10.99.0.2:9000 .*Connected' "$work/peers.log"
ctl alice routes >"$work/routes.log"
grep -q "$(overlay bob 4)/32" "$work/routes.log"
ctl alice peers --json | grep -q X25519MLKEM768 || fail "no post-quantum key exchange"

step "stopping leaves no device and no route behind"
ctl alice stop
wait_for 5 gone "$(pid_of alice)"
[[ -z $(ip -n alice link show dev quicether0 2>/dev/null) ]] || fail "the device is still there"
[[ -z $(ip -n alice -6 route show proto static) ]] || fail "routes are still there"
wait_connected bob 1
