#!/usr/bin/env bash
# Debian's Prometheus scrapes two real nodes: promtool finds nothing to criticise, what it stored is
# what the node counted, and health follows what happens to the peers. cmake/bootstrap.sh --with test
# unpacks Prometheus; without that, the system's is taken.
source "$(dirname "${BASH_SOURCE[0]}")/mesh.sh"
PATH=$(bash "$helpers/../../cmake/bootstrap.sh" --print-dir)/prometheus/usr/bin:$PATH
need_program prometheus promtool curl ping

examples=$helpers/../../apps/examples/prometheus
get() { limit 5 in_ns alice curl --silent --show-error --max-time 4 "$@"; }
status_of() { get --output /dev/null --write-out '%{http_code}' "$@"; }
query() { # EXPRESSION: its value in Prometheus, empty when there is none
  get --get --data-urlencode "query=$1" http://127.0.0.1:9095/api/v1/query |
    sed -n 's/.*"value":\[[^,]*,"\([^"]*\)"\].*/\1/p'
}
query_is() { [[ $(query "$1") == "$2" ]]; }
health_is() { get http://127.0.0.1:9091/health | grep -q "\"status\":\"$1\""; }

mesh_nodes alice bob carol
configure alice bob carol
configure bob @alice
configure carol @alice
printf '[monitoring]\nmetrics_addr = "127.0.0.1:9090"\nhealth_addr = "127.0.0.1:9091"\n' \
  >>"$work/alice/config.toml"
for node in alice bob carol; do start "$node"; done
wait_connected alice 2

step "the shipped rules and the metrics pass promtool"
promtool check rules "$examples/quicether-alerts.yml" >rules.log
promtool check config "$examples/prometheus.yml" >config.log
get http://127.0.0.1:9090/metrics >metrics.txt
promtool check metrics <metrics.txt >lint.log 2>&1 || fail "promtool check metrics"
[[ ! -s lint.log ]] || fail "promtool has something to say"

step "names that dashboards rely on"
for name in packets_sent packets_recv bytes_sent bytes_recv connections_active failed_handshakes \
  total_handshakes; do
  grep -Eq "^quicether_$name [0-9]" metrics.txt || fail "no quicether_$name"
done
grep -Eq '^quicether_path_rtt\{.*interface="eth0".*\} [0-9]' metrics.txt || fail "no path_rtt of eth0"

step "every counter of status --json is there"
ctl alice status --json | grep -o '"counters" *: *{[^}]*}' | grep -o '"[a-z0-9_]*\.[a-z0-9_.]*"' |
  tr -d '"' >counters.txt
[[ $(wc -l <counters.txt) -gt 20 ]] || fail "status --json has few counters"
while read -r dotted; do
  IFS=. read -r section name reason <<<"$dotted"
  line=quicether_${section}_${name}
  [[ $dotted == policy.flows || $dotted == dht.items_stored ]] || line+=_total${reason:+"{reason=\"$reason\"}"}
  grep -qF "$line " metrics.txt || fail "$dotted is not there as $line"
done <counters.txt

step "Prometheus scrapes the node"
sed -e 's/15s/200ms/' -e "s,quicether-alerts.yml,$examples/quicether-alerts.yml," \
  "$examples/prometheus.yml" >prometheus.yml
spawn prometheus alice prometheus --config.file="$work/prometheus.yml" \
  --storage.tsdb.path="$work/tsdb" --web.listen-address=127.0.0.1:9095
wait_for 30 query_is 'up{job="quicether"}' 1 || fail "up is '$(query 'up{job="quicether"}')'"
wait_for 10 query_is quicether_connections_active 2 || fail "connections_active is not 2"
limit 20 in_ns alice ping -q -i 0.01 -c 100 "$(overlay bob 4)" >/dev/null
read_now=$(counter alice tun.packets_read)
((read_now >= 100)) || fail "alice read $read_now packets"
wait_for 10 query_is "quicether_tun_packets_read_total >= bool $read_now" 1 ||
  fail "Prometheus has $(query quicether_tun_packets_read_total) packets, alice read $read_now"

step "health: all peers, one, none"
expect_equal "status" "$(status_of http://127.0.0.1:9091/health)" 200
health_is Healthy || fail "not Healthy"
expect_equal "ready" "$(get http://127.0.0.1:9091/ready)" READY
end bob || true
wait_for 15 health_is Degraded || fail "not Degraded without bob"
expect_equal "status" "$(status_of http://127.0.0.1:9091/health)" 200
get http://127.0.0.1:9091/health | grep -q 'peer bob is not connected' || fail "no reason"
end carol || true
wait_for 15 health_is Unhealthy || fail "not Unhealthy without any peer"
expect_equal "status" "$(status_of http://127.0.0.1:9091/health)" 503
wait_for 10 query_is 'quicether_health{state="unhealthy"}' 1 || fail "Prometheus has not heard"

step "a page of another origin is refused"
expect_equal "status" "$(status_of -H 'Host: evil.example' http://127.0.0.1:9090/metrics)" 403
expect_equal "status" "$(status_of -X POST http://127.0.0.1:9090/metrics)" 405

step "a port in use, a reload and an end"
mkdir -m 0700 "$work/second"
sed -e "s,$work/alice,$work/second,; s/^\[node\]/[node]\nlisten = \"[::]:9555\"/" \
  -e 's/^\[security\]/[network]\ntun_name = "second0"\n[security]/' \
  "$work/alice/config.toml" | sed "s,$work/second/policy,$work/alice/policy," >second.toml
code=0
limit 10 in_ns alice "$programs/qed" --config "$work/second.toml" >second.txt 2>&1 || code=$?
expect_equal "exit code with the port in use" "$code" 69
grep -q 'monitoring.metrics_addr: 127.0.0.1:9090: another program has this port' second.txt ||
  fail "$(cat second.txt)"
sed -i 's/127.0.0.1:9090/127.0.0.1:9290/' "$work/alice/config.toml"
ctl alice reload | grep -q monitoring.metrics_addr || fail "reload does not name the key"
expect_equal "status" "$(status_of http://127.0.0.1:9090/ready)" 404
end alice || fail "alice ended with $?"
