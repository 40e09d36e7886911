#include <quicether/core/policy/pins.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace quicether::policy {
namespace {

const std::string kZeros(64, '0');

TEST_CASE("pins: are lines of prefix and key", "[policy][pins]") {
  const std::vector<Pin> pins = {{NodeIdPrefix::parse("node_ABC1").value(), PublicKey{}},
                                 {NodeIdPrefix::parse(std::string(40, 'f')).value(), PublicKey{}}};

  const auto bytes = encode_pins(pins);

  CHECK(as_text(bytes) == "abc1 " + kZeros + "\n" + std::string(40, 'f') + " " + kZeros + "\n");
  CHECK(decode_pins(bytes).value() == pins);
  CHECK(decode_pins({}).value().empty());
}

TEST_CASE("pins: refuse what is damaged", "[policy][pins]") {
  for (const std::string& text : {"abc1 " + kZeros,           // no end of line
                                  "abc1" + kZeros + "\n",     // no blank
                                  "abc " + kZeros + "\n",     // prefix too short
                                  "abc1 " + kZeros + "0\n",   // key too long
                                  "abc1  " + kZeros + "\n",   // two blanks
                                  "abc1 " + kZeros + "\n\n",  // empty line
                                  "abc1 " + kZeros + "\r\n",  // foreign line end
                                  std::string("\0\xff\n", 3)}) {
    CAPTURE(text);
    CHECK(decode_pins(as_bytes(text)).error() == errc::malformed);
  }
}

TEST_CASE("pins: are bounded", "[policy][pins]") {
  const std::vector<Pin> most(65536, Pin{NodeIdPrefix::parse("abcd").value(), PublicKey{}});
  auto bytes = encode_pins(most);
  CHECK(decode_pins(bytes).value().size() == most.size());

  const auto one = encode_pins(std::vector<Pin>(1, most.front()));
  bytes.insert(bytes.end(), one.begin(), one.end());
  CHECK(decode_pins(bytes).error() == errc::limit_reached);
}

}  // namespace
}  // namespace quicether::policy
