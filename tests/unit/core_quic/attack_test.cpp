#include "unit/core_crypto/test_keys.hpp"
#include "unit/core_quic/attacker.hpp"

#include <catch2/catch_test_macros.hpp>

#include <malloc.h>

namespace quicether::quic::test {
namespace {

using crypto::test::bytes_of;

// Bytes that the process has allocated; 0 where a sanitizer replaces the allocator.
std::size_t heap_bytes() {
  return mallinfo2().uordblks;
}

void append_varint(ByteVector& out, std::uint64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  if (value < 64) {
    out.push_back(static_cast<std::uint8_t>(value));
  } else if (value < 16384) {
    store_be<std::uint16_t>(bytes, static_cast<std::uint16_t>(value | 0x4000U));
    out.insert(out.end(), bytes.begin(), bytes.begin() + 2);
  } else {
    store_be<std::uint64_t>(bytes, value | 0xc000000000000000U);
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
}

ByteVector frame(std::initializer_list<std::uint64_t> numbers) {
  ByteVector made;
  for (const auto number : numbers) {
    append_varint(made, number);
  }
  return made;
}

struct Attack {
  Attack() {
    attacker.begin();
    attacker.run(milliseconds{500});
    QE_ASSERT(attacker.connected());
  }

  [[nodiscard]] std::optional<ConnectionClosed> end() const {
    return victim.last<ConnectionClosed>();
  }

  World world{};
  Node& victim = world.add("198.51.100.1:9000");
  Attacker attacker{world, victim};
};

TEST_CASE("attack: frames that break the protocol end the connection", "[quic][attack]") {
  struct Case {
    const char* name;
    ByteVector frames;
  };

  const std::vector<Case> cases{
      {"an unknown frame type", frame({0x3f})},
      {"an ACK of packets never sent", frame({0x02, 1'000'000, 0, 0, 0})},
      {"an ACK of negative packets", frame({0x02, 3, 0, 0, 10})},
      {"data on a stream of the other side that was not opened", frame({0x0a, 1, 1, 0})},
      {"a stream beyond the limit", frame({0x0a, 4 * 100'000, 1, 0})},
      {"a unidirectional stream, none of which is allowed", frame({0x0a, 2, 1, 0})},
      {"data beyond the window", frame({0x0e, 0, 10'000'000, 1, 0})},
      {"two different ends of a stream",
       [] {
         auto frames = frame({0x0f, 0, 10, 0});
         const auto other = frame({0x0f, 0, 5, 0});
         frames.insert(frames.end(), other.begin(), other.end());
         return frames;
       }()},
      {"a stream limit above 2^60", frame({0x12, 1ULL << 61U})},
      {"HANDSHAKE_DONE from a client", frame({0x1e})},
      {"NEW_TOKEN from a client", frame({0x07, 1, 0})},
      {"a truncated frame",
       [] {
         auto frames = ByteVector(1100, 1);
         frames.back() = 0x06;  // CRYPTO without offset, up to the padding's end
         return frames;
       }()},
      {"a retired id that was never issued", frame({0x19, 500})},
      {"STOP_SENDING for a stream never opened", frame({0x05, 1, 0})},
      {"TLS data after the handshake",
       [] {
         auto frames = frame({0x06, 0, 4});
         frames.insert(frames.end(), {24, 0, 0, 0});
         return frames;
       }()},
  };
  for (const auto& broken : cases) {
    DYNAMIC_SECTION(broken.name) {
      Attack attack;
      attack.attacker.send_frames(broken.frames);
      attack.attacker.run(milliseconds{300});

      REQUIRE(attack.attacker.sent_forged == 1);
      const bool ignored = std::string_view{broken.name}.starts_with("TLS data") ||
                           std::string_view{broken.name}.starts_with("a truncated");
      if (!ignored) {
        REQUIRE(attack.end());
        CHECK(attack.end()->reason == errc::protocol_error);
        CHECK(attack.attacker.closed());
        CHECK(attack.victim.endpoint->connection_count() == 0);
      }
    }
  }
}

// Sends one flood of packets and returns what the victim's memory grew by at most.
std::size_t flood(Attack& attack, int packets, const std::function<ByteVector(int)>& frames) {
  attack.attacker.run(milliseconds{500});
  const auto before = heap_bytes();
  std::size_t most = before;
  for (int i = 0; i < packets && !attack.end(); ++i) {
    attack.attacker.send_frames(frames(i));
    attack.attacker.run(milliseconds{4});
    most = std::max(most, heap_bytes());
  }
  return most - before;
}

constexpr std::size_t kMebibyte = std::size_t{1} << 20U;

TEST_CASE("attack: 100 000 PATH_CHALLENGE cost no memory and few answers", "[quic][attack]") {
  Attack attack;
  const auto back_before = attack.attacker.bytes_back;
  std::size_t challenges = 0;

  const auto grown = flood(attack, 850, [&](int i) {
    ByteVector frames;
    while (frames.size() < 1080) {
      frames.push_back(0x1a);
      for (int byte = 0; byte < 8; ++byte) {
        frames.push_back(static_cast<std::uint8_t>(i + byte));
      }
      ++challenges;
    }
    return frames;
  });

  CHECK(challenges >= 100'000);
  CHECK(attack.attacker.sent_forged >= 800);
  CHECK(grown <= kMebibyte);
  // ngtcp2 keeps four challenges at a time; an answer alone in a packet is padded to 1200 bytes.
  CHECK(attack.attacker.bytes_back - back_before <= 850 * 1200 * 5);
}

TEST_CASE("attack: a storm of connection ids is bounded or ends the connection", "[quic][attack]") {
  Attack attack;
  SECTION("new ids that retire the earlier ones") {
    const auto grown = flood(attack, 500, [](int i) {
      ByteVector frames;
      for (int k = 0; k < 30; ++k) {
        const auto sequence = static_cast<std::uint64_t>(10 + 30 * i + k);
        auto next = frame({0x18, sequence, sequence, 8});
        SeededRandom random{sequence};
        ByteVector id_and_token(24);
        random.fill(id_and_token);
        next.insert(next.end(), id_and_token.begin(), id_and_token.end());
        if (frames.size() + next.size() > 1100) {
          break;
        }
        frames.insert(frames.end(), next.begin(), next.end());
      }
      return frames;
    });
    CHECK(grown <= kMebibyte);
  }
  SECTION("new ids without end") {
    const auto grown = flood(attack, 100, [](int i) {
      auto frames = frame({0x18, static_cast<std::uint64_t>(1 + i), 0, 8});
      SeededRandom random{static_cast<std::uint64_t>(i)};
      ByteVector id_and_token(24);
      random.fill(id_and_token);
      frames.insert(frames.end(), id_and_token.begin(), id_and_token.end());
      return frames;
    });
    CHECK(grown <= kMebibyte);
    CHECK(attack.end());
  }
  SECTION("retired ids") {
    const auto grown =
        flood(attack, 2000, [](int i) { return frame({0x19, static_cast<std::uint64_t>(i)}); });
    CHECK(grown <= kMebibyte);
  }
}

TEST_CASE("attack: streams full of holes are bounded by the windows", "[quic][attack]") {
  Attack attack;
  std::uint64_t offset = 1;

  const auto grown = flood(attack, 2000, [&](int) {
    ByteVector frames;
    while (frames.size() < 1080 && offset < 250'000) {
      auto next = frame({0x0e, 0, offset, 1});
      next.push_back(0xaa);
      frames.insert(frames.end(), next.begin(), next.end());
      offset += 2;
    }
    if (frames.empty()) {
      frames = frame({0x01});
    }
    return frames;
  });

  CHECK(grown <= 16 * kMebibyte);
}

TEST_CASE("attack: opening and resetting streams without end holds no memory", "[quic][attack]") {
  Attack attack;
  std::array<std::uint8_t, 64> buffer{};

  const auto grown = flood(attack, 1000, [&](int i) {
    // The application of the victim does its part.
    for (const auto& [handle, opened] : attack.victim.all<StreamOpened>()) {
      (void)attack.victim.endpoint->read_stream(handle, opened.stream, buffer);
      attack.victim.endpoint->reset_stream(handle, opened.stream, 0);
    }
    attack.victim.events.clear();
    const auto id = 4 * static_cast<std::uint64_t>(i);
    auto frames = frame({0x0a, id, 1});
    frames.push_back(0x55);
    const auto reset = frame({0x04, id, 0, 1});
    frames.insert(frames.end(), reset.begin(), reset.end());
    return frames;
  });

  CHECK(grown <= kMebibyte);
}

TEST_CASE("attack: a client that speaks only TLS 1.2 is refused", "[quic][attack]") {
  World world;
  auto& victim = world.add("198.51.100.1:9000");
  Attacker attacker{world, victim};
  // ClientHello: legacy version 0x0303, one TLS 1.2 cipher suite, no supported_versions.
  ByteVector body = bytes_of("0303");
  body.insert(body.end(), 32, 0x11);
  const auto rest = bytes_of(
      "000002c02b0100"
      "0000");
  body.insert(body.end(), rest.begin(), rest.end());
  ByteVector hello{1, 0, 0, static_cast<std::uint8_t>(body.size())};
  hello.insert(hello.end(), body.begin(), body.end());

  attacker.begin(hello);
  attacker.run(milliseconds{300});

  REQUIRE(victim.last<ConnectionClosed>());
  CAPTURE(victim.last<ConnectionClosed>()->detail);
  CHECK(victim.last<ConnectionClosed>()->reason == errc::incompatible_version);
  CHECK(victim.all<HandshakeCompleted>().empty());
  CHECK(victim.endpoint->connection_count() == 0);
}

TEST_CASE("attack: random bytes in place of the ClientHello are refused", "[quic][attack]") {
  World world;
  auto& victim = world.add("198.51.100.1:9000");
  SeededRandom random{8};
  for (int round = 0; round < 50; ++round) {
    Attacker attacker{world, victim};
    attacker.address.port = static_cast<std::uint16_t>(7000 + round);
    ByteVector hello(1 + random.below(900));
    random.fill(hello);
    attacker.begin(hello);
    attacker.run(milliseconds{100});
  }
  world.run_for(seconds{20});

  CHECK(victim.all<HandshakeCompleted>().empty());
  CHECK(victim.endpoint->connection_count() == 0);
  CHECK(victim.all<ConnectionClosed>().size() <= 50);
}

TEST_CASE("attack: any bytes from a stranger neither crash nor allocate for long",
          "[quic][attack]") {
  World world;
  auto& node = world.add("192.0.2.1:9000");
  const auto stranger = SocketAddress::parse("203.0.113.9:9000").value();
  SeededRandom random{21};
  const auto before = heap_bytes();

  for (int i = 0; i < 20'000; ++i) {
    ByteVector junk(random.below(4) == 0 ? 1200 + random.below(300) : random.below(100));
    random.fill(junk);
    if (!junk.empty() && random.below(2) == 0) {
      junk[0] = static_cast<std::uint8_t>(0xc0U | junk[0]);
      if (junk.size() > 6 && random.below(2) == 0) {
        store_be<std::uint32_t>(Bytes{junk}.subspan(1, 4), 1);
        junk[5] = 8;
      }
    }
    world.inject(stranger, node.address, junk);
    if (i % 100 == 0) {
      world.run_for(milliseconds{20});
    }
  }
  world.run_for(seconds{60});

  CHECK(node.endpoint->connection_count() == 0);
  CHECK(node.events.size() < 100);
  CHECK(heap_bytes() <= before + kMebibyte);
}

}  // namespace
}  // namespace quicether::quic::test
