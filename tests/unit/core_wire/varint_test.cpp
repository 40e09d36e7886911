#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/wire/varint.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string_view>

using namespace quicether;
using wire::Reader;

TEST_CASE("varint: reads the examples of RFC 9000 appendix A.1", "[wire][varint]") {
  struct Case {
    std::string_view bytes;
    std::uint64_t value;
    bool shortest;
  };

  for (const auto& [text, value, shortest] : {
           Case{"c2197c5eff14e88c", 151'288'809'941'952'652U, true},
           Case{"9d7f3e7d", 494'878'333U, true},
           Case{"7bbd", 15'293U, true},
           Case{"25", 37U, true},
           Case{"4025", 37U, false},
       }) {
    CAPTURE(text);
    ByteVector bytes(text.size() / 2);
    REQUIRE(from_hex(text, bytes).has_value());

    Reader reader{bytes};
    CHECK(reader.varint().value() == value);
    CHECK(reader.empty());

    ByteVector written;
    wire::append_varint(written, value);
    CHECK((to_hex(written) == text) == shortest);
  }
}

TEST_CASE("varint: is as long as the value needs", "[wire][varint]") {
  struct Case {
    std::uint64_t value;
    std::size_t size;
  };

  for (const auto& [value, size] : {Case{0, 1},
                                    Case{63, 1},
                                    Case{64, 2},
                                    Case{16'383, 2},
                                    Case{16'384, 4},
                                    Case{(1U << 30U) - 1, 4},
                                    Case{1U << 30U, 8},
                                    Case{wire::kVarintMax, 8}}) {
    CAPTURE(value);
    ByteVector bytes;
    wire::append_varint(bytes, value);
    CHECK(wire::varint_size(value) == size);
    CHECK(bytes.size() == size);
    CHECK(Reader{bytes}.varint().value() == value);
  }
}

TEST_CASE("varint: random values survive a round trip one after the other", "[wire][varint]") {
  SeededRandom random{11};
  std::vector<std::uint64_t> values;
  ByteVector bytes;
  for (int i = 0; i < 10'000; ++i) {
    values.push_back(random.next() >> (2 + random.below(62)));
    wire::append_varint(bytes, values.back());
  }

  Reader reader{bytes};
  for (const auto value : values) {
    REQUIRE(reader.varint().value() == value);
  }
  CHECK(reader.empty());
}

TEST_CASE("reader: takes nothing when it fails", "[wire][varint]") {
  const ByteVector bytes = {0xc0, 1, 2, 3, 4, 5, 6};
  Reader reader{bytes};

  CHECK(reader.varint().error() == errc::truncated);
  CHECK(reader.bytes(8).error() == errc::truncated);
  CHECK(reader.bytes(wire::kVarintMax).error() == errc::truncated);
  CHECK(reader.integer<std::uint64_t>().error() == errc::truncated);
  CHECK(reader.rest().size() == bytes.size());

  CHECK(reader.integer<std::uint32_t>().value() == 0xc0010203U);
  CHECK(reader.bytes(0).value().empty());
  CHECK(reader.bytes(3).value().front() == 4);
  CHECK(reader.empty());
  CHECK(reader.varint().error() == errc::truncated);
  CHECK(reader.integer<std::uint8_t>().error() == errc::truncated);
}
