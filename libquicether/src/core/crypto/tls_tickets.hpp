#ifndef QUICETHER_SRC_CORE_CRYPTO_TLS_TICKETS_HPP
#define QUICETHER_SRC_CORE_CRYPTO_TLS_TICKETS_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/node_id.hpp>

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace quicether::crypto {

/// What a client needs to resume.
struct ClientTicket {
  bssl::UniquePtr<SSL_SESSION> session{};
  ByteVector note{};  ///< what the layer above wants to know again
};

/// Session tickets that peers gave this node as a client: the newest one of each peer.
class TlsTickets {
 public:
  explicit TlsTickets(std::size_t tickets_max) : tickets_max_{tickets_max} {}

  /// Keeps a ticket and drops the oldest one when there are too many.
  void put(const NodeId& peer, ClientTicket content) {
    if (tickets_max_ == 0) {
      return;
    }
    if (const auto found = tickets_.find(peer); found != tickets_.end()) {
      forget(found);
    }
    while (tickets_.size() >= tickets_max_) {
      forget(tickets_.find(by_age_.begin()->second));
    }
    const auto age = next_age_++;
    by_age_.emplace(age, peer);
    tickets_.emplace(peer, Ticket{age, std::move(content)});
  }

  /// Puts back what take() gave, unless a newer one of the peer came since.
  void put_back(const NodeId& peer, ClientTicket content) {
    if (!tickets_.contains(peer)) {
      put(peer, std::move(content));
    }
  }

  /// Takes the ticket of a peer out, without a session when there is none: each is used once
  /// (RFC 8446 appendix C.4), so that an observer cannot link two connections.
  [[nodiscard]] ClientTicket take(const NodeId& peer) {
    const auto found = tickets_.find(peer);
    if (found == tickets_.end()) {
      return {};
    }
    auto content = std::move(found->second.content);
    forget(found);
    return content;
  }

  [[nodiscard]] std::size_t size() const noexcept { return tickets_.size(); }

 private:
  struct Ticket {
    std::uint64_t age = 0;
    ClientTicket content{};
  };

  using Tickets = std::map<NodeId, Ticket>;

  void forget(Tickets::iterator ticket) {
    by_age_.erase(ticket->second.age);
    tickets_.erase(ticket);
  }

  std::size_t tickets_max_;
  std::uint64_t next_age_ = 0;
  Tickets tickets_{};
  std::map<std::uint64_t, NodeId> by_age_{};
};

}  // namespace quicether::crypto

#endif  // QUICETHER_SRC_CORE_CRYPTO_TLS_TICKETS_HPP
