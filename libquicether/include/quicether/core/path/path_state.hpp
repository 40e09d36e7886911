#ifndef QUICETHER_CORE_PATH_PATH_STATE_HPP
#define QUICETHER_CORE_PATH_PATH_STATE_HPP

#include <quicether/base/address.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace quicether::path {

/// How it stands with one path of a link.
///
///     probing ──session──> active <──heard── suspect ──> failed ──session──> active
///        └──────no answer──────────────────────────────────^
enum class PathState : std::uint8_t {
  probing,  ///< is being dialled, or asked for a sign of life
  active,   ///< carries packets
  suspect,  ///< has a session, but too little was heard lately
  failed,   ///< has no session; dialled now and then
};

/// "probing", "active", "suspect" or "failed".
[[nodiscard]] std::string_view to_string(PathState state) noexcept;

/// Reverses to_string(); none for any other text.
[[nodiscard]] std::optional<PathState> parse_path_state(std::string_view text) noexcept;

/// Where a path runs, or may run.
struct AddressPair {
  SocketAddress local{};  ///< unspecified: the system chooses. The port does not count.
  SocketAddress remote{};

  friend constexpr auto operator<=>(const AddressPair&, const AddressPair&) noexcept = default;
};

}  // namespace quicether::path

#endif  // QUICETHER_CORE_PATH_PATH_STATE_HPP
