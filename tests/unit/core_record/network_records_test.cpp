#include <quicether/base/hex.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/record/network_records.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <vector>

using namespace quicether;
using namespace quicether::record;

namespace {

constexpr UnixSeconds kNow = 1'800'000'000;

/// Counts up from 0, for golden bytes.
class CountingRandom final : public Random {
 public:
  void fill(Bytes out) noexcept override {
    for (auto& byte : out) {
      byte = next_++;
    }
  }

 private:
  std::uint8_t next_ = 0;
};

crypto::KeyPair key_pair(std::uint8_t seed) {
  std::array<std::uint8_t, crypto::kSeedBytes> bytes{};
  bytes.fill(seed);
  return crypto::KeyPair::from_seed(bytes);
}

NetworkRecords network(std::string_view secret = "correct horse battery staple") {
  return NetworkRecords{crypto::NetworkKey::derive("acme", as_bytes(secret)).value()};
}

}  // namespace

// Computed with another implementation as well: Python's hashlib and cryptography.
TEST_CASE("network_records: golden bytes", "[core_record]") {
  CountingRandom random;
  const auto acme = network();
  const auto claim = acme.make_claim(key_pair(7), Topic::members().list(0), kNow, 86'400);

  CHECK(acme.writer().public_key().to_string() ==
        "4b04e15f1a95a4c5a4446340c7864335406a9aa8ec61db01d212454d04c6eddd");
  CHECK(to_hex(acme.salt(Topic::members().list(0))) ==
        "edbac52b01d077bb41e1cd9d115c7884abd30cf7af39af655dfbe385218c53fa");
  CHECK(to_hex(acme.salt(Topic::subnet(Prefix::parse("10.0.0.0/8").value()).list(0))) ==
        "efee6a59b3d234a8c30fa82d760db054cbbf55775b69a2c5093d08d9184098cf");
  CHECK(to_hex(acme.salt(Topic::subnet(Prefix::parse("10.0.0.0/8").value()).list(1))) ==
        "90086f7ed9e7fc9d89aa955b0eddee55156f8f1e08f728016a1717507d519daf");
  CHECK(to_hex(acme.salt(Topic::gateway(Prefix::parse("10.0.0.0/8").value()).list(0))) ==
        "9306f59761f77a34a53245a9f550047bd65f0451c49c8e11d7abfa7537c4c730");
  const auto node = NodeId::parse("3fa9c0d1e2f30415263748596a7b8c9daebfc0d1").value();
  CHECK(to_hex(acme.salt(Topic::gateway(node).list(0))) ==
        "402af57e63299a22fe3627bb1714aff578bb2ceb7412ef40f1299a7c9e2c031b");
  CHECK(to_hex(claim.signature) ==
        "033aa429928500e8edf5e2a43ee3688175edbe7b6c07dfc274723df5b7dc22fef2629823d764"
        "3ecf1235fa4436d4aa6eded73e6ca33c81d0f77f8cfeb80ce20c");
  const auto withdrawal = acme.make_claim(key_pair(7), Topic::members().list(0), kNow, 0);
  CHECK(to_hex(withdrawal.signature) ==
        "d38cade581a3eda21823c40eed30e74e10f13bc32f2ef336d59fcd9ab82ff1e04af3b8272b58"
        "c4d40178d16024522db54dba689cd4a18ac49758cca3543ec902");
  CHECK(to_hex(acme.encode(Topic::members().list(0), {claim}, random)) ==
        "3135323a000102030405060708090a0b0c0d0e0f1011121314151617058fd142000ca459aeb5"
        "acf37f8b9e857a747b4a722c1e70e5d558d9c4f55d8ecea40da7981803d8a5f039881bb5e7c0"
        "740373cc688ada22ab5f5291447f2b7059b437ff5853d3a54555c0452df619ae479d673f126e"
        "16cbb449a87a421b247a4928cbd6470cf13684921ddbac37e0da61c77077328b52a91a0fcfc4"
        "4ff3f753");
}

TEST_CASE("network_records: a full list fits an item and comes back", "[core_record]") {
  CountingRandom random;
  const auto acme = network();
  const auto place = Topic::subnet(Prefix::parse("2001:db8::/32").value()).list(0);
  std::vector<Claim> claims;
  for (std::uint8_t i = 0; i < kClaimsMax; ++i) {
    CHECK(add_claim(claims, acme.make_claim(key_pair(i), place, kNow, 60)));
  }
  CHECK_FALSE(add_claim(claims, acme.make_claim(key_pair(99), place, kNow, 60)));

  const auto value = acme.encode(place, claims, random);

  CHECK(value.size() <= 1000);
  CHECK(acme.decode(place, value, kNow).value() == claims);
  CHECK(acme.salt(place).size() <= 64);
}

TEST_CASE("network_records: only members read a list, and only in its place", "[core_record]") {
  CountingRandom random;
  const auto acme = network();
  auto value = acme.encode(Topic::members().list(0), {}, random);

  CHECK(acme.decode(Topic::members().list(0), value, kNow).has_value());
  CHECK(acme.decode(Topic::members().list(1), value, kNow).error() == errc::malformed);
  CHECK(network("another").decode(Topic::members().list(0), value, kNow).error() ==
        errc::malformed);
  CHECK(network("another").salt(Topic::members().list(0)) != acme.salt(Topic::members().list(0)));
  value.back() ^= 1U;
  CHECK(acme.decode(Topic::members().list(0), value, kNow).error() == errc::malformed);
  CHECK(acme.decode(Topic::members().list(0), as_bytes("3:abc"), kNow).error() == errc::malformed);
  CHECK(acme.decode(Topic::members().list(0), as_bytes("i1e"), kNow).error() == errc::malformed);
}

TEST_CASE("network_records: a member cannot make a claim for another one", "[core_record]") {
  CountingRandom random;
  const auto acme = network();
  const auto place = Topic::members().list(0);
  const auto honest = acme.make_claim(key_pair(1), place, kNow, 60);
  auto forged = acme.make_claim(key_pair(2), place, kNow, 60);
  forged.owner = key_pair(3).public_key();
  auto longer = acme.make_claim(key_pair(4), place, kNow, 60);
  longer.lifetime = 600;
  const auto elsewhere = acme.make_claim(
      key_pair(5), Topic::subnet(Prefix::parse("10.0.0.0/8").value()).list(0), kNow, 60);
  const auto of_another = network("another").make_claim(key_pair(6), place, kNow, 60);

  const auto value = acme.encode(place, {forged, longer, honest, elsewhere, of_another}, random);

  CHECK(acme.decode(place, value, kNow).value() == std::vector{honest});
  CHECK(acme.holds(honest, Topic::members().list(5), kNow));  // it may move between the lists
}

TEST_CASE("network_records: claims end, and newer ones replace older ones", "[core_record]") {
  const auto acme = network();
  const auto place = Topic::members().list(0);
  const auto first = acme.make_claim(key_pair(1), place, kNow, 60);
  const auto second = acme.make_claim(key_pair(1), place, kNow + 30, 60);

  CHECK(acme.holds(first, place, kNow + 59));
  CHECK_FALSE(acme.holds(first, place, kNow + 60));
  CHECK(acme.holds(first, place, kNow - kClockDifferenceMax));
  CHECK_FALSE(acme.holds(first, place, kNow - kClockDifferenceMax - 1));
  std::vector<Claim> claims{first};
  CHECK(add_claim(claims, second));
  CHECK_FALSE(add_claim(claims, first));
  CHECK(claims == std::vector{second});
}

TEST_CASE("network_records: a withdrawal counts for a day, and gives way in a full list",
          "[core_record]") {
  CountingRandom random;
  const auto acme = network();
  const auto place = Topic::members().list(0);
  const auto withdrawal = acme.make_claim(key_pair(1), place, kNow, 0);
  CHECK(withdrawal.is_withdrawal());
  CHECK(acme.holds(withdrawal, place, kNow + kWithdrawalLifetime - 1));
  CHECK_FALSE(acme.holds(withdrawal, place, kNow + kWithdrawalLifetime));
  CHECK_FALSE(acme.holds(withdrawal, Topic::gateway(NodeId{}).list(0), kNow));

  std::vector<Claim> claims{acme.make_claim(key_pair(1), place, kNow - 1, 60)};
  CHECK(add_claim(claims, withdrawal));
  CHECK(acme.decode(place, acme.encode(place, claims, random), kNow).value() ==
        std::vector{withdrawal});
  for (std::uint8_t i = 2; i < 9; ++i) {
    CHECK(add_claim(claims, acme.make_claim(key_pair(i), place, kNow, 60)));
  }
  CHECK_FALSE(add_claim(claims, acme.make_claim(key_pair(9), place, kNow, 0)));
  CHECK(add_claim(claims, acme.make_claim(key_pair(9), place, kNow, 60)));
  CHECK_FALSE(add_claim(claims, acme.make_claim(key_pair(10), place, kNow, 60)));
  CHECK(claims.size() == kClaimsMax);
  CHECK(std::ranges::none_of(claims, &Claim::is_withdrawal));
}

TEST_CASE("network_records: each topic has lists and a subject of its own", "[core_record]") {
  const auto subnet = Prefix::parse("10.0.0.0/8").value();
  const auto node = NodeId::parse("3fa9c0d1e2f30415263748596a7b8c9daebfc0d1").value();

  CHECK(Topic::members().list(3).name == "MEMBERS:3");
  CHECK(Topic::members().list(3).subject == "MEMBERS");
  CHECK(Topic::subnet(subnet).list(0).name == "SUBNET:10.0.0.0/8");
  CHECK(Topic::subnet(subnet).list(2).name == "SUBNET:10.0.0.0/8#2");
  CHECK(Topic::subnet(subnet).list(2).subject == "SUBNET:10.0.0.0/8");
  CHECK(Topic::gateway(subnet).list(0).name == "GW_SUBNET:10.0.0.0/8");
  CHECK(Topic::gateway(node).list(0).name == "GW_NODE:3fa9c0d1e2f30415263748596a7b8c9daebfc0d1");
  CHECK(Topic::gateway(node).lists_max() == 7);

  // Who owns a subnet does not thereby forward to it.
  const auto acme = network();
  const auto claim = acme.make_claim(key_pair(1), Topic::subnet(subnet).list(0), kNow, 60);
  CHECK(acme.holds(claim, Topic::subnet(subnet).list(1), kNow));
  CHECK_FALSE(acme.holds(claim, Topic::gateway(subnet).list(0), kNow));
}
