#ifndef QUICETHER_SRC_CORE_CRYPTO_ISSUED_TICKETS_HPP
#define QUICETHER_SRC_CORE_CRYPTO_ISSUED_TICKETS_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/crypto/aead.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>

namespace quicether::crypto {

/// Session tickets that this node gave out as a server: each opens once.
///
/// A ticket is `id (16 random bytes) || seal(key, id, session)` with a key of its own, which is
/// erased when the ticket is opened. So a recorded first flight, sent again, resumes nothing, and
/// what was sent under a used ticket stays secret when this node's memory is seized later.
class IssuedTickets {
 public:
  static constexpr std::size_t kIdBytes = 16;

  /// How much longer a ticket is than the session inside.
  static constexpr std::size_t kOverhead = kIdBytes + kAeadOverhead;

  /// RFC 8446 section 4.6.1 allows a week; two days is what BoringSSL's clients keep one for.
  static constexpr UnixSeconds kLifetime = UnixSeconds{2} * 24 * 60 * 60;

  /// At most `tickets_max` are known at once, at least one: the oldest is forgotten first.
  explicit IssuedTickets(std::size_t tickets_max) noexcept;

  /// Makes a ticket. `random` is secure outside of tests.
  [[nodiscard]] ByteVector issue(ConstBytes session, UnixSeconds now, Random& random);

  /// Takes the session out of a ticket and forgets the key, whether it fits or not.
  ///
  /// **Errors:** `not_found`: used before, forgotten, or of somebody else; `malformed`: altered.
  [[nodiscard]] result<ByteVector> redeem(ConstBytes ticket, UnixSeconds now);

  /// Tickets that can still be used.
  [[nodiscard]] std::size_t size() const noexcept { return tickets_.size(); }

  /// Tickets that redeem() did not take.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  using Id = std::array<std::uint8_t, kIdBytes>;

  struct Ticket {
    std::uint64_t age = 0;
    UnixSeconds issued = 0;
    SecretBytes key{};
  };

  using Tickets = std::map<Id, Ticket>;

  [[nodiscard]] result<ByteVector> open(ConstBytes ticket);
  void forget(Tickets::iterator ticket);
  void forget_older_than(UnixSeconds issued);

  std::size_t tickets_max_;
  std::uint64_t next_age_ = 0;
  std::uint64_t refused_ = 0;
  Tickets tickets_{};
  std::map<std::uint64_t, Id> by_age_{};
};

}  // namespace quicether::crypto

#endif  // QUICETHER_SRC_CORE_CRYPTO_ISSUED_TICKETS_HPP
