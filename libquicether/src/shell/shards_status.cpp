#include "shards.hpp"

#include <algorithm>

namespace quicether::detail {

namespace {

void add_quic_counters(Counters& counters, const quic::EndpointStats& stats) {
  counters.emplace_back("quic.datagrams_ignored", stats.datagrams_ignored);
  counters.emplace_back("quic.dht_messages_ignored", stats.dht_messages_ignored);
  counters.emplace_back("quic.retries_sent", stats.retries_sent);
  counters.emplace_back("quic.version_negotiations_sent", stats.version_negotiations_sent);
  counters.emplace_back("quic.stateless_resets_sent", stats.stateless_resets_sent);
  counters.emplace_back("quic.stateless_resets_received", stats.stateless_resets_received);
  counters.emplace_back("quic.handshakes_completed", stats.handshakes_completed);
  counters.emplace_back("quic.handshakes_failed", stats.handshakes_failed);
  counters.emplace_back("quic.handshakes_resumed", stats.handshakes_resumed);
  counters.emplace_back("quic.early_data_accepted", stats.early_data_accepted);
  counters.emplace_back("quic.early_data_rejected", stats.early_data_rejected);
  counters.emplace_back("quic.tickets_refused", stats.tickets_refused);
  counters.emplace_back("quic.connections_refused", stats.connections_refused);
  counters.emplace_back("quic.received_datagrams_dropped", stats.received_datagrams_dropped);
}

void add_session_counters(Counters& counters, const node::SessionTableStats& stats) {
  counters.emplace_back("session.refused", stats.refused);
  counters.emplace_back("session.protocol_errors", stats.protocol_errors);
  counters.emplace_back("session.hello_timeouts", stats.hello_timeouts);
  counters.emplace_back("session.datagrams_early", stats.datagrams_early);
  counters.emplace_back("session.sessions_early", stats.sessions_early);
}

void add_socket_counters(Counters& counters, const DatagramSocketStats& stats) {
  counters.emplace_back("udp.datagrams_received", stats.datagrams_received);
  counters.emplace_back("udp.datagrams_sent", stats.datagrams_sent);
  counters.emplace_back("udp.bytes_received", stats.bytes_received);
  counters.emplace_back("udp.bytes_sent", stats.bytes_sent);
  counters.emplace_back("udp.send_errors", stats.send_errors);
}

void add_tun_counters(Counters& counters, const TunStats& stats) {
  counters.emplace_back("tun.packets_read", stats.packets_read);
  counters.emplace_back("tun.packets_written", stats.packets_written);
  counters.emplace_back("tun.bytes_read", stats.bytes_read);
  counters.emplace_back("tun.bytes_written", stats.bytes_written);
  counters.emplace_back("tun.write_errors", stats.write_errors);
}

/// Adds values to those of the same name.
void add(Counters& sums, const Counters& more) {
  for (const auto& [name, value] : more) {
    const auto found =
        std::ranges::find(sums, name, [](const auto& entry) -> auto& { return entry.first; });
    if (found == sums.end()) {
      sums.emplace_back(name, value);
    } else {
      found->second += value;
    }
  }
}

}  // namespace

Counters Shards::counters() const {
  Counters sums;
  on_all([&](Stack& stack) {
    Counters counters;
    add_quic_counters(counters, stack.transport.quic_stats());
    add_session_counters(counters, stack.transport.session_stats());
    add_socket_counters(counters, stack.transport.socket_stats());
    if (stack.tun) {
      add_tun_counters(counters, stack.tun->stats());
    }
    add(sums, counters);
    add(sums, stack.paths.counters());
    add(sums, stack.router.counters());
    add(sums, stack.policy.counters());
  });
  return sums;
}

}  // namespace quicether::detail
