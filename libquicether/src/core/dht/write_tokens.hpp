#ifndef QUICETHER_SRC_CORE_DHT_WRITE_TOKENS_HPP
#define QUICETHER_SRC_CORE_DHT_WRITE_TOKENS_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/dht/id.hpp>
#include <quicether/core/dht/item.hpp>

#include <array>

namespace quicether::dht {

/// Proofs that somebody receives at an address: given with an answer, asked back for with a write.
///
/// A token is bound to address and target, and valid for 5 to 10 minutes (BEP 5). Nothing is kept
/// per token.
class WriteTokens {
 public:
  using Token = std::array<std::uint8_t, 8>;

  WriteTokens(const ItemCrypto& crypto, Random& random, Instant now);

  /// Renews the secret when it is due.
  void rotate(Instant now);

  [[nodiscard]] Token make(const IpAddress& holder, const Id& target) const noexcept;

  [[nodiscard]] bool valid(ConstBytes token,
                           const IpAddress& holder,
                           const Id& target) const noexcept;

 private:
  using Secret = std::array<std::uint8_t, 20>;

  [[nodiscard]] Token make(const Secret& secret,
                           const IpAddress& holder,
                           const Id& target) const noexcept;

  const ItemCrypto& crypto_;
  Random& random_;
  Secret current_{};
  Secret previous_{};
  Instant renewed_;
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_WRITE_TOKENS_HPP
