#include <quicether/core/policy/pins.hpp>

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <utility>

namespace quicether::policy {
namespace {

constexpr std::size_t kPinsMax = 65536;

}  // namespace

ByteVector encode_pins(std::span<const Pin> pins) {
  ByteVector bytes;
  for (const auto& pin : pins) {
    fmt::format_to(
        std::back_inserter(bytes), "{} {}\n", pin.prefix.to_string(), pin.key.to_string());
  }
  return bytes;
}

result<std::vector<Pin>> decode_pins(ConstBytes bytes) {
  std::vector<Pin> pins;
  for (auto rest = as_text(bytes); !rest.empty();) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    const auto blank = line.find(' ');
    if (end == std::string_view::npos || blank == std::string_view::npos) {
      return errc::malformed;
    }
    auto prefix = NodeIdPrefix::parse(line.substr(0, blank));
    const auto key = PublicKey::parse(line.substr(blank + 1));
    if (!prefix || !key) {
      return errc::malformed;
    }
    if (pins.size() == kPinsMax) {
      return errc::limit_reached;
    }
    pins.push_back({*std::move(prefix), *key});
    rest.remove_prefix(end + 1);
  }
  return pins;
}

}  // namespace quicether::policy
