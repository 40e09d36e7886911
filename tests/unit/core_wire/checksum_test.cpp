#include "support/packets.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/wire/checksum.hpp>

#include <catch2/catch_test_macros.hpp>

using namespace quicether;
using namespace quicether::test;

TEST_CASE("checksum: gives the sum of the example in RFC 1071 section 3", "[wire][checksum]") {
  const ByteVector bytes = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

  CHECK(wire::checksum_fold(wire::checksum_add(bytes)) == 0xddf2);
  CHECK(wire::internet_checksum(bytes) == 0x220d);
}

TEST_CASE("checksum: gives the checksum of a captured IPv4 header", "[wire][checksum]") {
  const ByteVector header = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                             0x00, 0x00, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};

  CHECK(wire::internet_checksum(header) == 0xb861);
}

TEST_CASE("checksum: agrees with a loop over words for every size and alignment",
          "[wire][checksum]") {
  SeededRandom random{3};
  ByteVector bytes(2048 + 8);
  random.fill(bytes);

  for (std::size_t size = 0; size <= 2048; ++size) {
    const auto part = ConstBytes{bytes}.subspan(size % 8, size);
    CAPTURE(size);
    REQUIRE(wire::internet_checksum(part) == naive_checksum(part));
  }
}

TEST_CASE("checksum: carries survive 64 KiB of ones", "[wire][checksum]") {
  for (const std::size_t size : {65535U, 65534U, 65533U}) {
    const ByteVector bytes(size, 0xff);
    CHECK(wire::internet_checksum(bytes) == naive_checksum(bytes));
  }
}

TEST_CASE("checksum: keeps zero and all ones apart", "[wire][checksum]") {
  CHECK(wire::checksum_fold(0) == 0);
  CHECK(wire::checksum_fold(0xffff) == 0xffff);
  CHECK(wire::checksum_fold(0x1fffe) == 0xffff);
  CHECK(wire::checksum_fold(~std::uint64_t{0}) == 0xffff);
  CHECK(wire::internet_checksum(ByteVector(64, 0)) == 0xffff);
  CHECK(wire::internet_checksum({}) == 0xffff);
}

TEST_CASE("checksum: pieces of even length add up to the whole", "[wire][checksum]") {
  SeededRandom random{4};
  ByteVector bytes(301);
  random.fill(bytes);

  for (std::size_t cut = 0; cut <= 300; cut += 2) {
    const auto sum = wire::checksum_add(ConstBytes{bytes}.first(cut));
    CHECK(wire::internet_checksum(ConstBytes{bytes}.subspan(cut), sum) == naive_checksum(bytes));
  }
}

TEST_CASE("checksum: the pseudo-header of both families is summed", "[wire][checksum]") {
  const auto segment = counting_bytes(33, 200);

  for (const auto& [source, destination] : {
           std::pair{address("10.1.2.3"), address("192.0.2.255")},
           std::pair{address("fd00::ffff"), address("2001:db8::1")},
       }) {
    const auto sum = wire::pseudo_header_sum(source, destination, 17, segment.size());
    CHECK(wire::internet_checksum(segment, sum) ==
          naive_transport_checksum(source, destination, 17, segment));
  }
}

TEST_CASE("checksum: the example of RFC 1624 section 4 does not give the wrong zero",
          "[wire][checksum]") {
  CHECK(wire::checksum_update(0xdd2f, 0x5555, 0x3285) == 0x0000);
}

TEST_CASE("checksum: an update equals a new sum", "[wire][checksum]") {
  SeededRandom random{5};

  for (int round = 0; round < 100'000; ++round) {
    ByteVector bytes(20);
    random.fill(bytes);
    if (round % 4 == 0) {
      // Words of zeros and ones meet the corners of one's complement.
      for (auto& byte : bytes) {
        byte = byte % 2 == 0 ? 0 : 0xff;
      }
      bytes[0] = 1;  // a sum of nothing but zeros does not occur in a header
    }
    const auto at = 2 * random.below(9) + 2;
    const auto before = naive_checksum(bytes);
    const auto old_word = load_be<std::uint16_t>(ConstBytes{bytes}.subspan(at));
    const auto new_word = static_cast<std::uint16_t>(random.next());
    put_u16(bytes, at, new_word);
    REQUIRE(wire::checksum_update(before, old_word, new_word) == naive_checksum(bytes));
  }
}
