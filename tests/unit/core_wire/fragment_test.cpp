#include "support/packets.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/wire/ip.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <optional>
#include <vector>

// What the parser's rules about fragments are for (T-E9): whoever judges first fragments by their
// ports and lets the later ones of the same datagram follow cannot be talked round.

using namespace quicether;
using namespace quicether::test;

namespace {

constexpr std::uint16_t kAllowedPort = 80;

const IpAddress kA4 = address("10.1.2.3");
const IpAddress kB4 = address("100.64.0.9");
const IpAddress kA6 = address("fd00:1::a");
const IpAddress kB6 = address("fd00:2::b");

struct Piece {
  std::size_t offset = 0;
  bool more = false;
  ByteVector data{};
};

ByteVector as_packet(const Piece& piece, bool v6, std::uint8_t protocol) {
  if (!v6) {
    const auto flags = static_cast<std::uint16_t>(piece.offset / 8 | (piece.more ? 0x2000U : 0U));
    return ip_packet(kA4, kB4, protocol, piece.data, {.id = 5, .flags = flags});
  }
  auto payload = fragment_header(protocol, piece.offset, piece.more, 5);
  append(payload, piece.data);
  return ip_packet(kA6, kB6, 44, payload);
}

// TCP or UDP to a port that is allowed or not, behind IPv6 options now and then.
ByteVector datagram(Random& random, bool v6, std::uint8_t& first_header) {
  const bool tcp = random.below(2) == 0;
  const bool allowed = random.below(2) == 0;
  const auto source = v6 ? kA6 : kA4;
  const auto destination = v6 ? kB6 : kB4;
  const auto port = static_cast<std::uint16_t>(allowed ? kAllowedPort : 22);
  const auto payload = counting_bytes(100 + random.below(200));
  const auto packet =
      tcp ? tcp_packet(source, destination, payload, {.destination_port = port, .flags = 0x10})
          : udp_packet(source, destination, payload, 1000, port);
  const auto transport = ConstBytes{packet}.subspan(v6 ? 40 : 20);
  first_header = tcp ? wire::kProtocolTcp : wire::kProtocolUdp;
  ByteVector bytes;
  if (v6 && random.below(2) == 0) {
    ByteVector options(8 * (1 + random.below(10)));
    options[0] = first_header;
    options[1] = static_cast<std::uint8_t>(options.size() / 8 - 1);
    append(bytes, options);
    first_header = 60;
  }
  append(bytes, transport);
  return bytes;
}

// Pieces as an attacker might cut them: of two datagrams under one identification.
std::vector<Piece> hostile_pieces(Random& random, bool v6, std::uint8_t& first_header) {
  const std::vector<ByteVector> datagrams = {datagram(random, v6, first_header),
                                             datagram(random, v6, first_header)};
  std::vector<Piece> pieces;
  for (auto count = 2 + random.below(5); count > 0; --count) {
    const auto& from = datagrams[random.below(2)];
    Piece piece;
    piece.offset = random.below(3) == 0 ? 0 : 8 * random.below(from.size() / 8);
    const auto rest = from.size() - piece.offset;
    piece.more = random.below(4) != 0;
    const auto size = piece.more ? 8 * (1 + random.below(rest / 8)) : rest;
    piece.data.assign(
        from.begin() + static_cast<std::ptrdiff_t>(piece.offset),
        from.begin() + static_cast<std::ptrdiff_t>(piece.offset + std::min(size, rest)));
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

// Joins pieces as a receiver would that lets the earlier or the later of two overlapping ones win.
std::optional<ByteVector> reassemble(const std::vector<Piece>& pieces, bool later_wins) {
  ByteVector bytes(1000);
  std::vector<bool> filled(1000, false);
  std::optional<std::size_t> end;
  for (const auto& piece : pieces) {
    for (std::size_t i = 0; i < piece.data.size(); ++i) {
      if (later_wins || !filled[piece.offset + i]) {
        bytes[piece.offset + i] = piece.data[i];
        filled[piece.offset + i] = true;
      }
    }
    if (!piece.more) {
      end = piece.offset + piece.data.size();
    }
  }
  if (!end || std::find(filled.begin(), filled.end(), false) <
                  filled.begin() + static_cast<std::ptrdiff_t>(*end)) {
    return std::nullopt;
  }
  bytes.resize(*end);
  return bytes;
}

struct Outcome {
  std::size_t passed = 0;
  std::size_t reassembled = 0;
};

Outcome attack(bool v6, std::uint64_t seed, int rounds) {
  SeededRandom random{seed};
  Outcome outcome;
  for (int round = 0; round < rounds; ++round) {
    std::uint8_t first_header = 0;
    const auto pieces = hostile_pieces(random, v6, first_header);
    // The filter: first fragments by port, later ones once a first one passed. What is whole
    // is no part of a reassembly (RFC 6946), and judged for itself.
    std::vector<Piece> passed;
    bool first_passed = false;
    for (const auto& piece : pieces) {
      const auto info = wire::parse_packet(as_packet(piece, v6, first_header));
      if (!info || info->fragment == wire::Fragment::none) {
        continue;
      }
      const bool later = info->fragment == wire::Fragment::later;
      if (later ? first_passed : info->destination_port == kAllowedPort) {
        first_passed = true;
        passed.push_back(piece);
      }
    }
    outcome.passed += passed.size();
    for (const bool later_wins : {false, true}) {
      const auto whole = reassemble(passed, later_wins);
      if (!whole) {
        continue;
      }
      // The receiver reads the datagram as if it had come in one piece.
      const auto seen =
          wire::parse_packet(ip_packet(v6 ? kA6 : kA4, v6 ? kB6 : kB4, first_header, *whole));
      if (seen) {
        ++outcome.reassembled;
        REQUIRE(seen->destination_port == kAllowedPort);
      }
    }
  }
  return outcome;
}

}  // namespace

TEST_CASE("fragment: no set of accepted IPv4 fragments becomes what was not judged (T-E9)",
          "[wire][fragment]") {
  const auto outcome = attack(false, 91, 30'000);

  CHECK(outcome.passed > 10'000);
  CHECK(outcome.reassembled > 1'000);
}

TEST_CASE("fragment: no set of accepted IPv6 fragments becomes what was not judged (T-E9)",
          "[wire][fragment]") {
  const auto outcome = attack(true, 92, 30'000);

  CHECK(outcome.passed > 10'000);
  CHECK(outcome.reassembled > 1'000);
}
