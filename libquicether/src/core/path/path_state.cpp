#include <quicether/core/path/path_state.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace quicether::path {

namespace {

constexpr std::array<std::string_view, 4> kNames{"probing", "active", "suspect", "failed"};

}  // namespace

std::string_view to_string(PathState state) noexcept {
  return kNames[static_cast<std::size_t>(state)];
}

std::optional<PathState> parse_path_state(std::string_view text) noexcept {
  const auto found = std::ranges::find(kNames, text);
  return found == kNames.end() ? std::nullopt
                               : std::optional{static_cast<PathState>(found - kNames.begin())};
}

}  // namespace quicether::path
