#ifndef QUICETHER_CORE_RECORD_NETWORK_RECORDS_HPP
#define QUICETHER_CORE_RECORD_NETWORK_RECORDS_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/crypto/network_proof.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quicether::record {

inline constexpr std::size_t kClaimsMax = 8;                    ///< in one list
inline constexpr std::uint32_t kClaimLifetimeMax = 7 * 86'400;  ///< seconds
inline constexpr std::uint32_t kWithdrawalLifetime = 86'400;    ///< seconds

/// How far a claim may be dated ahead: clocks differ.
inline constexpr UnixSeconds kClockDifferenceMax = 3600;

/// Where a list of claims lies, and what its claims say.
struct Place {
  std::string name{};     ///< "MEMBERS:0", "SUBNET:10.0.0.0/8"
  std::string subject{};  ///< "MEMBERS": a claim may move between the lists of a topic
};

/// What all claims of some lists say. Each topic has lists of its own, numbered from 0.
class Topic {
 public:
  /// The owner is a member of the network.
  [[nodiscard]] static Topic members();

  /// The subnet is behind the owner.
  [[nodiscard]] static Topic subnet(const Prefix& subnet);

  /// The owner forwards to the subnet, which is behind somebody else.
  [[nodiscard]] static Topic gateway(const Prefix& subnet);

  /// The owner forwards to the node.
  [[nodiscard]] static Topic gateway(const NodeId& node);

  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

  [[nodiscard]] Place list(std::size_t number) const;

  /// How many lists there are at most.
  [[nodiscard]] std::size_t lists_max() const noexcept;

  friend auto operator<=>(const Topic&, const Topic&) noexcept = default;

 private:
  explicit Topic(std::string subject) : subject_{std::move(subject)} {}

  std::string subject_;
};

/// What one node says of itself in a list, for a while: "I am a member", "this is behind me". Or
/// that it does so no longer: a withdrawal takes the place of all earlier claims.
struct Claim {
  PublicKey owner{};
  UnixSeconds made_at = 0;
  std::uint32_t lifetime = 0;  ///< seconds, at most kClaimLifetimeMax; 0: a withdrawal
  crypto::Signature signature{};

  [[nodiscard]] bool is_withdrawal() const noexcept { return lifetime == 0; }

  /// How long it counts, seconds.
  [[nodiscard]] UnixSeconds duration() const noexcept {
    return is_withdrawal() ? kWithdrawalLifetime : lifetime;
  }

  friend bool operator==(const Claim&, const Claim&) noexcept = default;
};

/// The lists that the members of one network keep in the DHT: salted mutable items under a key that
/// follows from the network's.
///
/// Whoever knows the network's secret can write a list and read it, nobody else can do either, or
/// tell what a list is about. Each claim is signed by its owner besides: a member can leave out
/// another one's claim, but not forge it. Threads: const functions from several.
/// **Source:** docs/spec/records.md.
class NetworkRecords {
 public:
  explicit NetworkRecords(const crypto::NetworkKey& network);

  /// The key that all members sign their lists with.
  [[nodiscard]] const crypto::KeyPair& writer() const noexcept { return writer_; }

  /// The salt of the list's item: 32 bytes.
  [[nodiscard]] ByteVector salt(const Place& place) const;

  /// `lifetime`: at most kClaimLifetimeMax seconds; 0 makes a withdrawal.
  [[nodiscard]] Claim make_claim(const crypto::KeyPair& owner,
                                 const Place& place,
                                 UnixSeconds now,
                                 std::uint32_t lifetime) const;

  /// True when the owner made the claim for this network and subject, and it holds at `now`.
  [[nodiscard]] bool holds(const Claim& claim, const Place& place, UnixSeconds now) const;

  /// The item's value, bencoded and sealed, at most 1000 bytes. `claims`: at most kClaimsMax.
  [[nodiscard]] ByteVector encode(const Place& place,
                                  const std::vector<Claim>& claims,
                                  Random& random) const;

  /// The claims of a list that hold(), of each owner the newest. `value`: any bytes.
  ///
  /// **Errors:** `malformed` (not by a member, or damaged), `truncated`, `unsupported` (another
  /// version).
  [[nodiscard]] result<std::vector<Claim>> decode(const Place& place,
                                                  ConstBytes value,
                                                  UnixSeconds now) const;

 private:
  [[nodiscard]] ByteVector signed_bytes(const Claim& claim, const Place& place) const;

  crypto::KeyPair writer_;
  crypto::SecretBytes salt_key_;
  crypto::SecretBytes sealing_key_;
};

/// Puts a claim into a list: in place of an older one of its owner, or of a withdrawal when the
/// list is full.
///
/// Returns false when there is no room, or the list holds one of the owner that is as new.
bool add_claim(std::vector<Claim>& claims, const Claim& claim);

}  // namespace quicether::record

#endif  // QUICETHER_CORE_RECORD_NETWORK_RECORDS_HPP
