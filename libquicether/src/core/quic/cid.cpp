#include "core/quic/cid.hpp"

#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/crypto/key_pair.hpp>

#include <algorithm>

namespace quicether::quic {
namespace {

constexpr std::string_view kResetLabel = "stateless reset v1";

// Where the destination connection id begins (RFC 9000 sections 17.2 and 17.3).
constexpr std::size_t kLongHeaderCid = 6;
constexpr std::size_t kShortHeaderCid = 1;

bool is_digit(std::uint8_t byte) noexcept {
  return byte >= '0' && byte <= '9';
}

}  // namespace

bool looks_like_dht(ConstBytes datagram) noexcept {
  return datagram.size() >= 3 && datagram[0] == 'd' && is_digit(datagram[1]) && datagram[2] == ':';
}

std::size_t shard_of(ConstBytes datagram, std::size_t count) noexcept {
  if (looks_like_dht(datagram)) {
    return 0;
  }
  const bool long_header = !datagram.empty() && (datagram[0] & 0x80U) != 0;
  const std::size_t at = long_header ? kLongHeaderCid : kShortHeaderCid;
  return at < datagram.size() ? datagram[at] % count : 0;
}

CidMaker::CidMaker(const crypto::KeyPair& key, Random& random, Shard shard)
    : reset_key_{key.derive_secret(kResetLabel)}, random_{random}, shard_{shard} {}

OwnCid CidMaker::make() noexcept {
  OwnCid cid;
  do {
    random_.fill(cid.bytes);
  } while (!shard_.has_lane(cid.bytes[0]) || (is_digit(cid.bytes[0]) && cid.bytes[1] == ':'));
  return cid;
}

ResetToken CidMaker::reset_token(ConstBytes cid) const noexcept {
  const auto digest = crypto::hmac_sha256(reset_key_.view(), cid);
  ResetToken token;
  std::copy_n(digest.begin(), token.size(), token.begin());
  return token;
}

}  // namespace quicether::quic
