#ifndef QUICETHER_TESTS_UNIT_CORE_QUIC_EARLY_PAIR_HPP
#define QUICETHER_TESTS_UNIT_CORE_QUIC_EARLY_PAIR_HPP

#include "unit/core_quic/world.hpp"

namespace quicether::quic::test {

inline EndpointConfig with_early_data() {
  EndpointConfig config;
  config.early_data = true;
  return config;
}

/// The type of a long-header packet (RFC 9000 section 17.2); unset for a short header.
enum class PacketType : std::uint8_t { initial, early, handshake, retry };

inline std::optional<PacketType> first_type(ConstBytes datagram) {
  if (datagram.empty() || (datagram[0] & 0x80U) == 0) {
    return std::nullopt;
  }
  return static_cast<PacketType>((datagram[0] >> 4U) & 3U);
}

/// Two nodes that were connected: the client has a ticket.
struct EarlyPair : Pair {
  explicit EarlyPair(const EndpointConfig& client_config = with_early_data(),
                     const EndpointConfig& server_config = with_early_data(),
                     std::uint64_t seed = 1)
      : Pair{seed, client_config, server_config} {
    QE_ASSERT(connect());
    hang_up();
  }

  /// Ends the connection, waits until both sides have forgotten it, and forgets what was received.
  void hang_up() {
    world.run_for(seconds{1});  // the ticket comes after the handshake
    client.endpoint->close(world.now(), at_client, 0, "");
    world.run_for(seconds{5});
    for (auto* const node : {&client, &server}) {
      node->events.clear();
      node->datagrams.clear();
      node->datagram_count = 0;
    }
  }

  /// Dials, asking for early data.
  void dial_early() {
    auto wanted = options();
    wanted.early_data = true;
    at_client = client.endpoint->connect(world.now(), wanted).value();
  }

  /// Sends a datagram on the dialled connection.
  void say(const ByteVector& payload, std::uint32_t token = 0) {
    const OutgoingDatagram datagram{{}, payload, 0, false, token};
    QE_ASSERT(client.endpoint->send_datagrams(world.now(), at_client, {&datagram, 1}) == 1);
  }

  /// Waits until both sides are done with the handshake.
  bool finish(Duration limit = seconds{60}) {
    return world.run(
        [&] { return find(client, at_client) && !server.all<HandshakeCompleted>().empty(); },
        limit);
  }

  [[nodiscard]] bool takes() const { return client.endpoint->takes_early_data(at_client); }

  [[nodiscard]] const EndpointStats& client_stats() const { return client.endpoint->stats(); }

  [[nodiscard]] const EndpointStats& server_stats() const { return server.endpoint->stats(); }

  /// How often the server received this payload.
  [[nodiscard]] std::ptrdiff_t arrivals(const ByteVector& payload) const {
    return std::ranges::count(
        server.datagrams, payload, &std::pair<ConnectionHandle, ByteVector>::second);
  }
};

inline const ByteVector kHello{'h', 'e', 'l', 'l', 'o'};

}  // namespace quicether::quic::test

#endif  // QUICETHER_TESTS_UNIT_CORE_QUIC_EARLY_PAIR_HPP
