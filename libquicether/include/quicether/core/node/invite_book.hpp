#ifndef QUICETHER_CORE_NODE_INVITE_BOOK_HPP
#define QUICETHER_CORE_NODE_INVITE_BOOK_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/crypto/network_proof.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace quicether::node {

/// Names an invite without giving it away.
using InviteId = std::array<std::uint8_t, 8>;

using InviteProof = std::array<std::uint8_t, 32>;

[[nodiscard]] InviteId invite_id(const InviteToken& token) noexcept;

/// Evidence that `redeemer` knows the token, for one TLS session only.
/// **Source:** docs/spec/invites.md.
[[nodiscard]] InviteProof invite_proof(const InviteToken& token,
                                       crypto::ExporterView exporter,
                                       const PublicKey& redeemer) noexcept;

struct InviteLimits {
  std::size_t invites_max = 1024;         ///< that are kept, expired ones included
  UnixSeconds expired_kept = 7 * 86'400;  ///< so long an expired invite is told from a foreign one
  std::size_t failures_burst = 20;        ///< refusals with their true reason, at once
  Duration failures_interval = std::chrono::seconds{1};  ///< and afterwards one in so long
};

/// The invites that a node has issued, and what became of them.
///
/// A sans-IO table: the driver keeps encode() in its Store, and hands the network's secret out only
/// once that was saved. An invite for one node belongs to the first key that redeems it, and that
/// key may redeem it again: so a crash between saving and answering costs nobody the invite.
class InviteBook {
 public:
  explicit InviteBook(const InviteLimits& limits = {}) : limits_{limits} {}

  /// Adds an invite that holds for `lifetime` seconds, at least 1.
  ///
  /// **Errors:** `limit_reached`.
  [[nodiscard]] result<InviteToken> issue(Random& random,
                                          UnixSeconds now,
                                          UnixSeconds lifetime,
                                          bool once);

  /// Takes an invite back. Unknown ones are ignored.
  void revoke(const InviteId& id);

  struct Judgement {
    error_code refusal{};        ///< none: the secret may be handed out
    bool must_be_saved = false;  ///< before that; else undo()
  };

  /// Judges who comes with an invite. Refusals: `invite_unknown` (never issued, taken back, or a
  /// wrong proof), `invite_expired`, `invite_used` (by another key), `refused_busy` (too many wrong
  /// ones lately).
  [[nodiscard]] Judgement redeem(Instant now,
                                 UnixSeconds unix_time,
                                 const PublicKey& redeemer,
                                 const InviteId& id,
                                 ConstBytes proof,
                                 crypto::ExporterView exporter);

  /// The redemption could not be saved: the invite belongs to nobody again.
  void undo(const InviteId& id);

  [[nodiscard]] std::size_t size() const noexcept { return invites_.size(); }

  /// A line "<token> <expires> <once or many> <redeemed by or ->" for each.
  [[nodiscard]] std::string encode() const;

  /// Replaces the content by what encode() wrote, for any text.
  ///
  /// **Errors:** `malformed`, `limit_reached`; nothing changes then.
  [[nodiscard]] result<void> decode(std::string_view text);

 private:
  struct Entry {
    InviteToken token{};
    UnixSeconds expires = 0;
    bool once = false;
    std::optional<PublicKey> redeemed_by{};
  };

  using Entries = std::map<InviteId, Entry>;

  [[nodiscard]] Judgement refuse(Instant now, errc reason);
  void forget_old(UnixSeconds now);

  InviteLimits limits_;
  Entries invites_{};
  Instant failures_until_{};  ///< what the failures so far have used up
};

}  // namespace quicether::node

#endif  // QUICETHER_CORE_NODE_INVITE_BOOK_HPP
