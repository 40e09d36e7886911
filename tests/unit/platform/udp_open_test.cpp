#include "platform/linux/udp_open.hpp"

#include "core/quic/cid.hpp"
#include "unit/platform/system_calls.hpp"
#include "unit/platform/udp_support.hpp"

#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sys/syscall.h>
#include <unistd.h>

namespace quicether::linux_platform {

namespace {

using test::Loopback;

int real_socket(int family, int type, int protocol) {
  return static_cast<int>(::syscall(SYS_socket, family, type, protocol));
}

int socket_option(const BoundUdpSocket& socket, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  CHECK(::getsockopt(socket.fd.get(), level, name, &value, &length) == 0);
  return value;
}

}  // namespace

TEST_CASE("udp_open: a port in use is already_open and an event says which", "[platform][udp]") {
  Loopback net;
  const auto first = open_udp_socket(Loopback::options("127.0.0.1:0"), true, net.events);
  const std::string address = first.value().local.to_string();

  const auto second = open_udp_socket(Loopback::options(address), true, net.events);

  CHECK(second.error() == errc::already_open);
  CHECK(net.events.field("udp.open_failed", "address") == address);
  CHECK(net.events.field("udp.open_failed", "step") == "bind");
  CHECK_FALSE(net.events.field("udp.open_failed", "reason").empty());
}

TEST_CASE("udp_open: the shards of a node share a port, and nobody else gets it",
          "[platform][udp][shard]") {
  Loopback net;
  auto options = Loopback::options("127.0.0.1:0");
  options.shard = {0, 2};
  const auto first = open_udp_socket(options, true, net.events);
  options.bind = first.value().local;
  options.shard = {1, 2};
  const auto second = open_udp_socket(options, true, net.events);
  CHECK(second.value().local == first.value().local);

  options.shard = {0, 2};
  CHECK(open_udp_socket(options, true, net.events).error() == errc::already_open);
  options.shard = {};
  CHECK(open_udp_socket(options, true, net.events).error() == errc::already_open);
}

TEST_CASE("udp_open: datagrams of several shards do not look alike to a receiver's offload",
          "[platform][udp][shard]") {
  for (const std::string_view any : {"127.0.0.1:0", "[::]:0"}) {
    CAPTURE(any);
    Loopback net;
    auto options = Loopback::options(any);
    std::vector<BoundUdpSocket> sockets;
    for (std::uint8_t index = 0; index < 3; ++index) {
      options.shard = {index, 3};
      sockets.push_back(open_udp_socket(options, true, net.events).value());
      options.bind = sockets.back().local;
    }
    for (int index = 1; index < 3; ++index) {
      const auto& socket = sockets[static_cast<std::size_t>(index)];
      CHECK(socket_option(socket, IPPROTO_IP, IP_TTL) ==
            socket_option(sockets[0], IPPROTO_IP, IP_TTL) - index);
      if (!options.bind.address.is_v4()) {
        CHECK(socket_option(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS) ==
              socket_option(sockets[0], IPPROTO_IPV6, IPV6_UNICAST_HOPS) - index);
      }
    }
  }
}

TEST_CASE("udp_open: each shard gets the datagrams with its lanes", "[platform][udp][shard]") {
  constexpr std::uint8_t kShards = 3;
  for (const std::string_view any : {"127.0.0.1:0", "[::1]:0", "[::]:0"}) {
    CAPTURE(any);
    Loopback net;
    auto options = Loopback::options(any);
    std::vector<std::unique_ptr<UdpSocket>> sockets;
    for (std::uint8_t index = 0; index < kShards; ++index) {
      options.shard = {index, kShards};
      auto socket = UdpSocket::open(net.io.get_executor(), options, true, net.events).value();
      options.bind = socket->local_endpoint();
      sockets.push_back(std::move(socket));
    }
    const bool v4 = options.bind.address.is_v4();
    const auto sender = net.open(v4 ? "127.0.0.1:0" : "[::1]:0");
    const auto to = test::at(v4 ? "127.0.0.1" : "::1", options.bind.port);

    // Beginnings of long and short headers, of DHT messages, and of what is nearly one of those.
    std::vector<ByteVector> datagrams{{0}, {'d'}, {0xff, 1, 2, 3, 4, 5}};
    SeededRandom random{7};
    for (int i = 0; i < 300; ++i) {
      ByteVector bytes(1 + random.below(40));
      random.fill(bytes);
      datagrams.push_back(bytes);
    }
    for (const std::string_view text : {"d1:a", "d9:", "d/:a", "d::a", "d1;a", "e1:a", "d5:b"}) {
      datagrams.emplace_back(text.begin(), text.end());
    }
    std::vector<std::vector<ByteVector>> expected(kShards);
    for (auto& datagram : datagrams) {
      expected[quic::shard_of(datagram, kShards)].push_back(datagram);
      OutgoingTrain train;
      train.remote = to;
      train.bytes = datagram;
      train.segment_bytes = datagram.size();
      REQUIRE(sender->send({&train, 1}) == 1);
    }

    for (std::uint8_t index = 0; index < kShards; ++index) {
      const auto received = net.receive(*sockets[index], expected[index].size());
      std::vector<ByteVector> bytes;
      for (const auto& datagram : received) {
        bytes.push_back(datagram.bytes);
      }
      CHECK(bytes == expected[index]);
    }
  }
}

TEST_CASE("udp_open: an address or interface that is not here is invalid_argument",
          "[platform][udp]") {
  Loopback net;
  DatagramSocketOptions no_interface = Loopback::options("0.0.0.0:0");
  no_interface.interface = "nosuch0";

  CHECK(open_udp_socket(Loopback::options("192.0.2.1:0"), true, net.events).error() ==
        errc::invalid_argument);
  CHECK(open_udp_socket(no_interface, true, net.events).error() == errc::invalid_argument);
  CHECK(net.events.field("udp.open_failed", "interface") == "nosuch0");
}

TEST_CASE("udp_open: a system without IPv6 gives the any-address of IPv4", "[platform][udp]") {
  Loopback net;
  const test::BentSystemCalls bent{{.socket = [](int family, int type, int protocol) {
    return family == AF_INET6 ? test::fail_with(EAFNOSUPPORT) : real_socket(family, type, protocol);
  }}};

  const auto any = open_udp_socket(Loopback::options("[::]:0"), true, net.events);
  const auto one = open_udp_socket(Loopback::options("[::1]:0"), true, net.events);

  CHECK(any.value().local.address == IpAddress{});
  CHECK(any.value().family == AF_INET);
  CHECK(one.error() == errc::unsupported);
}

TEST_CASE("udp_open: no descriptor left is io_failure", "[platform][udp]") {
  Loopback net;
  const test::BentSystemCalls bent{
      {.socket = [](int, int, int) { return test::fail_with(EMFILE); }}};

  CHECK(open_udp_socket(Loopback::options("[::]:0"), true, net.events).error() == errc::io_failure);
  CHECK(choose_source_address(test::at("127.0.0.1", 1), AF_INET, "").error() == errc::io_failure);
}

TEST_CASE("udp_open: sets \"don't fragment\" for both families", "[platform][udp]") {
  Loopback net;
  const auto both = open_udp_socket(Loopback::options("[::]:0"), true, net.events).value();
  const auto v4 = open_udp_socket(Loopback::options("0.0.0.0:0"), true, net.events).value();

  CHECK(socket_option(v4, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_PROBE);
  CHECK(socket_option(both, IPPROTO_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_PROBE);
  CHECK(socket_option(both, IPPROTO_IPV6, IPV6_MTU_DISCOVER) == IPV6_PMTUDISC_PROBE);
}

TEST_CASE("udp_open: buffers are as large as wanted, or a warning says what they are",
          "[platform][udp]") {
  Loopback net;
  DatagramSocketOptions options = Loopback::options("0.0.0.0:0");
  options.receive_buffer_bytes = 64U << 20U;

  const auto socket = open_udp_socket(options, true, net.events).value();

  const auto granted = static_cast<std::size_t>(socket_option(socket, SOL_SOCKET, SO_RCVBUF)) / 2;
  if (net.events.count("udp.small_buffer") == 0) {
    CHECK(granted == options.receive_buffer_bytes);
  } else {
    CHECK(net.events.field("udp.small_buffer", "granted_bytes") == std::to_string(granted));
    CHECK(granted < options.receive_buffer_bytes);
  }
}

TEST_CASE("udp_open: bound to the loopback interface the loopback is all it reaches",
          "[platform][udp]") {
  Loopback net;
  DatagramSocketOptions options = Loopback::options("0.0.0.0:0");
  options.interface = "lo";

  const auto socket = UdpSocket::open(net.io.get_executor(), options, true, net.events).value();

  CHECK(socket->source_address(test::at("127.0.0.1", 1)).value() ==
        IpAddress::parse("127.0.0.1").value());
}

}  // namespace quicether::linux_platform
