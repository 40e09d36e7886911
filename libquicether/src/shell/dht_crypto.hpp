#ifndef QUICETHER_SRC_SHELL_DHT_CRYPTO_HPP
#define QUICETHER_SRC_SHELL_DHT_CRYPTO_HPP

#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/dht/item.hpp>

namespace quicether::detail {

/// What the DHT needs of cryptography, by the library's own.
class DhtCrypto final : public dht::ItemCrypto {
 public:
  [[nodiscard]] dht::Id sha1(ConstBytes message) const noexcept override {
    return {crypto::sha1(message)};
  }

  [[nodiscard]] bool verify(const PublicKey& key,
                            ConstBytes message,
                            const dht::Signature& signature) const noexcept override {
    return crypto::is_sound(key) && crypto::verify(key, message, signature);
  }
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_DHT_CRYPTO_HPP
