#include "core/crypto/issued_tickets.hpp"

#include <algorithm>
#include <utility>

namespace quicether::crypto {

IssuedTickets::IssuedTickets(std::size_t tickets_max) noexcept
    : tickets_max_{std::max<std::size_t>(tickets_max, 1)} {}

ByteVector IssuedTickets::issue(ConstBytes session, UnixSeconds now, Random& random) {
  forget_older_than(now - kLifetime);
  while (tickets_.size() >= tickets_max_) {
    forget(tickets_.find(by_age_.begin()->second));
  }
  Id id{};
  do {
    random.fill(id);
  } while (tickets_.contains(id));
  SecretBytes key{kAeadKeyBytes};
  random.fill(key.writable());

  ByteVector ticket{id.begin(), id.end()};
  const auto sealed = seal(key.view(), id, session, random);
  ticket.insert(ticket.end(), sealed.begin(), sealed.end());

  const auto age = next_age_++;
  by_age_.emplace(age, id);
  tickets_.emplace(id, Ticket{age, now, std::move(key)});
  return ticket;
}

result<ByteVector> IssuedTickets::redeem(ConstBytes ticket, UnixSeconds now) {
  forget_older_than(now - kLifetime);
  auto session = open(ticket);
  refused_ += session ? 0U : 1U;
  return session;
}

result<ByteVector> IssuedTickets::open(ConstBytes ticket) {
  if (ticket.size() < kIdBytes) {
    return errc::not_found;
  }
  Id id{};
  copy_bytes(ticket.first(kIdBytes), id);
  const auto found = tickets_.find(id);
  if (found == tickets_.end()) {
    return errc::not_found;
  }
  const auto key = std::move(found->second.key);
  forget(found);
  return crypto::open(key.view(), id, ticket.subspan(kIdBytes));
}

void IssuedTickets::forget(Tickets::iterator ticket) {
  by_age_.erase(ticket->second.age);
  tickets_.erase(ticket);
}

// Clocks may be set back; then tickets live longer, as they do for TLS itself.
void IssuedTickets::forget_older_than(UnixSeconds issued) {
  while (!by_age_.empty()) {
    const auto oldest = tickets_.find(by_age_.begin()->second);
    if (oldest->second.issued >= issued) {
      return;
    }
    forget(oldest);
  }
}

}  // namespace quicether::crypto
