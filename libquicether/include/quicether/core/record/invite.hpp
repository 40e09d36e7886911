#ifndef QUICETHER_CORE_RECORD_INVITE_HPP
#define QUICETHER_CORE_RECORD_INVITE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::record {

inline constexpr std::size_t kInviteEndpointsMax = 8;
inline constexpr std::size_t kInviteTextMax = 1024;  ///< characters

/// What one machine is given to become a member of a network: who to ask, where, and with what
/// right. It does not hold the network's secret. **Source:** docs/spec/invites.md.
struct Invite {
  std::string network{};  ///< its name: 1..63 of [A-Za-z0-9._-]
  PublicKey inviter{};    ///< the member that redeems it
  InviteToken token{};
  UnixSeconds expires = 0;                 ///< at least 0; the inviter's clock decides
  bool once = false;                       ///< for one node only
  std::vector<SocketAddress> endpoints{};  ///< where the inviter is, the best first: 1..8

  friend bool operator==(const Invite&, const Invite&) = default;
};

/// One word, "qe1-…", at most kInviteTextMax characters. Endpoints after the eighth are left out.
[[nodiscard]] std::string to_text(const Invite& invite);

/// Reads an invite for any text, whatever the case of its letters and the white space around it.
///
/// **Errors:** `unsupported` (an invite of a later version), `too_large`, `malformed` (damaged, or
/// no invite at all).
[[nodiscard]] result<Invite> parse_invite(std::string_view text);

/// True for what begins like an invite of some version, however damaged.
[[nodiscard]] bool looks_like_invite(std::string_view text) noexcept;

/// One clause about the error of parse_invite(), for the person who gave the text.
[[nodiscard]] std::string_view explain_invite(error_code error) noexcept;

/// True when the inviter said no, and will say so again wherever it is asked.
[[nodiscard]] bool is_refusal(error_code error) noexcept;

}  // namespace quicether::record

#endif  // QUICETHER_CORE_RECORD_INVITE_HPP
