#include "core/quic/cid.hpp"

#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/crypto/key_pair.hpp>

#include <algorithm>

namespace quicether::quic {
namespace {

constexpr std::string_view kResetLabel = "stateless reset v1";

bool is_digit(std::uint8_t byte) noexcept {
  return byte >= '0' && byte <= '9';
}

}  // namespace

bool looks_like_dht(ConstBytes datagram) noexcept {
  return datagram.size() >= 3 && datagram[0] == 'd' && is_digit(datagram[1]) && datagram[2] == ':';
}

CidMaker::CidMaker(const crypto::KeyPair& key, Random& random)
    : reset_key_{key.derive_secret(kResetLabel)}, random_{random} {}

OwnCid CidMaker::make() noexcept {
  OwnCid cid;
  do {
    random_.fill(cid.bytes);
  } while (is_digit(cid.bytes[0]) && cid.bytes[1] == ':');
  return cid;
}

ResetToken CidMaker::reset_token(ConstBytes cid) const noexcept {
  const auto digest = crypto::hmac_sha256(reset_key_.view(), cid);
  ResetToken token;
  std::copy_n(digest.begin(), token.size(), token.begin());
  return token;
}

}  // namespace quicether::quic
