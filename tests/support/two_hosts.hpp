#ifndef QUICETHER_TESTS_SUPPORT_TWO_HOSTS_HPP
#define QUICETHER_TESTS_SUPPORT_TWO_HOSTS_HPP

#include <quicether/base/address.hpp>
#include <quicether/env/datagram_socket.hpp>
#include <quicether/sim/host.hpp>
#include <quicether/sim/network.hpp>
#include <quicether/sim/simulation.hpp>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

namespace quicether::testing {

[[nodiscard]] inline IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

[[nodiscard]] inline SocketAddress endpoint(std::string_view text) {
  return SocketAddress::parse(text).value();
}

[[nodiscard]] inline std::unique_ptr<DatagramSocket> open_socket(Environment& env,
                                                                 std::string_view bind) {
  DatagramSocketOptions options;
  options.bind = endpoint(bind);
  return env.open_datagram_socket(options).value();
}

/// Sends one datagram; true when the socket took it.
inline bool send(DatagramSocket& socket, const SocketAddress& remote, ConstBytes payload) {
  const std::array trains = {
      OutgoingTrain{.bytes = payload, .segment_bytes = payload.size(), .remote = remote}};
  return socket.send(trains) == 1;
}

inline bool send(DatagramSocket& socket, const SocketAddress& remote, std::size_t bytes) {
  return send(socket, remote, ByteVector(bytes));
}

/// A train with a copy of its bytes.
struct KeptTrain {
  ByteVector bytes;
  ReceivedTrain train;
};

/// Receives everything that is there.
[[nodiscard]] inline std::vector<KeptTrain> receive_all(DatagramSocket& socket) {
  std::vector<KeptTrain> all;
  std::array<ReceivedTrain, 8> trains{};
  while (const std::size_t count = socket.receive(trains)) {
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back({{trains[i].bytes.begin(), trains[i].bytes.end()}, trains[i]});
    }
  }
  return all;
}

/// Hosts a (192.0.2.1, 2001:db8::1) and b (192.0.2.2, 2001:db8::2) with a dual-stack socket each
/// on port 9000.
struct TwoHosts {
  explicit TwoHosts(std::uint64_t seed = 1) : simulation{seed} {}

  sim::Simulation simulation;
  sim::Network& network = simulation.network();
  sim::Host& a = network.add_host("a", {"192.0.2.1/24", "2001:db8::1/64"});
  sim::Host& b = network.add_host("b", {"192.0.2.2/24", "2001:db8::2/64"});
  std::unique_ptr<DatagramSocket> socket_a = open_socket(a, "[::]:9000");
  std::unique_ptr<DatagramSocket> socket_b = open_socket(b, "[::]:9000");
  SocketAddress address_a = endpoint("192.0.2.1:9000");
  SocketAddress address_b = endpoint("192.0.2.2:9000");
};

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SUPPORT_TWO_HOSTS_HPP
