#include <quicether/base/hex.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

using quicether::ConstBytes;
using quicether::errc;

TEST_CASE("hex: writes two lower-case digits per byte", "[base][hex]") {
  const std::array<std::uint8_t, 4> bytes = {0x00, 0x0f, 0xa5, 0xff};

  CHECK(quicether::to_hex(bytes) == "000fa5ff");
  CHECK(quicether::to_hex(ConstBytes{}).empty());
}

TEST_CASE("hex: reads digits of either case back", "[base][hex]") {
  std::array<std::uint8_t, 4> bytes{};

  REQUIRE(quicether::from_hex("000Fa5fF", bytes).has_value());

  CHECK(bytes == std::array<std::uint8_t, 4>{0x00, 0x0f, 0xa5, 0xff});
}

TEST_CASE("hex: every byte value survives a round trip", "[base][hex]") {
  for (unsigned value = 0; value < 256; ++value) {
    const std::array<std::uint8_t, 1> bytes = {static_cast<std::uint8_t>(value)};
    std::array<std::uint8_t, 1> decoded{};
    REQUIRE(quicether::from_hex(quicether::to_hex(bytes), decoded).has_value());
    CHECK(decoded == bytes);
  }
}

TEST_CASE("hex: refuses wrong lengths and any other character", "[base][hex]") {
  std::array<std::uint8_t, 2> bytes{};

  for (const std::string_view text :
       {"", "abc", "abcde", "ab cd", "0x12", "abcg", "abc/", "abc:", "abc@", "abc`", "-bcd"}) {
    CAPTURE(text);
    CHECK(quicether::from_hex(text, bytes).error() == errc::malformed);
  }
}
