#ifndef QUICETHER_TESTS_SUPPORT_DHT_CRYPTO_HPP
#define QUICETHER_TESTS_SUPPORT_DHT_CRYPTO_HPP

#include "shell/dht_crypto.hpp"

#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/dht/item.hpp>

#include <cstdint>
#include <string_view>

namespace quicether::testing {

/// The shipped class, for the layer that does not know it.
using RealCrypto = detail::DhtCrypto;

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
