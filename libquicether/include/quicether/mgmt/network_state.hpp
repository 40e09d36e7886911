#ifndef QUICETHER_MGMT_NETWORK_STATE_HPP
#define QUICETHER_MGMT_NETWORK_STATE_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/record/invite.hpp>
#include <quicether/env/store.hpp>
#include <quicether/mgmt/config.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::mgmt {

/// The network that a node was made a member of by `quicether network create` or `quicether join`.
/// It is kept in the state directory; a network in the configuration file comes before it.
struct NetworkState {
  std::string name{};                      ///< 1..63 of [A-Za-z0-9._-]
  std::string secret{};                    ///< empty: `invite` is still to be redeemed
  std::optional<record::Invite> invite{};  ///< what brought the node here
  std::string refused{};  ///< why the inviter did not take it; empty: not asked yet, or it did

  friend bool operator==(const NetworkState&, const NetworkState&) = default;
};

/// A network with a new secret of 256 bits.
[[nodiscard]] NetworkState make_network(std::string_view name, Random& random);

/// Lines of a word and a value each.
[[nodiscard]] std::string encode(const NetworkState& state);

/// Reverses encode() for any text. **Errors:** `malformed`, `unsupported` (a later version).
[[nodiscard]] result<NetworkState> decode_network_state(std::string_view text);

/// None: the node is in no network. **Errors:** those of decode_network_state() and Store::load().
[[nodiscard]] result<std::optional<NetworkState>> load_network_state(Store& store);

/// **Errors:** those of Store::save().
[[nodiscard]] result<void> save_network_state(Store& store, const NetworkState& state);

/// **Errors:** those of Store::remove().
[[nodiscard]] result<void> remove_network_state(Store& store);

/// The configuration with the network in it, unless it names one itself.
[[nodiscard]] Config with_network(Config config, const std::optional<NetworkState>& state);

/// For people: what is wrong with the network in a state directory, and what to do.
[[nodiscard]] std::string explain_network_state(error_code error,
                                                const std::filesystem::path& directory);

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_NETWORK_STATE_HPP
