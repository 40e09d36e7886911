#include <quicether/base/node_id.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>

using quicether::errc;
using quicether::NodeId;
using quicether::NodeIdPrefix;
using quicether::PublicKey;

namespace {

constexpr std::string_view kDigits = "3fa9c0d1e2f30415263748596a7b8c9dae0fbe12";

}  // namespace

TEST_CASE("node_id: parses and prints 40 hex digits", "[base][node_id]") {
  const auto id = NodeId::parse(kDigits);

  REQUIRE(id.has_value());
  CHECK(id->bytes[0] == 0x3f);
  CHECK(id->bytes[19] == 0x12);
  CHECK(id->to_string() == kDigits);
  CHECK(id->short_string() == "3fa9c0d1e2f3");
  CHECK(*NodeId::parse("3FA9C0D1E2F30415263748596A7B8C9DAE0FBE12") == *id);
}

TEST_CASE("node_id: refuses anything but 40 hex digits", "[base][node_id]") {
  const std::string digits{kDigits};

  CHECK(NodeId::parse("").error() == errc::malformed);
  CHECK(NodeId::parse(digits.substr(1)).error() == errc::malformed);
  CHECK(NodeId::parse(digits + "00").error() == errc::malformed);
  CHECK(NodeId::parse("node_" + digits).error() == errc::malformed);
  CHECK(NodeId::parse("g" + digits.substr(1)).error() == errc::malformed);
}

TEST_CASE("node_id: orders by bytes, most significant first", "[base][node_id]") {
  auto low = *NodeId::parse(kDigits);
  auto high = low;
  high.bytes[0] = 0x40;
  low.bytes[19] = 0xff;

  CHECK(low < high);
}

TEST_CASE("public_key: parses and prints 64 hex digits", "[base][node_id]") {
  const std::string digits(64, 'b');

  const auto key = PublicKey::parse(digits);

  REQUIRE(key.has_value());
  CHECK(key->to_string() == digits);
  CHECK(PublicKey::parse(digits.substr(2)).error() == errc::malformed);
  CHECK(PublicKey::parse(digits + "bb").error() == errc::malformed);
}

TEST_CASE("node_id_prefix: matches exactly the ids that begin with its digits", "[base][node_id]") {
  const auto id = *NodeId::parse(kDigits);

  for (std::size_t length = 4; length <= 40; ++length) {
    CAPTURE(length);
    const std::string digits{kDigits.substr(0, length)};
    const auto prefix = NodeIdPrefix::parse(digits);
    REQUIRE(prefix.has_value());
    CHECK(prefix->digits() == length);
    CHECK(prefix->matches(id));

    auto other = digits;
    other.back() = other.back() == '0' ? '1' : '0';
    CHECK_FALSE(NodeIdPrefix::parse(other)->matches(id));
  }
}

TEST_CASE("node_id_prefix: reads either case and a leading node_", "[base][node_id]") {
  CHECK(NodeIdPrefix::parse("node_3FA9")->to_string() == "3fa9");
  CHECK(*NodeIdPrefix::parse("3Fa9") == *NodeIdPrefix::parse("node_3fa9"));
}

TEST_CASE("node_id_prefix: refuses too few, too many and foreign characters", "[base][node_id]") {
  const std::string digits{kDigits};

  for (const auto& text : {std::string{},
                           std::string{"node_"},
                           std::string{"3fa"},
                           std::string{"node_3fa"},
                           digits + "0",
                           std::string{"3fag"},
                           std::string{"3fa*"},
                           std::string{"NODE_3fa9"},
                           std::string{"node_node_3fa9"}}) {
    CAPTURE(text);
    CHECK(NodeIdPrefix::parse(text).error() == errc::malformed);
  }
}
