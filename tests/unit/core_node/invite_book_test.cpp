#include <quicether/base/hex.hpp>
#include <quicether/core/node/invite_book.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <chrono>
#include <string>

using namespace quicether;
using namespace std::chrono_literals;
using node::InviteBook;

namespace {

constexpr UnixSeconds kUnix = 1'800'000'000;

using Exporter = std::array<std::uint8_t, 32>;

PublicKey key(std::uint8_t n) {
  PublicKey key;
  key.bytes.fill(n);
  return key;
}

struct World {
  InviteToken issue(bool once, UnixSeconds lifetime = 3600) {
    return book.issue(random, unix, lifetime, once).value();
  }

  InviteBook::Judgement redeem(const InviteToken& token, std::uint8_t who) {
    const auto proof = node::invite_proof(token, exporter, key(who));
    return book.redeem(now, unix, key(who), node::invite_id(token), proof, exporter);
  }

  SeededRandom random{3};
  InviteBook book{};
  Instant now{1h};
  UnixSeconds unix = kUnix;
  Exporter exporter{1, 2, 3};
};

}  // namespace

// The values of docs/spec/invites.md.
TEST_CASE("invite_book: golden id and proof", "[node][invite]") {
  InviteToken token{};
  for (std::uint8_t i = 0; i < 16; ++i) {
    token.at(i) = i;
  }
  Exporter exporter{};
  exporter.fill(0x11);

  CHECK(to_hex(node::invite_id(token)) == "ad31c3f72d5e8097");
  CHECK(to_hex(node::invite_proof(token, exporter, key(0x22))) ==
        "22ea7ac3b7f545af4358658e0a17bcc43c74758c1d5247d3ebeca8ce99040728");
}

TEST_CASE("invite_book: an invite for one node is redeemed once, of a hundred who try",
          "[node][invite]") {
  World world;
  const auto token = world.issue(true);
  std::size_t granted = 0;
  std::size_t used = 0;

  for (std::uint8_t who = 1; who <= 100; ++who) {
    world.now = world.now + 1s;
    const auto judgement = world.redeem(token, who);
    granted += judgement.refusal ? 0U : 1U;
    used += judgement.refusal == errc::invite_used ? 1U : 0U;
    CHECK(judgement.must_be_saved == !judgement.refusal);
  }

  CHECK(granted == 1);
  CHECK(used == 99);
}

TEST_CASE("invite_book: who redeemed an invite may ask again, saved or not", "[node][invite]") {
  World world;
  const auto token = world.issue(true);
  CHECK(world.redeem(token, 1).must_be_saved);

  const auto again = world.redeem(token, 1);

  CHECK_FALSE(again.refusal);
  CHECK_FALSE(again.must_be_saved);
  CHECK(world.redeem(token, 2).refusal == errc::invite_used);
}

TEST_CASE("invite_book: what could not be saved is undone", "[node][invite]") {
  World world;
  const auto token = world.issue(true);
  REQUIRE(world.redeem(token, 1).must_be_saved);

  world.book.undo(node::invite_id(token));

  CHECK_FALSE(world.redeem(token, 2).refusal);
}

TEST_CASE("invite_book: an invite for many is redeemed until it expires", "[node][invite]") {
  World world;
  const auto token = world.issue(false, 60);

  CHECK_FALSE(world.redeem(token, 1).refusal);
  CHECK_FALSE(world.redeem(token, 2).refusal);
  CHECK_FALSE(world.redeem(token, 2).must_be_saved);
  world.unix += 59;
  CHECK_FALSE(world.redeem(token, 3).refusal);
  world.unix += 1;
  CHECK(world.redeem(token, 1).refusal == errc::invite_expired);
}

TEST_CASE("invite_book: foreign, revoked and stolen invites are unknown", "[node][invite]") {
  World world;
  const auto token = world.issue(false);
  const auto revoked = world.issue(false);
  world.book.revoke(node::invite_id(revoked));
  InviteToken foreign{};

  CHECK(world.redeem(foreign, 1).refusal == errc::invite_unknown);
  CHECK(world.redeem(revoked, 1).refusal == errc::invite_unknown);

  SECTION("a proof of another session") {
    Exporter other{9};
    const auto proof = node::invite_proof(token, other, key(1));
    CHECK(world.book
              .redeem(world.now, world.unix, key(1), node::invite_id(token), proof, world.exporter)
              .refusal == errc::invite_unknown);
  }
  SECTION("a proof of another key") {
    const auto proof = node::invite_proof(token, world.exporter, key(1));
    CHECK(world.book
              .redeem(world.now, world.unix, key(2), node::invite_id(token), proof, world.exporter)
              .refusal == errc::invite_unknown);
  }
}

TEST_CASE("invite_book: who guesses learns nothing soon, and disturbs nobody", "[node][invite]") {
  World world;
  const auto token = world.issue(true);
  std::size_t unknown = 0;
  for (int i = 0; i < 1000; ++i) {
    unknown += world.redeem(InviteToken{1}, 7).refusal == errc::invite_unknown ? 1U : 0U;
  }
  CHECK(unknown == 20);
  CHECK(world.redeem(InviteToken{1}, 7).refusal == errc::refused_busy);

  CHECK_FALSE(world.redeem(token, 1).refusal);

  world.now = world.now + 1s;
  CHECK(world.redeem(InviteToken{1}, 7).refusal == errc::invite_unknown);
  CHECK(world.redeem(InviteToken{1}, 7).refusal == errc::refused_busy);
}

TEST_CASE("invite_book: what is written is read, with who redeemed it", "[node][invite]") {
  World world;
  const auto once = world.issue(true);
  const auto many = world.issue(false);
  (void)world.redeem(once, 1);
  const auto text = world.book.encode();

  World restarted;
  REQUIRE(restarted.book.decode(text));

  CHECK(restarted.book.encode() == text);
  CHECK_FALSE(restarted.redeem(once, 1).refusal);
  CHECK(restarted.redeem(once, 2).refusal == errc::invite_used);
  CHECK_FALSE(restarted.redeem(many, 2).refusal);
}

TEST_CASE("invite_book: damaged text is refused and changes nothing", "[node][invite]") {
  World world;
  (void)world.issue(true);
  const auto text = world.book.encode();

  for (const std::string damaged : {"x",
                                    "00 1 once -",
                                    "000102030405060708090a0b0c0d0e0f x once -",
                                    "000102030405060708090a0b0c0d0e0f 1 twice -",
                                    "000102030405060708090a0b0c0d0e0f 1 once x",
                                    "000102030405060708090a0b0c0d0e0f 1 once"}) {
    CAPTURE(damaged);
    CHECK(world.book.decode(damaged).error() == errc::malformed);
    CHECK(world.book.encode() == text);
  }
}

TEST_CASE("invite_book: is bounded, and forgets what expired long ago", "[node][invite]") {
  World world;
  for (int i = 0; i < 1024; ++i) {
    (void)world.issue(true, 60);
  }
  CHECK(world.book.issue(world.random, world.unix, 60, true).error() == errc::limit_reached);

  world.unix += 60 + 7 * 86'400;

  CHECK(world.book.issue(world.random, world.unix, 60, true).has_value());
  CHECK(world.book.size() == 1);
}
