#ifndef QUICETHER_CORE_CRYPTO_SYSTEM_RANDOM_HPP
#define QUICETHER_CORE_CRYPTO_SYSTEM_RANDOM_HPP

#include <quicether/base/random.hpp>

namespace quicether::crypto {

/// The TLS library's generator, seeded by the system: secure, for everything that is not a
/// simulation. Threads: safe to use from several, also through different objects.
class SystemRandom final : public Random {
 public:
  void fill(Bytes out) noexcept override;
};

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_SYSTEM_RANDOM_HPP
