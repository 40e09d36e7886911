#include "core/dht/item_store.hpp"

#include "support/dht_crypto.hpp"

#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <string>
#include <vector>

using namespace quicether;
using namespace quicether::dht;
using namespace std::chrono_literals;
using quicether::testing::RealCrypto;
using quicether::testing::signed_item;

namespace {

const RealCrypto kCrypto;
constexpr Instant kNow{1h};

struct Store {
  explicit Store(Limits wanted = {}) : limits{wanted} {}

  SeededRandom random{9};
  crypto::KeyPair key = crypto::KeyPair::generate(random);
  Limits limits;
  ItemStore store{limits};
  Id self{};

  KrpcError put(const Item& item,
                std::optional<std::int64_t> cas = {},
                Instant now = kNow,
                std::string_view from = "192.0.2.1") {
    const auto target = target_of(item.view(), kCrypto);
    return store.put(now, target, item.view(), cas, IpAddress::parse(from).value(), self);
  }

  [[nodiscard]] std::string value(const Item& like) const {
    const auto* found = store.find(target_of(like.view(), kCrypto));
    return found == nullptr ? "" : std::string{as_text(found->value)};
  }

  Item immutable(std::uint64_t number) {
    const auto text = "i" + std::to_string(number) + "e";
    return {{text.begin(), text.end()}, {}, std::nullopt};
  }
};

IpAddress subnet(std::uint32_t number) {
  return IpAddress::v4((40U << 24U) + (number << 8U) + 1);
}

}  // namespace

TEST_CASE("item_store: replaces versions by newer ones only", "[dht][store]") {
  Store s;
  const auto two = signed_item(s.key, "1:b", 2);

  CHECK(s.put(two) == KrpcError::none);
  CHECK(s.put(signed_item(s.key, "1:a", 1)) == KrpcError::seq_too_low);
  CHECK(s.put(two) == KrpcError::none);
  CHECK(s.put(signed_item(s.key, "1:x", 2)) == KrpcError::seq_too_low);  // equal seq, other value
  CHECK(s.value(two) == "1:b");
  CHECK(s.put(signed_item(s.key, "1:c", 3)) == KrpcError::none);
  CHECK(s.value(two) == "1:c");
  CHECK(s.store.size() == 1);
}

TEST_CASE("item_store: compares and swaps", "[dht][store]") {
  Store s;
  CHECK(s.put(signed_item(s.key, "1:a", 1), 7) == KrpcError::none);  // nothing to compare with
  CHECK(s.put(signed_item(s.key, "1:b", 2), 0) == KrpcError::cas_mismatch);
  CHECK(s.put(signed_item(s.key, "1:b", 2), 1) == KrpcError::none);
  CHECK(s.put(signed_item(s.key, "1:a", 1), 2) == KrpcError::seq_too_low);
}

TEST_CASE("item_store: salts keep items apart", "[dht][store]") {
  Store s;
  CHECK(s.put(signed_item(s.key, "1:a", 1, "x")) == KrpcError::none);
  CHECK(s.put(signed_item(s.key, "1:b", 1, "y")) == KrpcError::none);
  CHECK(s.store.size() == 2);
}

TEST_CASE("item_store: items live two hours after the last put", "[dht][store]") {
  Store s;
  const auto item = signed_item(s.key, "1:a", 1);
  CHECK(s.put(item) == KrpcError::none);
  CHECK(s.put(item, {}, kNow + 90min) == KrpcError::none);

  s.store.expire(kNow + 3h);
  CHECK(s.store.size() == 1);
  s.store.expire(kNow + 90min + 2h + 1s);
  CHECK(s.store.size() == 0);
  CHECK(s.store.bytes() == 0);
}

TEST_CASE("item_store: a subnet displaces only its own items", "[dht][store]") {
  Store s;
  const auto honest = signed_item(s.key, "6:honest", 1);
  REQUIRE(s.put(honest, {}, kNow, "203.0.113.1") == KrpcError::none);

  for (std::uint64_t i = 0; i < 1000; ++i) {
    (void)s.put(s.immutable(i), {}, kNow, "198.51.100." + std::to_string(i % 250));
  }

  CHECK(s.store.size() == 1 + s.limits.items_per_subnet);
  CHECK(s.value(honest) == "6:honest");
}

TEST_CASE("item_store: repeating another's item does not make it one's own", "[dht][store]") {
  Store s;
  const auto honest = signed_item(s.key, "6:honest", 1);
  REQUIRE(s.put(honest, {}, kNow, "203.0.113.1") == KrpcError::none);
  REQUIRE(s.put(honest, {}, kNow, "198.51.100.1") == KrpcError::none);
  s.self = target_of(honest.view(), kCrypto);
  for (auto& byte : s.self.bytes) {
    byte = static_cast<std::uint8_t>(~byte);  // the honest item is the farthest of all
  }

  for (std::uint64_t i = 0; i < 1000; ++i) {
    (void)s.put(s.immutable(i), {}, kNow, "198.51.100.1");
  }

  CHECK(s.value(honest) == "6:honest");
}

// Test plan T-D9.
TEST_CASE("item_store: a flood of a million stores stays within the cap and displaces itself",
          "[dht][store]") {
  Limits limits;
  limits.items_max = 1024;
  limits.item_bytes_max = 512U << 10U;
  Store s{limits};
  std::vector<Item> honest;
  for (std::uint32_t i = 0; i < 100; ++i) {
    honest.push_back(signed_item(s.key, "6:honest", 1, std::to_string(i)));
    const auto target = target_of(honest.back().view(), kCrypto);
    REQUIRE(s.store.put(kNow, target, honest.back().view(), {}, subnet(i), s.self) ==
            KrpcError::none);
  }
  const std::string text = "400:" + std::string(400, 'x');
  const Item junk{{text.begin(), text.end()}, {}, std::nullopt};

  std::vector<Id> keys;
  for (int i = 0; i < 10'000; ++i) {
    keys.push_back(Id::random(s.random));
  }
  for (std::size_t i = 0; i < 1'000'000; ++i) {
    // 200 subnets of the attacker's, each far above what any honest one stores.
    (void)s.store.put(kNow,
                      keys[s.random.below(keys.size())],
                      junk.view(),
                      {},
                      subnet(1000 + static_cast<std::uint32_t>(i % 200)),
                      s.self);
    if (i % 10'000 == 0) {
      REQUIRE(s.store.bytes() <= limits.item_bytes_max);
      REQUIRE(s.store.size() <= limits.items_max);
    }
  }

  for (const auto& item : honest) {
    CHECK(s.value(item) == "6:honest");
  }
}
