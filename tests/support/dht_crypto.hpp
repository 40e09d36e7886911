#ifndef QUICETHER_TESTS_SUPPORT_DHT_CRYPTO_HPP
#define QUICETHER_TESTS_SUPPORT_DHT_CRYPTO_HPP

#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/dht/item.hpp>

#include <cstdint>
#include <string_view>

namespace quicether::testing {

/// The real thing, for the layer that does not know it.
class RealCrypto final : public dht::ItemCrypto {
 public:
  [[nodiscard]] dht::Id sha1(ConstBytes message) const noexcept override {
    return {crypto::sha1(message)};
  }

  [[nodiscard]] bool verify(const PublicKey& key,
                            ConstBytes message,
                            const dht::Signature& signature) const noexcept override {
    return crypto::verify(key, message, signature);
  }
};

/// A mutable item signed with `key`.
[[nodiscard]] inline dht::Item signed_item(const crypto::KeyPair& key,
                                           std::string_view bencoded,
                                           std::int64_t seq,
                                           std::string_view salt = {}) {
  const auto value = as_bytes(bencoded);
  dht::Item item{{value.begin(), value.end()}, {salt.begin(), salt.end()}, std::nullopt};
  item.author = dht::ItemSignature{
      key.public_key(), seq, key.sign(dht::signed_bytes(item.salt, seq, item.value))};
  return item;
}

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SUPPORT_DHT_CRYPTO_HPP
