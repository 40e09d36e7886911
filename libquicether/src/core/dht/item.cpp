#include <quicether/base/assert.hpp>
#include <quicether/core/dht/bencode.hpp>
#include <quicether/core/dht/bencode_writer.hpp>
#include <quicether/core/dht/item.hpp>

namespace quicether::dht {

namespace {

/// Room for what signed_bytes() puts around salt and value.
constexpr std::size_t kFramingBytes = 64;

}  // namespace

Item to_item(const ItemView& view) {
  return {
      {view.value.begin(), view.value.end()}, {view.salt.begin(), view.salt.end()}, view.author};
}

ByteVector signed_bytes(ConstBytes salt, std::int64_t seq, ConstBytes value) {
  ByteVector out(salt.size() + value.size() + kFramingBytes);
  BencodeWriter writer{out};
  if (!salt.empty()) {
    writer.key("salt").string(salt);
  }
  writer.key("seq").integer(seq).key("v").encoded(value);
  QE_ASSERT(writer.ok());
  out.resize(writer.written().size());
  return out;
}

Id immutable_target(ConstBytes value, const ItemCrypto& crypto) noexcept {
  return crypto.sha1(value);
}

Id mutable_target(const PublicKey& key, ConstBytes salt, const ItemCrypto& crypto) {
  ByteVector hashed{key.bytes.begin(), key.bytes.end()};
  hashed.insert(hashed.end(), salt.begin(), salt.end());
  return crypto.sha1(hashed);
}

KrpcError check_item(const ItemView& item, const ItemCrypto& crypto) {
  if (item.value.size() > kValueBytesMax) {
    return KrpcError::value_too_large;
  }
  if (item.salt.size() > kSaltBytesMax) {
    return KrpcError::salt_too_large;
  }
  const auto value = BencodeValue::parse(item.value);
  if (!value || !value->canonical()) {
    return KrpcError::protocol;
  }
  if (!item.author) {
    return KrpcError::none;
  }
  if (item.author->seq < 0) {
    return KrpcError::protocol;
  }
  return crypto.verify(item.author->key,
                       signed_bytes(item.salt, item.author->seq, item.value),
                       item.author->signature)
             ? KrpcError::none
             : KrpcError::invalid_signature;
}

Id target_of(const ItemView& item, const ItemCrypto& crypto) {
  return item.author ? mutable_target(item.author->key, item.salt, crypto)
                     : immutable_target(item.value, crypto);
}

}  // namespace quicether::dht
