#include "write_tokens.hpp"

#include <chrono>

namespace quicether::dht {

namespace {

constexpr Duration kRenewal = std::chrono::minutes{5};

/// Without a timing that tells how far a guess was right.
bool equal(ConstBytes token, const WriteTokens::Token& right) noexcept {
  if (token.size() != right.size()) {
    return false;
  }
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < right.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (token[i] ^ right[i]));
  }
  return difference == 0;
}

}  // namespace

WriteTokens::WriteTokens(const ItemCrypto& crypto, Random& random, Instant now)
    : crypto_{crypto}, random_{random}, renewed_{now} {
  random_.fill(current_);
  random_.fill(previous_);
}

void WriteTokens::rotate(Instant now) {
  if (now - renewed_ >= kRenewal) {
    previous_ = current_;
    random_.fill(current_);
    renewed_ = now;
  }
}

WriteTokens::Token WriteTokens::make(const Secret& secret,
                                     const IpAddress& holder,
                                     const Id& target) const noexcept {
  // Secret, address in 16 bytes, target. The first half of the hash is kept: nobody who sees it can
  // append to what was hashed.
  std::array<std::uint8_t, 20 + 16 + kIdBytes> message{};
  copy_bytes(secret, message);
  copy_bytes(holder.bytes(), Bytes{message}.subspan(20));
  copy_bytes(target.bytes, Bytes{message}.subspan(36));
  const auto hash = crypto_.sha1(message);
  Token token{};
  copy_bytes(ConstBytes{hash.bytes}.first(token.size()), token);
  return token;
}

WriteTokens::Token WriteTokens::make(const IpAddress& holder, const Id& target) const noexcept {
  return make(current_, holder, target);
}

bool WriteTokens::valid(ConstBytes token,
                        const IpAddress& holder,
                        const Id& target) const noexcept {
  return equal(token, make(current_, holder, target)) ||
         equal(token, make(previous_, holder, target));
}

}  // namespace quicether::dht
