#include <quicether/base/random.hpp>
#include <quicether/core/dht/bencode.hpp>
#include <quicether/core/dht/bencode_writer.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>
#include <string_view>

using namespace quicether;
using namespace quicether::dht;

namespace {

result<BencodeValue> parse(std::string_view text) {
  return BencodeValue::parse(as_bytes(text));
}

error_code error_of(std::string_view text) {
  const auto value = parse(text);
  return value ? error_code{} : value.error();
}

}  // namespace

TEST_CASE("bencode: reads values of each kind", "[dht][bencode]") {
  CHECK(parse("i-42e")->integer() == -42);
  CHECK(parse("i0e")->integer() == 0);
  CHECK(parse("i9223372036854775807e")->integer() == 9223372036854775807);
  CHECK(parse("i-9223372036854775808e")->integer() == std::numeric_limits<std::int64_t>::min());
  CHECK(as_text(*parse("4:spam")->string()) == "spam");
  CHECK(parse("0:")->string()->empty());
  CHECK(parse("le")->kind() == BencodeKind::list);
  CHECK(parse("de")->kind() == BencodeKind::dictionary);
  CHECK_FALSE(parse("le")->string());
  CHECK_FALSE(parse("le")->integer());
}

TEST_CASE("bencode: walks lists and dictionaries", "[dht][bencode]") {
  const std::string_view text = "d3:cow3:moo4:listl1:ai7ed1:xleee4:spami1ee";

  const auto value = parse(text).value();
  auto list = value.find("list")->items();
  const auto first = list.next();
  const auto second = list.next();
  const auto third = list.next();

  CHECK(as_text(*value.find("cow")->string()) == "moo");
  CHECK(value.find("spam")->integer() == 1);
  CHECK_FALSE(value.find("pig"));
  CHECK(as_text(first->encoded()) == "1:a");
  CHECK(second->integer() == 7);
  CHECK(as_text(third->encoded()) == "d1:xlee");
  CHECK_FALSE(list.next());
  CHECK_FALSE(parse("i1e")->find("cow"));
  CHECK_FALSE(parse("i1e")->items().next());
}

TEST_CASE("bencode: takes the first of equal keys", "[dht][bencode]") {
  CHECK(parse("d1:ai1e1:ai2ee")->find("a")->integer() == 1);
}

TEST_CASE("bencode: knows canonical text from text that only parses", "[dht][bencode]") {
  CHECK(parse("d1:ai1e1:bi2ee")->canonical());
  CHECK(parse("d0:i1e1:bi2ee")->canonical());
  CHECK_FALSE(parse("d1:bi1e1:ai2ee")->canonical());
  CHECK_FALSE(parse("d1:ai1e1:ai2ee")->canonical());
  CHECK_FALSE(parse("ld1:bi1e1:ai2eee")->canonical());
  CHECK(parse("ld1:bi1eed1:ai2eee")->canonical());
}

TEST_CASE("bencode: refuses what is not one value", "[dht][bencode]") {
  for (const auto text : {"", "i", "i1", "l", "d", "d1:a", "4:spa", "4:", "4", "d1:ai1e"}) {
    CAPTURE(text);
    CHECK(error_of(text) == errc::truncated);
  }
  for (const auto text : {"e",
                          "x",
                          "ie",
                          "i-e",
                          "i-0e",
                          "i01e",
                          "i+1e",
                          "i1.5e",
                          "i 1e",
                          "00:",
                          "01:a",
                          "4spam",
                          "i1ei2e",
                          "lee",
                          "di1ei2ee",
                          "dlelee",
                          "d1:ae",
                          "i9223372036854775808e",
                          "i-9223372036854775809e",
                          "i99999999999999999999999999999999e",
                          ":",
                          "-1:a",
                          "4:spamx"}) {
    CAPTURE(text);
    CHECK(error_of(text) == errc::malformed);
  }
}

TEST_CASE("bencode: refuses lengths that overflow", "[dht][bencode]") {
  CHECK(error_of("18446744073709551617:a") == errc::truncated);
  CHECK(error_of(std::string(70000, '9') + ":") == errc::truncated);
}

TEST_CASE("bencode: takes long strings and bounds the depth", "[dht][bencode]") {
  const std::string long_text = "65536:" + std::string(65536, 'x');
  CHECK(parse(long_text)->string()->size() == 65536);

  for (const char open : {'l', 'd'}) {
    const std::string level = open == 'l' ? "l" : "d1:k";
    std::string deep;
    for (std::size_t i = 0; i < kBencodeDepthMax; ++i) {
      deep += level;
    }
    const std::string end(kBencodeDepthMax, 'e');
    CHECK(parse(deep + "i1e" + end).has_value());
    CHECK(error_of(deep + level + "i1e" + end + "e") == errc::too_large);
    CHECK(error_of(std::string(100'000, open)) != error_code{});
  }
}

TEST_CASE("bencode_writer: writes what the reader reads", "[dht][bencode]") {
  std::array<std::uint8_t, 128> buffer{};
  BencodeWriter out{buffer};

  out.open_dictionary().key("a").integer(-7).key("b").open_list().string("x").close();
  out.key("c").encoded(as_bytes("i1e")).close();

  REQUIRE(out.ok());
  CHECK(as_text(out.written()) == "d1:ai-7e1:bl1:xe1:ci1ee");
  CHECK(BencodeValue::parse(out.written())->canonical());
}

TEST_CASE("bencode_writer: remembers what did not fit", "[dht][bencode]") {
  std::array<std::uint8_t, 6> buffer{};

  BencodeWriter fits{buffer};
  fits.string("abcd");
  BencodeWriter too_long{buffer};
  too_long.string("abcde");

  CHECK(fits.ok());
  CHECK_FALSE(too_long.ok());
}

TEST_CASE("bencode: every prefix and every changed byte is refused or read", "[dht][bencode]") {
  const std::string text = "d2:idl1:ai-7ed3:keyi12eee4:nameli1ei2eee";
  REQUIRE(parse(text).has_value());

  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK(error_of(text.substr(0, size)) == errc::truncated);
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      auto changed = text;
      changed[at] = static_cast<char>(byte);
      const auto value = parse(changed);
      if (value && value->kind() == BencodeKind::dictionary) {
        auto walk = value->items();
        std::size_t bytes = 2;
        while (const auto item = walk.next()) {
          bytes += item->encoded().size();
        }
        CHECK(bytes == changed.size());
      }
    }
  }
}
