#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/dht/id.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string_view>

using namespace quicether;
using namespace quicether::dht;

namespace {

Id id(std::string_view hex) {
  Id made;
  REQUIRE(from_hex(hex, made.bytes).has_value());
  return made;
}

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

}  // namespace

TEST_CASE("id: counts shared bits and compares by XOR distance", "[dht][id]") {
  const auto zero = Id{};
  const auto one = id("0000000000000000000000000000000000000001");
  const auto high = id("8000000000000000000000000000000000000000");

  CHECK(common_prefix_bits(zero, zero) == 160);
  CHECK(common_prefix_bits(zero, one) == 159);
  CHECK(common_prefix_bits(zero, high) == 0);
  CHECK(closer(one, high, zero));
  CHECK(closer(high, one, id("ffffffffffffffffffffffffffffffffffffffff")));
  CHECK_FALSE(closer(one, one, zero));
}

TEST_CASE("id: a random sibling shares exactly the bits asked for", "[dht][id]") {
  SeededRandom random{1};
  const auto self = Id::random(random);
  for (std::size_t bits = 0; bits < kIdBits; ++bits) {
    CHECK(common_prefix_bits(self, self.random_sibling(bits, random)) == bits);
  }
}

// The published examples of BEP 42.
TEST_CASE("id: follows the examples of BEP 42", "[dht][id]") {
  struct Example {
    std::string_view address, id;
  };

  for (const auto& [address, text] :
       {Example{"124.31.75.21", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401"},
        Example{"21.75.31.124", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256"},
        Example{"65.23.51.170", "a5d43220bc8f112a3d426c84764f8c2a1150e616"},
        Example{"84.124.73.14", "1b0321dd1bb1fe518101ceef99462b947a01ff41"},
        Example{"43.213.53.83", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a"}}) {
    CAPTURE(address);
    CHECK(is_secure_id(id(text), ip(address)));
    auto changed = id(text);
    changed.bytes[1] ^= 1U;
    CHECK_FALSE(is_secure_id(changed, ip(address)));
  }
}

TEST_CASE("id: makes ids that BEP 42 allows, of both families", "[dht][id]") {
  SeededRandom random{7};
  for (const auto address : {"198.51.100.7", "2001:b829:2123:be84:e16c:d6ae:5290:49f1"}) {
    for (int i = 0; i < 50; ++i) {
      const auto made = make_secure_id(ip(address), random);
      CHECK(is_secure_id(made, ip(address)));
      CHECK_FALSE(is_secure_id(made, ip("203.0.113.200")));
    }
  }
}

TEST_CASE("id: exempts local addresses from BEP 42", "[dht][id]") {
  for (const auto address : {"127.0.0.1",
                             "10.1.2.3",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.168.7.7",
                             "169.254.0.1",
                             "::1",
                             "fe80::1",
                             "fd12::1"}) {
    CAPTURE(address);
    CHECK(is_secure_id(Id{}, ip(address)));
  }
  for (const auto address : {"172.32.0.1", "172.15.0.1", "192.169.0.1", "11.0.0.1", "fe00::1"}) {
    CAPTURE(address);
    CHECK_FALSE(is_local(ip(address)));
  }
}
