#include "test_keys.hpp"

#include <quicether/base/address.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/node_address.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>
#include <vector>

namespace {

using namespace quicether;
using crypto::test::golden_key_pair;

const Prefix kV4Network = Prefix::parse("100.64.0.0/16").value();

PublicKey random_key(Random& random) {
  PublicKey key;
  random.fill(key.bytes);
  return key;
}

}  // namespace

TEST_CASE("node_address: NodeId and addresses of the golden key", "[core_crypto][node_address]") {
  const PublicKey key = golden_key_pair().public_key();

  // Computed with another implementation (Python's hashlib); docs/spec/identity.md has the same.
  CHECK(crypto::node_id(key).to_string() == "5b27aa5589179770e47575b162a1ded97b8bfc6d");
  CHECK(crypto::overlay_address(key).to_string() == "fd21:fe31:dfa1:54a2:6162:6bf8:5404:6fd2");
  CHECK(crypto::overlay_v4_candidate(key, 0).to_string() == "100.64.63.77");
  CHECK(crypto::overlay_v4_candidate(key, 1).to_string() == "100.64.172.83");
  CHECK(crypto::overlay_v4_candidate(key, 2).to_string() == "100.64.127.185");
}

TEST_CASE("node_address: the IPv6 address is a unique local one and follows the key",
          "[core_crypto][node_address]") {
  SeededRandom random{3};
  const Prefix unique_local = Prefix::parse("fd00::/8").value();
  std::set<IpAddress> seen;

  for (int i = 0; i < 1000; ++i) {
    const IpAddress address = crypto::overlay_address(random_key(random));
    CHECK(unique_local.contains(address));
    seen.insert(address);
  }

  CHECK(seen.size() == 1000);
}

TEST_CASE("node_address: IPv4 candidates fill 100.64.0.0/16 but its first and last address",
          "[core_crypto][node_address]") {
  // 8 * m draws from m hosts leave m * e^-8 = 22 of them out: few enough that a wrong modulus would
  // reach 100.64.0.0, 100.64.255.255 or a foreign network.
  SeededRandom random{4};
  const PublicKey key = random_key(random);
  constexpr std::uint32_t kDraws = 65534 * 8;
  const std::uint32_t first = kV4Network.address().to_v4_number();
  std::vector<bool> seen(65536);
  bool all_inside = true;

  for (std::uint32_t attempt = 0; attempt < kDraws; ++attempt) {
    const IpAddress address = crypto::overlay_v4_candidate(key, attempt);
    all_inside = all_inside && kV4Network.contains(address);
    seen[(address.to_v4_number() - first) % seen.size()] = true;
  }

  CHECK(all_inside);
  CHECK_FALSE(seen.front());
  CHECK_FALSE(seen.back());
  CHECK(std::count(seen.begin(), seen.end(), true) > 65534 - 50);
}
