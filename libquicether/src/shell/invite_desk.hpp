#ifndef QUICETHER_SRC_SHELL_INVITE_DESK_HPP
#define QUICETHER_SRC_SHELL_INVITE_DESK_HPP

#include <quicether/core/node/invite_book.hpp>
#include <quicether/core/wire/control_message.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/node.hpp>

#include <mutex>
#include <optional>
#include <string>

namespace quicether::detail {

/// Issues and redeems invites: an InviteBook that is kept in the Store. What the book decides is
/// saved before anybody is answered. Threads: redeem() any, the rest the Environment's.
class InviteDesk {
 public:
  explicit InviteDesk(Environment& environment) : environment_{environment} {}

  /// Hands out this network from now on. Invites of another network are void.
  void use(const std::optional<NetworkConfig>& network);

  /// `lifetime`: seconds, at least 1. **Errors:** `limit_reached`, those of Store::save().
  [[nodiscard]] result<InviteToken> issue(UnixSeconds lifetime, bool once);

  /// **Errors:** as AdmissionControl::redeem().
  [[nodiscard]] result<wire::Grant> redeem(const PublicKey& key,
                                           const wire::Redeem& invite,
                                           crypto::ExporterView exporter);

  [[nodiscard]] std::size_t size() const;

 private:
  void load();
  [[nodiscard]] result<void> save();
  void report(Event event);

  Environment& environment_;
  mutable std::mutex mutex_{};
  std::optional<NetworkConfig> network_{};
  std::string heading_{};  ///< the first line in the Store: which network the invites are for
  node::InviteBook book_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_INVITE_DESK_HPP
