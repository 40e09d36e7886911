#include <quicether/base/random.hpp>
#include <quicether/core/route/lpm_table.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace quicether;
using route::LpmTable;
using route::PrefixKey;

namespace {

using Peer = std::uint32_t;

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

Prefix prefix(std::string_view text) {
  return Prefix::parse(text).value();
}

// What a LpmTable is meant to do, as a list.
class LinearModel {
 public:
  bool insert(const Prefix& prefix, Peer value) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].first == prefix) {
        entries_[i].second = value;
        masks_[i].value = value;
        return false;
      }
    }
    entries_.emplace_back(prefix, value);
    masks_.push_back(mask_of(prefix, value));
    return true;
  }

  bool erase(const Prefix& prefix) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].first == prefix) {
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
        masks_.erase(masks_.begin() + static_cast<std::ptrdiff_t>(i));
        return true;
      }
    }
    return false;
  }

  // All entries are of one family here.
  [[nodiscard]] std::optional<Peer> lookup(const IpAddress& address) const {
    const auto wanted = bits_of(address);
    const Mask* best = nullptr;
    for (const auto& mask : masks_) {
      if ((wanted.high & mask.kept.high) == mask.bits.high &&
          (wanted.low & mask.kept.low) == mask.bits.low &&
          (best == nullptr || mask.length > best->length)) {
        best = &mask;
      }
    }
    return best == nullptr ? std::nullopt : std::optional{best->value};
  }

  [[nodiscard]] const std::vector<std::pair<Prefix, Peer>>& entries() const { return entries_; }

 private:
  struct Bits {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
  };

  struct Mask {
    Bits kept;
    Bits bits;
    unsigned length;
    Peer value;
  };

  static Bits bits_of(const IpAddress& address) {
    ByteVector bytes(address.bytes().begin(), address.bytes().end());
    bytes.resize(16);
    return {load_be<std::uint64_t>(bytes), load_be<std::uint64_t>(ConstBytes{bytes}.subspan(8))};
  }

  static Mask mask_of(const Prefix& prefix, Peer value) {
    Bits kept{};
    for (unsigned bit = 0; bit < prefix.length(); ++bit) {
      (bit < 64 ? kept.high : kept.low) |= std::uint64_t{1} << (63 - bit % 64);
    }
    return {kept, bits_of(prefix.address()), prefix.length(), value};
  }

  std::vector<std::pair<Prefix, Peer>> entries_;
  std::vector<Mask> masks_;  // the same in the same order, quicker to compare
};

std::optional<Peer> value(const Peer* found) {
  return found == nullptr ? std::nullopt : std::optional{*found};
}

// Addresses that share long beginnings, so that prefixes nest and collide.
IpAddress crowded_address(Random& random, bool v6) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  const auto size = v6 ? 16U : 4U;
  const auto shared = random.below(size + 1);
  for (std::size_t i = 0; i < shared; ++i) {
    bytes[i] = static_cast<std::uint8_t>(0xfdU + (bytes[i] % 4 == 0 ? 1U : 0U));
  }
  return *IpAddress::from_bytes(ConstBytes{bytes}.first(size));
}

Prefix random_prefix(Random& random, bool v6) {
  const auto base = crowded_address(random, v6);
  return *Prefix::make(base, static_cast<unsigned>(random.below(base.bits() + 1)));
}

// An address in or just beside one of the prefixes, or anywhere.
IpAddress probe(Random& random, const LinearModel& model, bool v6) {
  if (model.entries().empty() || random.below(4) == 0) {
    return crowded_address(random, v6);
  }
  const auto& near = model.entries()[random.below(model.entries().size())].first;
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  const auto inside = near.address().bytes();
  for (unsigned bit = 0; bit < near.length(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    bytes[bit / 8] =
        static_cast<std::uint8_t>((bytes[bit / 8] & ~unsigned{mask}) | (inside[bit / 8] & mask));
  }
  if (near.length() != 0 && random.below(4) == 0) {
    const auto last = near.length() - 1;
    bytes[last / 8] ^= static_cast<std::uint8_t>(0x80U >> (last % 8));
  }
  return *IpAddress::from_bytes(ConstBytes{bytes}.first(inside.size()));
}

void check_against_model(bool v6, std::uint64_t seed) {
  // T-E3: 2000 peers, 400 routes changed 100 times, 1.2 million queries in each family.
  constexpr int kRoutes = 400;
  constexpr int kRounds = 100;
  constexpr int kChanges = 20;
  constexpr int kQueries = 12'000;
  SeededRandom random{seed};
  LpmTable<Peer> table;
  LinearModel model;
  const auto peer = [&random] { return static_cast<Peer>(random.below(2000)); };

  while (model.entries().size() < kRoutes) {
    const auto added = random_prefix(random, v6);
    const auto to = peer();
    REQUIRE(table.insert(added, to) == model.insert(added, to));
  }
  std::size_t found = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (int change = 0; change < kChanges; ++change) {
      const auto gone = model.entries()[random.below(model.entries().size())].first;
      REQUIRE(table.erase(gone));
      REQUIRE(model.erase(gone));
      const auto added = random_prefix(random, v6);
      const auto to = peer();
      REQUIRE(table.insert(added, to) == model.insert(added, to));
    }
    REQUIRE(table.size() == model.entries().size());
    for (int query = 0; query < kQueries; ++query) {
      const auto wanted = probe(random, model, v6);
      const auto expected = model.lookup(wanted);
      found += expected ? 1U : 0U;
      if (value(table.lookup(wanted)) != expected) {
        FAIL("round " << round << ": wrong value for " << wanted.to_string());
      }
    }
  }

  CHECK(found > kRounds * kQueries / 4);
  // Nothing is left behind when all goes.
  while (!model.entries().empty()) {
    const auto gone = model.entries().back().first;
    REQUIRE(table.erase(gone));
    REQUIRE(model.erase(gone));
  }
  CHECK(table.size() == 0);
  for (int query = 0; query < 1000; ++query) {
    CHECK(table.lookup(crowded_address(random, v6)) == nullptr);
  }
}

std::vector<std::string> listed(const LpmTable<Peer>& table) {
  std::vector<std::string> entries;
  table.for_each([&](const Prefix& one, Peer peer) {
    entries.push_back(one.to_string() + " " + std::to_string(peer));
  });
  return entries;
}

}  // namespace

TEST_CASE("lpm_table: agrees with a linear search over IPv4 routes that change", "[route][lpm]") {
  check_against_model(false, 51);
}

TEST_CASE("lpm_table: agrees with a linear search over IPv6 routes that change", "[route][lpm]") {
  check_against_model(true, 52);
}

TEST_CASE("lpm_table: the longest of nested prefixes wins at every length", "[route][lpm]") {
  for (const auto* text : {"255.255.255.255",
                           "0.0.0.0",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                           "::",
                           "fd12:3456:789a:bcde:f012:3456:789a:bcde"}) {
    const auto base = address(text);
    LpmTable<Peer> table;
    for (unsigned length = 0; length <= base.bits(); ++length) {
      CHECK(table.lookup(base) == nullptr);
      REQUIRE(table.insert(*Prefix::make(base, length), length));
      CHECK(value(table.lookup(base)) == length);
      REQUIRE(table.erase(*Prefix::make(base, length)));
    }
    for (unsigned length = 0; length <= base.bits(); ++length) {
      REQUIRE(table.insert(*Prefix::make(base, length), length));
      CHECK(value(table.lookup(base)) == length);
    }
    for (unsigned length = base.bits() + 1; length-- > 0;) {
      CHECK(value(table.lookup(base)) == length);
      CHECK(value(table.find(*Prefix::make(base, length))) == length);
      REQUIRE(table.erase(*Prefix::make(base, length)));
      CHECK(table.find(*Prefix::make(base, length)) == nullptr);
    }
    CHECK(table.size() == 0);
  }
}

TEST_CASE("lpm_table: an address beside every nested prefix finds the one that still fits",
          "[route][lpm]") {
  const auto base = address("fd12:3456:789a:bcde:f012:3456:789a:bcde");
  LpmTable<Peer> table;
  for (unsigned length = 0; length <= 128; ++length) {
    table.insert(*Prefix::make(base, length), length);
  }

  for (unsigned flipped = 0; flipped < 128; ++flipped) {
    std::array<std::uint8_t, 16> bytes{};
    std::ranges::copy(base.bytes(), bytes.begin());
    bytes[flipped / 8] ^= static_cast<std::uint8_t>(0x80U >> (flipped % 8));
    CHECK(value(table.lookup(IpAddress::v6(bytes))) == flipped);
  }
}

TEST_CASE("lpm_table: the families do not see each other", "[route][lpm]") {
  LpmTable<Peer> table;
  table.insert(prefix("0.0.0.0/0"), 4);

  CHECK(table.lookup(address("::")) == nullptr);
  table.insert(prefix("::/0"), 6);
  CHECK(value(table.lookup(address("::"))) == Peer{6});
  CHECK(value(table.lookup(address("0.0.0.0"))) == Peer{4});
  CHECK(table.size() == 2);
  CHECK(table.erase(prefix("0.0.0.0/0")));
  CHECK(table.lookup(address("1.2.3.4")) == nullptr);
  CHECK(value(table.lookup(address("::1"))) == Peer{6});
}

TEST_CASE("lpm_table: inserting again replaces, erasing twice does nothing", "[route][lpm]") {
  LpmTable<Peer> table;

  CHECK(table.insert(prefix("10.0.0.0/8"), 1));
  CHECK_FALSE(table.insert(prefix("10.0.0.0/8"), 2));
  CHECK(table.size() == 1);
  CHECK(value(table.lookup(address("10.9.9.9"))) == Peer{2});
  CHECK_FALSE(table.erase(prefix("10.0.0.0/9")));
  CHECK_FALSE(table.erase(prefix("10.0.0.0/7")));
  CHECK_FALSE(table.erase(prefix("11.0.0.0/8")));
  CHECK(table.erase(prefix("10.0.0.0/8")));
  CHECK_FALSE(table.erase(prefix("10.0.0.0/8")));
  CHECK(table.size() == 0);
}

TEST_CASE("lpm_table: find takes exactly the prefix", "[route][lpm]") {
  LpmTable<Peer> table;
  table.insert(prefix("10.0.0.0/8"), 8);
  table.insert(prefix("10.1.0.0/16"), 16);

  CHECK(value(table.find(prefix("10.0.0.0/8"))) == Peer{8});
  CHECK(value(table.find(prefix("10.1.0.0/16"))) == Peer{16});
  for (const auto* absent : {"10.0.0.0/9",
                             "10.0.0.0/7",
                             "10.1.0.0/17",
                             "10.0.0.0/15",
                             "0.0.0.0/0",
                             "10.1.0.0/32",
                             "10.2.0.0/16",
                             "::/8"}) {
    CAPTURE(absent);
    CHECK(table.find(prefix(absent)) == nullptr);
  }
}

TEST_CASE("lpm_table: lists IPv4 first, then by address, shorter first", "[route][lpm]") {
  const std::vector<std::string> sorted = {"0.0.0.0/0",
                                           "0.0.0.0/32",
                                           "10.0.0.0/8",
                                           "10.0.0.0/16",
                                           "10.0.0.0/30",
                                           "10.0.0.0/31",
                                           "10.0.0.1/32",
                                           "10.128.0.0/9",
                                           "11.0.0.0/8",
                                           "255.255.255.255/32",
                                           "::/0",
                                           "::1/128",
                                           "fd00::/8",
                                           "fd00::/64",
                                           "fd00:0:0:1::/64",
                                           "fe00::/7",
                                           "ffff::/16"};
  SeededRandom random{53};

  for (int round = 0; round < 20; ++round) {
    auto shuffled = sorted;
    for (std::size_t i = shuffled.size(); i > 1; --i) {
      std::swap(shuffled[i - 1], shuffled[random.below(i)]);
    }
    LpmTable<Peer> table;
    for (const auto& text : shuffled) {
      REQUIRE(table.insert(prefix(text), static_cast<Peer>(text.size())));
    }
    auto expected = sorted;
    for (auto& text : expected) {
      text += " " + std::to_string(text.size());
    }
    CHECK(listed(table) == expected);
  }
}

TEST_CASE("lpm_table: what it lists is what was put in, whatever came and went", "[route][lpm]") {
  SeededRandom random{54};
  LpmTable<Peer> table;
  LinearModel model;

  for (int change = 0; change < 20'000; ++change) {
    const bool v6 = random.below(2) == 1;
    if (!model.entries().empty() && random.below(5) < 2) {
      const auto gone = model.entries()[random.below(model.entries().size())].first;
      REQUIRE(table.erase(gone));
      model.erase(gone);
    } else if (model.entries().size() < 300) {
      const auto added = random_prefix(random, v6);
      const auto to = static_cast<Peer>(change);
      REQUIRE(table.insert(added, to) == model.insert(added, to));
    }
    if (change % 500 == 0) {
      auto entries = model.entries();
      std::ranges::sort(entries);
      std::vector<std::string> expected;
      for (const auto& [one, peer] : entries) {
        expected.push_back(one.to_string() + " " + std::to_string(peer));
        REQUIRE(value(table.find(one)) == peer);
      }
      REQUIRE(listed(table) == expected);
    }
  }
}

TEST_CASE("lpm_table: a copy is independent of its original", "[route][lpm]") {
  LpmTable<Peer> table;
  table.insert(prefix("10.0.0.0/8"), 1);
  table.insert(prefix("10.1.0.0/16"), 2);

  auto copy = table;
  table.erase(prefix("10.1.0.0/16"));
  copy.insert(prefix("10.1.2.0/24"), 3);

  CHECK(value(copy.lookup(address("10.1.2.3"))) == Peer{3});
  CHECK(value(copy.lookup(address("10.1.3.3"))) == Peer{2});
  CHECK(value(table.lookup(address("10.1.2.3"))) == Peer{1});
}

TEST_CASE("prefix_key: cuts six bits out at every depth", "[route][lpm]") {
  SeededRandom random{55};
  for (int round = 0; round < 100; ++round) {
    std::array<std::uint8_t, 16> bytes{};
    random.fill(bytes);
    const auto base = IpAddress::v6(bytes);
    const PrefixKey key{base};
    for (unsigned depth = 0; depth <= 126; ++depth) {
      unsigned expected = 0;
      for (unsigned bit = depth; bit < depth + 6; ++bit) {
        expected = 2 * expected + (bit < 128 && base.bit(bit) ? 1U : 0U);
      }
      REQUIRE(key.chunk(depth) == expected);
    }
    CHECK(key.to_address(true) == base);
  }
  CHECK(PrefixKey{address("192.0.2.1")}.to_address(false) == address("192.0.2.1"));
}

TEST_CASE("lpm_table: 100 000 entries are kept and found", "[route][lpm]") {
  SeededRandom random{56};
  LpmTable<Peer> table;
  std::vector<IpAddress> hosts;
  while (table.size() < 100'000) {
    std::array<std::uint8_t, 16> bytes{};
    random.fill(bytes);
    const auto host =
        *IpAddress::from_bytes(ConstBytes{bytes}.first(hosts.size() % 2 == 0 ? 4 : 16));
    if (table.find(Prefix::host(host)) == nullptr) {
      table.insert(Prefix::host(host), static_cast<Peer>(hosts.size()));
      hosts.push_back(host);
    }
  }

  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto* found = table.lookup(hosts[i]);
    if (found == nullptr || *found != i) {
      FAIL("entry " << i << " is lost");
    }
  }
  for (const auto& host : hosts) {
    table.erase(Prefix::host(host));
  }
  CHECK(table.size() == 0);
}
