#include <quicether/base/hex.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/record/lan_announcement.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>

using namespace quicether;
using record::LanAnnouncement;
using record::LanCodec;

namespace {

crypto::NetworkKey network(std::string_view name, std::string_view secret) {
  return crypto::NetworkKey::derive(name, as_bytes(secret)).value();
}

crypto::KeyPair key_pair() {
  return crypto::KeyPair::from_seed(std::array<std::uint8_t, 32>{1, 2, 3});
}

LanAnnouncement announcement() {
  return {key_pair().public_key(), 9000};
}

/// Bytes 0, 1, 2 …
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

}  // namespace

TEST_CASE("lan_announcement: golden bytes, open", "[core_record]") {
  CountingRandom random;
  const auto bytes = LanCodec{}.encode(announcement(), random);

  CHECK(to_hex(bytes) ==
        "51454c4e0100221fe5f6859a1a4fec79057c9d32c8d3fc356e144b1da3b0f9016ef6f29888da2328");
  CHECK(LanCodec{}.decode(bytes).value() == announcement());
}

TEST_CASE("lan_announcement: golden bytes, sealed", "[core_record]") {
  CountingRandom random;
  const LanCodec codec{network("office", "correct horse")};
  const auto bytes = codec.encode(announcement(), random);

  CHECK(to_hex(bytes) ==
        "51454c4e0101000102030405060708090a0b0c0d0e0f101112131415161708c2603e44cc9f67daea"
        "3be1e26acae61a42405b88ad72a464414b3f7161a59aaf57db84d0d43aaf91751c4aa8be846fb888");
  CHECK(codec.decode(bytes).value() == announcement());
}

TEST_CASE("lan_announcement: a sealed one tells outsiders nothing", "[core_record]") {
  SeededRandom random{1};
  const LanCodec codec{network("office", "correct horse")};
  const auto one = codec.encode(announcement(), random);
  const auto other = codec.encode(announcement(), random);

  const auto hex = to_hex(one);
  CHECK(hex.find(announcement().key.to_string()) == std::string::npos);
  CHECK(hex.substr(12) != to_hex(other).substr(12));
  CHECK(LanCodec{network("office", "wrong")}.decode(one).error() == errc::malformed);
  CHECK(LanCodec{network("home", "correct horse")}.decode(one).error() == errc::malformed);
  CHECK(LanCodec{}.decode(one).error() == errc::malformed);
}

TEST_CASE("lan_announcement: a member takes nothing that is not sealed", "[core_record]") {
  SeededRandom random{1};
  const LanCodec codec{network("office", "correct horse")};
  CHECK(codec.decode(LanCodec{}.encode(announcement(), random)).error() == errc::malformed);
  auto forged = codec.encode(announcement(), random);
  forged[5] = 0;  // "open"
  CHECK(codec.decode(forged).error() == errc::malformed);
}

TEST_CASE("lan_announcement: what is damaged is refused", "[core_record]") {
  SeededRandom random{1};
  for (const bool sealed : {false, true}) {
    const auto codec = sealed ? LanCodec{network("office", "correct horse")} : LanCodec{};
    const auto good = codec.encode(announcement(), random);
    for (std::size_t size = 0; size < good.size(); ++size) {
      CHECK_FALSE(codec.decode(ConstBytes{good}.first(size)).has_value());
    }
    auto newer = good;
    newer[4] = 2;
    CHECK(codec.decode(newer).error() == errc::unsupported);
    auto longer = good;
    longer.resize(record::kLanBytesMax);
    CHECK(codec.decode(longer).has_value() == !sealed);
    longer.push_back(0);
    CHECK(codec.decode(longer).error() == errc::too_large);
  }
}

TEST_CASE("lan_announcement: ports and keys that nobody has are refused", "[core_record]") {
  CountingRandom random;
  auto bytes = LanCodec{}.encode(announcement(), random);
  auto no_port = bytes;
  no_port[38] = 0;
  no_port[39] = 0;
  CHECK(LanCodec{}.decode(no_port).error() == errc::malformed);
  std::fill(bytes.begin() + 6, bytes.begin() + 38, std::uint8_t{0});  // a point of small order
  CHECK(LanCodec{}.decode(bytes).error() == errc::malformed);
}
