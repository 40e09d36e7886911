#include "platform/linux/native_address.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstring>

namespace quicether::linux_platform {

TEST_CASE("native_address: an address survives the system's form, mapped or not",
          "[platform][udp]") {
  const auto [text, family] =
      GENERATE(table<const char*, sa_family_t>({{"192.0.2.1:9000", AF_INET},
                                                {"192.0.2.1:9000", AF_INET6},
                                                {"0.0.0.0:0", AF_INET6},
                                                {"[2001:db8::7]:65535", AF_INET6},
                                                {"[::]:1", AF_INET6}}));
  const auto address = SocketAddress::parse(text).value();
  NativeAddress native{};

  const socklen_t length = write_native(address, family, native);

  CHECK(length == (family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
  CHECK(native.any.sa_family == family);
  CHECK(read_native(native) == address);
}

TEST_CASE("native_address: IPv4 is mapped on an IPv6 socket, byte for byte", "[platform][udp]") {
  NativeAddress native{};
  CHECK(write_native(SocketAddress::parse("192.0.2.1:256").value(), AF_INET6, native) > 0);

  constexpr std::uint8_t kMapped[16]{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  CHECK(std::memcmp(&native.v6.sin6_addr, kMapped, sizeof kMapped) == 0);
  CHECK(native.v6.sin6_port == 0x0001);  // 256 in network order, on a little-endian machine
}

TEST_CASE("native_address: an IPv4 socket has no form for IPv6", "[platform][udp]") {
  NativeAddress native{};

  CHECK(write_native(SocketAddress::parse("[::1]:1").value(), AF_INET, native) == 0);
}

}  // namespace quicether::linux_platform
