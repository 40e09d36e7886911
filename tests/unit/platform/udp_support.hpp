#ifndef QUICETHER_TESTS_UNIT_PLATFORM_UDP_SUPPORT_HPP
#define QUICETHER_TESTS_UNIT_PLATFORM_UDP_SUPPORT_HPP

#include "platform/linux/udp_socket.hpp"
#include "unit/platform/platform_support.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether::test {

/// A datagram that came out of a train.
struct Datagram {
  ByteVector bytes{};
  SocketAddress local{};
  SocketAddress remote{};
  Ecn ecn = Ecn::not_ect;

  friend bool operator==(const Datagram&, const Datagram&) = default;
};

/// Real sockets on the loopback interface.
struct Loopback {
  boost::asio::io_context io{1};
  EventLog events{};

  std::unique_ptr<linux_platform::UdpSocket> open(std::string_view bind, bool offload = true) {
    return linux_platform::UdpSocket::open(io.get_executor(), options(bind), offload, events)
        .value();
  }

  static DatagramSocketOptions options(std::string_view bind) {
    return {.bind = SocketAddress::parse(bind).value()};
  }

  /// Waits for `count` datagrams and takes them apart. Nothing on loopback is lost.
  std::vector<Datagram> receive(DatagramSocket& socket, std::size_t count) {
    std::vector<Datagram> datagrams;
    std::array<ReceivedTrain, 8> trains;
    while (datagrams.size() < count) {
      const std::size_t received = socket.receive(trains);
      for (const ReceivedTrain& train : std::span{trains}.first(received)) {
        split(train, datagrams);
      }
      if (received == 0) {
        wait_readable(socket);
      }
    }
    return datagrams;
  }

  void wait_readable(DatagramSocket& socket) {
    bool readable = false;
    socket.wait_readable([&](error_code error) {
      CHECK_FALSE(error);
      readable = true;
    });
    run_until(io, [&] { return readable; });
  }

  static void split(const ReceivedTrain& train, std::vector<Datagram>& out) {
    REQUIRE(train.segment_bytes > 0);
    REQUIRE(train.bytes.size() <= train.segment_bytes * kTrainSegmentsMax);
    for (std::size_t at = 0; at < train.bytes.size(); at += train.segment_bytes) {
      const Bytes bytes =
          train.bytes.subspan(at, std::min(train.segment_bytes, train.bytes.size() - at));
      out.push_back({.bytes = {bytes.begin(), bytes.end()},
                     .local = train.local,
                     .remote = train.remote,
                     .ecn = train.ecn});
    }
  }
};

inline SocketAddress at(std::string_view address, std::uint16_t port) {
  return {.address = IpAddress::parse(address).value(), .port = port};
}

/// `count` datagrams of `size` bytes, the last of `last_size`, each with content of its own.
inline ByteVector train_bytes(std::size_t count, std::size_t size, std::size_t last_size) {
  ByteVector bytes((count - 1) * size + last_size);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  }
  return bytes;
}

/// The bytes of several datagrams in a row.
inline ByteVector joined(const std::vector<Datagram>& datagrams) {
  ByteVector bytes;
  for (const Datagram& datagram : datagrams) {
    bytes.insert(bytes.end(), datagram.bytes.begin(), datagram.bytes.end());
  }
  return bytes;
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_PLATFORM_UDP_SUPPORT_HPP
