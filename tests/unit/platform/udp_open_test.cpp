#include "platform/linux/udp_open.hpp"

#include "unit/platform/system_calls.hpp"
#include "unit/platform/udp_support.hpp"

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
