#include <quicether/base/address.hpp>
#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using quicether::Bytes;
using quicether::ConstBytes;
using quicether::errc;
using quicether::InterfaceAddress;
using quicether::IpAddress;
using quicether::Prefix;
using quicether::SeededRandom;
using quicether::SocketAddress;

TEST_CASE("ip_address: prints what it parses, in the canonical form", "[base][address]") {
  struct Case {
    std::string_view text;
    std::string_view canonical;
    bool v6;
  };

  for (const auto& [text, canonical, v6] : {
           Case{"192.0.2.1", "192.0.2.1", false},
           Case{"0.0.0.0", "0.0.0.0", false},
           Case{"255.255.255.255", "255.255.255.255", false},
           Case{"::", "::", true},
           Case{"2001:DB8::1", "2001:db8::1", true},
           Case{"2001:db8:0:0:0:0:0:1", "2001:db8::1", true},
           Case{"::ffff:192.0.2.1", "::ffff:192.0.2.1", true},
           Case{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                true},
       }) {
    CAPTURE(text);
    const auto address = IpAddress::parse(text);
    REQUIRE(address.has_value());
    CHECK(address->is_v6() == v6);
    CHECK(address->to_string() == canonical);
    CHECK(address->bytes().size() == (v6 ? 16U : 4U));
    CHECK(*IpAddress::from_bytes(address->bytes()) == *address);
  }
}

TEST_CASE("ip_address: refuses every loose spelling", "[base][address]") {
  for (const std::string_view text : {"",
                                      " ",
                                      "1",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "1.2.3.256",
                                      "1.2.3.-4",
                                      "1.2.3.4 ",
                                      " 1.2.3.4",
                                      "01.2.3.4",
                                      "0x1.2.3.4",
                                      "1.2.3.4/8",
                                      "1..3.4",
                                      ":",
                                      ":::",
                                      "1::2::3",
                                      "12345::",
                                      "[::1]",
                                      "::1%eth0",
                                      "fe80::1%1",
                                      "::1/128",
                                      "g::",
                                      "1111:2222:3333:4444:5555:6666:7777:8888:9999",
                                      "1111:2222:3333:4444:5555:6666:123.123.123.1234"}) {
    CAPTURE(text);
    CHECK(IpAddress::parse(text).error() == errc::malformed);
  }
  using namespace std::string_view_literals;
  CHECK(IpAddress::parse("1.2.3.4\0"sv).error() == errc::malformed);
  CHECK(IpAddress::parse("1.2.3.4\0.5"sv).error() == errc::malformed);
}

TEST_CASE("ip_address: is made from 4 or 16 bytes only", "[base][address]") {
  const std::array<std::uint8_t, 17> bytes{};

  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CAPTURE(size);
    CHECK(IpAddress::from_bytes(ConstBytes{bytes}.first(size)).has_value() ==
          (size == 4 || size == 16));
  }
}

TEST_CASE("ip_address: converts IPv4 to and from a number in host order", "[base][address]") {
  CHECK(IpAddress::v4(0x7f000001U).to_string() == "127.0.0.1");
  CHECK(IpAddress::v4({10, 1, 2, 3}).to_v4_number() == 0x0a010203U);
}

TEST_CASE("ip_address: numbers bits from the most significant one", "[base][address]") {
  const auto v4 = *IpAddress::parse("128.0.0.1");
  CHECK(v4.bit(0));
  CHECK_FALSE(v4.bit(1));
  CHECK(v4.bit(31));

  const auto v6 = *IpAddress::parse("::1");
  CHECK_FALSE(v6.bit(0));
  CHECK(v6.bit(127));
}

TEST_CASE("ip_address: orders IPv4 before IPv6, then by bytes", "[base][address]") {
  CHECK(*IpAddress::parse("255.255.255.255") < *IpAddress::parse("::"));
  CHECK(*IpAddress::parse("9.0.0.0") < *IpAddress::parse("10.0.0.0"));
  CHECK(IpAddress{} != *IpAddress::parse("::"));
}

TEST_CASE("ip_address: knows the special blocks and their edges", "[base][address]") {
  struct Case {
    std::string_view text;
    bool unspecified = false;
    bool loopback = false;
    bool multicast = false;
    bool link_local = false;
  };

  for (const auto& expected : {
           Case{.text = "0.0.0.0", .unspecified = true},
           Case{.text = "0.0.0.1"},
           Case{.text = "126.255.255.255"},
           Case{.text = "127.0.0.0", .loopback = true},
           Case{.text = "127.255.255.255", .loopback = true},
           Case{.text = "128.0.0.0"},
           Case{.text = "169.253.255.255"},
           Case{.text = "169.254.0.0", .link_local = true},
           Case{.text = "169.254.255.255", .link_local = true},
           Case{.text = "169.255.0.0"},
           Case{.text = "223.255.255.255"},
           Case{.text = "224.0.0.0", .multicast = true},
           Case{.text = "239.255.255.255", .multicast = true},
           Case{.text = "240.0.0.0"},
           Case{.text = "::", .unspecified = true},
           Case{.text = "::1", .loopback = true},
           Case{.text = "::2"},
           Case{.text = "1::1"},
           Case{.text = "fe7f::"},
           Case{.text = "fe80::", .link_local = true},
           Case{.text = "febf:ffff::", .link_local = true},
           Case{.text = "fec0::"},
           Case{.text = "feff::"},
           Case{.text = "ff00::", .multicast = true},
           Case{.text = "ff02::1", .multicast = true},
       }) {
    CAPTURE(expected.text);
    const auto address = *IpAddress::parse(expected.text);
    CHECK(address.is_unspecified() == expected.unspecified);
    CHECK(address.is_loopback() == expected.loopback);
    CHECK(address.is_multicast() == expected.multicast);
    CHECK(address.is_link_local() == expected.link_local);
  }
}

TEST_CASE("ip_address: unmaps ::ffff:a.b.c.d and nothing else", "[base][address]") {
  CHECK(IpAddress::parse("::ffff:192.0.2.1")->unmapped().to_string() == "192.0.2.1");
  for (const std::string_view text :
       {"192.0.2.1", "::192.0.2.1", "::fffe:192.0.2.1", "1::ffff:192.0.2.1"}) {
    CAPTURE(text);
    CHECK(IpAddress::parse(text)->unmapped() == *IpAddress::parse(text));
  }
}

TEST_CASE("socket_address: prints what it parses", "[base][address]") {
  for (const std::string_view text :
       {"192.0.2.1:9000", "0.0.0.0:0", "[2001:db8::1]:65535", "[::]:1"}) {
    CAPTURE(text);
    const auto address = SocketAddress::parse(text);
    REQUIRE(address.has_value());
    CHECK(address->to_string() == text);
  }
}

TEST_CASE("socket_address: refuses missing, doubtful and oversized parts", "[base][address]") {
  for (const std::string_view text : {"",
                                      ":",
                                      ":80",
                                      "192.0.2.1",
                                      "192.0.2.1:",
                                      "192.0.2.1:65536",
                                      "192.0.2.1:+1",
                                      "192.0.2.1:-1",
                                      "192.0.2.1:080",
                                      "192.0.2.1: 80",
                                      "192.0.2.1:80 ",
                                      "192.0.2.1:8o",
                                      "192.0.2.1:99999999999999999999",
                                      "2001:db8::1:80",
                                      "[192.0.2.1]:80",
                                      "[::1]",
                                      "[::1]80",
                                      "[::1:80",
                                      "::1]:80",
                                      "[]:80",
                                      "[[::1]]:80",
                                      "localhost:80"}) {
    CAPTURE(text);
    CHECK(SocketAddress::parse(text).error() == errc::malformed);
  }
}

TEST_CASE("prefix: prints what it parses; an address alone is its host block", "[base][address]") {
  CHECK(Prefix::parse("10.0.0.0/8")->to_string() == "10.0.0.0/8");
  CHECK(Prefix::parse("0.0.0.0/0")->to_string() == "0.0.0.0/0");
  CHECK(Prefix::parse("2001:db8::/32")->to_string() == "2001:db8::/32");
  CHECK(Prefix::parse("192.0.2.1")->to_string() == "192.0.2.1/32");
  CHECK(*Prefix::parse("::1") == Prefix::host(*IpAddress::parse("::1")));
}

TEST_CASE("prefix: refuses host bits, wrong lengths and loose spellings", "[base][address]") {
  for (const std::string_view text : {"",
                                      "/",
                                      "/8",
                                      "10.0.0.0/",
                                      "10.0.0.1/8",
                                      "10.0.0.0/33",
                                      "10.0.0.0/08",
                                      "10.0.0.0/+8",
                                      "10.0.0.0/-1",
                                      "10.0.0.0/8/8",
                                      "10.0.0.0/255.0.0.0",
                                      "10/8",
                                      "::/129",
                                      "::1/127",
                                      "2001:db8::/31/",
                                      "0.0.0.1/31"}) {
    CAPTURE(text);
    CHECK(Prefix::parse(text).error() == errc::malformed);
  }
}

TEST_CASE("prefix: make clears host bits and refuses impossible lengths", "[base][address]") {
  const auto v4 = *IpAddress::parse("255.255.255.255");
  const auto v6 = *IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");

  CHECK(Prefix::make(v4, 0)->to_string() == "0.0.0.0/0");
  CHECK(Prefix::make(v4, 9)->to_string() == "255.128.0.0/9");
  CHECK(Prefix::make(v4, 32)->to_string() == "255.255.255.255/32");
  CHECK(Prefix::make(v4, 33).error() == errc::invalid_argument);
  CHECK(Prefix::make(v6, 127)->to_string() == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127");
  CHECK(Prefix::make(v6, 129).error() == errc::invalid_argument);
}

TEST_CASE("prefix: contains agrees with a comparison bit by bit", "[base][address]") {
  SeededRandom random{1};
  unsigned contained = 0;

  for (int round = 0; round < 20'000; ++round) {
    const bool v6 = random.below(2) == 1;
    std::array<std::uint8_t, 16> block_bytes{};
    random.fill(block_bytes);
    auto address_bytes = block_bytes;
    // Flip one bit, so that about half of the addresses share the block.
    const auto bits = v6 ? 128U : 32U;
    const auto flipped = static_cast<unsigned>(random.below(bits));
    address_bytes[flipped / 8] ^= static_cast<std::uint8_t>(0x80U >> (flipped % 8));
    const auto size = bits / 8;
    const auto block = *IpAddress::from_bytes(ConstBytes{block_bytes}.first(size));
    const auto address = *IpAddress::from_bytes(ConstBytes{address_bytes}.first(size));
    const auto length = static_cast<unsigned>(random.below(bits + 1));
    const auto prefix = *Prefix::make(block, length);

    const bool expected = flipped >= length;
    CHECK(prefix.contains(address) == expected);
    CHECK(prefix.contains(Prefix::host(address)) == expected);
    contained += expected ? 1U : 0U;
  }

  CHECK(contained > 5'000);
  CHECK(contained < 15'000);
}

TEST_CASE("prefix: contains no shorter block and nothing of the other family", "[base][address]") {
  const auto block = *Prefix::parse("10.0.0.0/8");

  CHECK(block.contains(*Prefix::parse("10.0.0.0/8")));
  CHECK(block.contains(*Prefix::parse("10.1.0.0/16")));
  CHECK_FALSE(block.contains(*Prefix::parse("10.0.0.0/7")));
  CHECK_FALSE(block.contains(*Prefix::parse("0.0.0.0/0")));
  CHECK_FALSE(Prefix::parse("::/0")->contains(*IpAddress::parse("10.0.0.1")));
  CHECK_FALSE(Prefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("::")));
}

TEST_CASE("interface_address: keeps the host bits and knows its network", "[base][address]") {
  const auto address = InterfaceAddress::parse("100.64.0.1/16");

  REQUIRE(address.has_value());
  CHECK(address->to_string() == "100.64.0.1/16");
  CHECK(address->network().to_string() == "100.64.0.0/16");
  CHECK(InterfaceAddress::parse("fd00::1")->to_string() == "fd00::1/128");
  CHECK(InterfaceAddress::parse("100.64.0.1/33").error() == errc::malformed);
  CHECK(InterfaceAddress::parse("100.64.0/16").error() == errc::malformed);
}
