#include "core/crypto/tls_tickets.hpp"

#include <quicether/base/node_id.hpp>

#include <catch2/catch_test_macros.hpp>

namespace quicether::crypto {
namespace {

NodeId peer(std::uint8_t number) {
  NodeId id;
  id.bytes[0] = number;
  return id;
}

struct Sessions {
  bssl::UniquePtr<SSL_CTX> context{SSL_CTX_new(TLS_with_buffers_method())};

  [[nodiscard]] ClientTicket make(std::uint8_t note = 0) const {
    return {bssl::UniquePtr<SSL_SESSION>{SSL_SESSION_new(context.get())}, {note}};
  }
};

TEST_CASE("tls_tickets: one per peer, the newest, and each is given out once",
          "[crypto][tickets]") {
  const Sessions sessions;
  TlsTickets tickets{10};
  tickets.put(peer(1), sessions.make());
  auto newer = sessions.make();
  const auto* const expected = newer.session.get();
  tickets.put(peer(1), std::move(newer));

  CHECK(tickets.size() == 1);
  CHECK(tickets.take(peer(1)).session.get() == expected);
  CHECK(tickets.take(peer(1)).session == nullptr);
  CHECK(tickets.take(peer(2)).session == nullptr);
  CHECK(tickets.size() == 0);
}

TEST_CASE("tls_tickets: bounded, and the oldest goes first", "[crypto][tickets]") {
  const Sessions sessions;
  TlsTickets tickets{3};
  for (std::uint8_t number = 1; number <= 3; ++number) {
    tickets.put(peer(number), sessions.make());
  }
  tickets.put(peer(1), sessions.make());  // now the youngest

  tickets.put(peer(4), sessions.make());
  tickets.put(peer(5), sessions.make());

  CHECK(tickets.size() == 3);
  CHECK(tickets.take(peer(2)).session == nullptr);
  CHECK(tickets.take(peer(3)).session == nullptr);
  CHECK(tickets.take(peer(1)).session != nullptr);
}

TEST_CASE("tls_tickets: one that was not used comes back with its note", "[crypto][tickets]") {
  const Sessions sessions;
  TlsTickets tickets{10};
  tickets.put(peer(1), sessions.make(7));

  tickets.put_back(peer(1), tickets.take(peer(1)));

  CHECK(tickets.take(peer(1)).note == ByteVector{7});
}

TEST_CASE("tls_tickets: one that comes back does not replace a newer one", "[crypto][tickets]") {
  const Sessions sessions;
  TlsTickets tickets{10};
  tickets.put(peer(1), sessions.make(1));
  auto older = tickets.take(peer(1));
  tickets.put(peer(1), sessions.make(2));

  tickets.put_back(peer(1), std::move(older));

  CHECK(tickets.take(peer(1)).note == ByteVector{2});
}

TEST_CASE("tls_tickets: a bound of zero keeps none", "[crypto][tickets]") {
  const Sessions sessions;
  TlsTickets tickets{0};

  tickets.put(peer(1), sessions.make());

  CHECK(tickets.size() == 0);
}

}  // namespace
}  // namespace quicether::crypto
