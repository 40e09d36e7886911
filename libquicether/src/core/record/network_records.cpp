#include "fields.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/aead.hpp>
#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/record/network_records.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace quicether::record {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kClaimTag = 1;
constexpr std::string_view kMembers = "MEMBERS";

/// Trees of seven levels, with room for 1016 members, and of three, for 56 carriers of a subnet.
constexpr std::size_t kMemberListsMax = 127;
constexpr std::size_t kOtherListsMax = 7;

constexpr std::string_view kSignedPrefix = "quicether claim v1";

/// Owner, time, lifetime, signature.
constexpr std::size_t kClaimBytes = 32 + 8 + 4 + 64;

crypto::KeyPair make_writer(const crypto::NetworkKey& network) {
  const auto seed = network.derive_secret("quicether records writer v1");
  return crypto::KeyPair::from_seed(seed.view().first<crypto::kSeedBytes>());
}

void append_number(ByteVector& out, std::uint64_t number, std::size_t bytes) {
  std::array<std::uint8_t, 8> all{};
  store_be(Bytes{all}, number);
  out.insert(out.end(), all.end() - static_cast<std::ptrdiff_t>(bytes), all.end());
}

Claim read_claim(ConstBytes value) {
  Claim claim;
  copy_bytes(value.first(32), claim.owner.bytes);
  claim.made_at = load_be<UnixSeconds>(value.subspan(32));
  claim.lifetime = load_be<std::uint32_t>(value.subspan(40));
  copy_bytes(value.subspan(44), claim.signature);
  return claim;
}

}  // namespace

Topic Topic::members() {
  return Topic{std::string{kMembers}};
}

Topic Topic::subnet(const Prefix& subnet) {
  return Topic{"SUBNET:" + subnet.to_string()};
}

Topic Topic::gateway(const Prefix& subnet) {
  return Topic{"GW_SUBNET:" + subnet.to_string()};
}

Topic Topic::gateway(const NodeId& node) {
  return Topic{"GW_NODE:" + node.to_string()};
}

Place Topic::list(std::size_t number) const {
  if (subject_ == kMembers) {
    return {subject_ + ':' + std::to_string(number), subject_};
  }
  return {number == 0 ? subject_ : subject_ + '#' + std::to_string(number), subject_};
}

std::size_t Topic::lists_max() const noexcept {
  return subject_ == kMembers ? kMemberListsMax : kOtherListsMax;
}

NetworkRecords::NetworkRecords(const crypto::NetworkKey& network)
    : writer_{make_writer(network)},
      salt_key_{network.derive_secret("quicether records salt v1")},
      sealing_key_{network.derive_secret("quicether records seal v1")} {}

ByteVector NetworkRecords::salt(const Place& place) const {
  const auto salt = crypto::hmac_sha256(salt_key_.view(), as_bytes(place.name));
  return {salt.begin(), salt.end()};
}

ByteVector NetworkRecords::signed_bytes(const Claim& claim, const Place& place) const {
  const auto prefix = as_bytes(kSignedPrefix);
  const auto& network = writer_.public_key().bytes;
  const auto subject = as_bytes(place.subject);
  ByteVector message{prefix.begin(), prefix.end()};
  message.insert(message.end(), network.begin(), network.end());
  append_number(message, static_cast<std::uint64_t>(claim.made_at), 8);
  append_number(message, claim.lifetime, 4);
  message.insert(message.end(), subject.begin(), subject.end());
  return message;
}

Claim NetworkRecords::make_claim(const crypto::KeyPair& owner,
                                 const Place& place,
                                 UnixSeconds now,
                                 std::uint32_t lifetime) const {
  QE_ASSERT(lifetime <= kClaimLifetimeMax);
  Claim claim;
  claim.owner = owner.public_key();
  claim.made_at = now;
  claim.lifetime = lifetime;
  claim.signature = owner.sign(signed_bytes(claim, place));
  return claim;
}

bool NetworkRecords::holds(const Claim& claim, const Place& place, UnixSeconds now) const {
  // No sum that could overflow: made_at is any number.
  const bool timely =
      claim.made_at <= now + kClockDifferenceMax && claim.made_at > now - claim.duration();
  return timely && claim.lifetime <= kClaimLifetimeMax && crypto::is_sound(claim.owner) &&
         crypto::verify(claim.owner, signed_bytes(claim, place), claim.signature);
}

ByteVector NetworkRecords::encode(const Place& place,
                                  const std::vector<Claim>& claims,
                                  Random& random) const {
  QE_ASSERT(claims.size() <= kClaimsMax);
  ByteVector content{kVersion};
  ByteVector field;
  for (const auto& claim : claims) {
    field.assign(claim.owner.bytes.begin(), claim.owner.bytes.end());
    append_number(field, static_cast<std::uint64_t>(claim.made_at), 8);
    append_number(field, claim.lifetime, 4);
    field.insert(field.end(), claim.signature.begin(), claim.signature.end());
    append_field(content, kClaimTag, field);
  }
  return to_value(crypto::seal(sealing_key_.view(), as_bytes(place.name), content, random));
}

result<std::vector<Claim>> NetworkRecords::decode(const Place& place,
                                                  ConstBytes value,
                                                  UnixSeconds now) const {
  const auto sealed = content_of(value);
  if (!sealed) {
    return sealed.error();
  }
  const auto content = crypto::open(sealing_key_.view(), as_bytes(place.name), *sealed);
  if (!content) {
    return content.error();
  }
  wire::Reader reader{*content};
  if (const auto version = reader.integer<std::uint8_t>(); !version || *version != kVersion) {
    return version ? errc::unsupported : errc::malformed;
  }
  std::vector<Claim> claims;
  while (!reader.empty()) {
    const auto field = take_field(reader);
    if (!field) {
      return field.error();
    }
    if (field->tag != kClaimTag) {
      continue;
    }
    if (field->value.size() != kClaimBytes) {
      return errc::malformed;
    }
    if (const auto claim = read_claim(field->value); holds(claim, place, now)) {
      add_claim(claims, claim);
    }
  }
  return claims;
}

bool add_claim(std::vector<Claim>& claims, const Claim& claim) {
  const auto same = std::ranges::find(claims, claim.owner, &Claim::owner);
  if (same != claims.end()) {
    const bool newer = same->made_at < claim.made_at;
    *same = newer ? claim : *same;
    return newer;
  }
  if (claims.size() < kClaimsMax) {
    claims.push_back(claim);
    return true;
  }
  const auto withdrawal = std::ranges::find_if(claims, &Claim::is_withdrawal);
  if (claim.is_withdrawal() || withdrawal == claims.end()) {
    return false;
  }
  *withdrawal = claim;
  return true;
}

}  // namespace quicether::record
