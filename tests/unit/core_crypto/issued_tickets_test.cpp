#include "core/crypto/issued_tickets.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::crypto {
namespace {

constexpr UnixSeconds kNow = 1'790'000'000;

const ByteVector kSession{'s', 'e', 's', 's', 'i', 'o', 'n'};

TEST_CASE("issued_tickets: a ticket opens once", "[core_crypto][tickets]") {
  SeededRandom random{1};
  IssuedTickets tickets{10};
  const auto ticket = tickets.issue(kSession, kNow, random);

  CHECK(ticket.size() == kSession.size() + IssuedTickets::kOverhead);
  CHECK(tickets.size() == 1);
  CHECK(tickets.redeem(ticket, kNow).value() == kSession);
  CHECK(tickets.size() == 0);
  CHECK(tickets.refused() == 0);
  CHECK(tickets.redeem(ticket, kNow).error() == errc::not_found);
  CHECK(tickets.refused() == 1);
}

TEST_CASE("issued_tickets: each has an id and a key of its own", "[core_crypto][tickets]") {
  SeededRandom random{1};
  IssuedTickets tickets{10};
  const auto first = tickets.issue(kSession, kNow, random);
  const auto second = tickets.issue(kSession, kNow, random);
  auto mixed = first;  // the id of one, the content of the other
  copy_bytes(ConstBytes{second}.subspan(IssuedTickets::kIdBytes),
             Bytes{mixed}.subspan(IssuedTickets::kIdBytes));

  CHECK(first != second);
  CHECK(tickets.redeem(mixed, kNow).error() == errc::malformed);
  CHECK(tickets.redeem(second, kNow).value() == kSession);
}

TEST_CASE("issued_tickets: an altered one is used up", "[core_crypto][tickets]") {
  SeededRandom random{1};
  IssuedTickets tickets{10};
  const auto ticket = tickets.issue(kSession, kNow, random);
  auto altered = ticket;
  altered.back() ^= 1U;

  CHECK(tickets.redeem(altered, kNow).error() == errc::malformed);
  CHECK(tickets.redeem(ticket, kNow).error() == errc::not_found);
  CHECK(tickets.refused() == 2);
}

TEST_CASE("issued_tickets: one of another node, or of none", "[core_crypto][tickets]") {
  SeededRandom random{1};
  IssuedTickets here{10};
  IssuedTickets there{10};
  const auto ticket = here.issue(kSession, kNow, random);

  CHECK(there.redeem(ticket, kNow).error() == errc::not_found);
  CHECK(here.redeem({}, kNow).error() == errc::not_found);
  CHECK(here.redeem(ConstBytes{ticket}.first(IssuedTickets::kIdBytes - 1), kNow).error() ==
        errc::not_found);
  CHECK(here.redeem(ConstBytes{ticket}.first(IssuedTickets::kIdBytes), kNow).error() ==
        errc::malformed);
}

TEST_CASE("issued_tickets: bounded, and the oldest goes first", "[core_crypto][tickets]") {
  SeededRandom random{1};
  IssuedTickets tickets{3};
  std::vector<ByteVector> made;
  for (int number = 0; number < 5; ++number) {
    made.push_back(tickets.issue(kSession, kNow, random));
  }

  CHECK(tickets.size() == 3);
  CHECK_FALSE(tickets.redeem(made[0], kNow).has_value());
  CHECK_FALSE(tickets.redeem(made[1], kNow).has_value());
  CHECK(tickets.redeem(made[2], kNow).has_value());
  CHECK(tickets.redeem(made[4], kNow).has_value());
  CHECK(tickets.size() == 1);
}

TEST_CASE("issued_tickets: a bound of zero keeps the last one", "[core_crypto][tickets]") {
  SeededRandom random{1};
  IssuedTickets tickets{0};
  const auto first = tickets.issue(kSession, kNow, random);
  const auto second = tickets.issue(kSession, kNow, random);

  CHECK_FALSE(tickets.redeem(first, kNow).has_value());
  CHECK(tickets.redeem(second, kNow).has_value());
}

TEST_CASE("issued_tickets: forgotten when its life is over", "[core_crypto][tickets]") {
  SeededRandom random{1};
  IssuedTickets tickets{10};
  const auto first = tickets.issue(kSession, kNow, random);
  const auto second = tickets.issue(kSession, kNow + 100, random);
  const auto end = kNow + IssuedTickets::kLifetime;

  SECTION("no later") {
    CHECK(tickets.redeem(first, end).has_value());
  }
  SECTION("but then, and the younger one stays") {
    CHECK(tickets.redeem(first, end + 1).error() == errc::not_found);
    CHECK(tickets.size() == 1);
    CHECK(tickets.redeem(second, end + 1).has_value());
  }
  SECTION("when others are issued, too") {
    (void)tickets.issue(kSession, end + 101, random);
    CHECK(tickets.size() == 1);
  }
}

}  // namespace
}  // namespace quicether::crypto
