#include "mgmt/policy_values.hpp"

#include <quicether/mgmt/text.hpp>

#include <charconv>
#include <system_error>

namespace quicether::mgmt {
namespace {

constexpr std::size_t kNameBytesMax = 64;

std::optional<std::uint16_t> parse_port_text(std::string_view text) {
  std::uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  const bool whole = error == std::errc{} && rest == end && port != 0;
  return whole ? std::optional{port} : std::nullopt;
}

}  // namespace

std::optional<std::string_view> text_of(const TomlNode& node) {
  const auto* text = node.scalar.if_string();
  return text == nullptr ? std::nullopt : std::optional<std::string_view>{*text};
}

std::optional<std::uint16_t> parse_port(const TomlNode& node) {
  const auto* number = node.scalar.if_int64();
  const bool fits = number != nullptr && *number >= 1 && *number <= 0xffff;
  return fits ? std::optional{static_cast<std::uint16_t>(*number)} : std::nullopt;
}

std::optional<policy::PortRange> parse_port_range(const TomlNode& node) {
  if (const auto port = parse_port(node)) {
    return policy::PortRange{*port, *port};
  }
  const auto text = text_of(node);
  if (!text) {
    return std::nullopt;
  }
  const auto dash = text->find('-');
  const auto first = parse_port_text(text->substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? first : parse_port_text(text->substr(dash + 1));
  const bool ordered = first && last && *first <= *last;
  return ordered ? std::optional{policy::PortRange{*first, *last}} : std::nullopt;
}

std::optional<policy::Action> parse_action(std::string_view text) {
  for (const auto action : {policy::Action::allow, policy::Action::deny}) {
    if (text == policy::to_string(action)) {
      return action;
    }
  }
  return std::nullopt;
}

std::optional<policy::Protocol> parse_protocol(std::string_view text) {
  using policy::Protocol;
  for (const auto protocol : {Protocol::any, Protocol::tcp, Protocol::udp, Protocol::icmp}) {
    if (text == policy::to_string(protocol)) {
      return protocol;
    }
  }
  return std::nullopt;
}

std::optional<policy::Protocol> parse_test_protocol(std::string_view text) {
  const auto protocol = parse_protocol(text);
  return protocol == policy::Protocol::any ? std::nullopt : protocol;
}

std::optional<std::string> parse_rule_name(std::string_view text) {
  const bool plain = !text.empty() && text.size() <= kNameBytesMax && printable(text) == text;
  return plain ? std::optional<std::string>{text} : std::nullopt;
}

}  // namespace quicether::mgmt
