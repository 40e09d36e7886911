#ifndef QUICETHER_SRC_MGMT_POLICY_VALUES_HPP
#define QUICETHER_SRC_MGMT_POLICY_VALUES_HPP

#include "mgmt/toml_document.hpp"

#include <quicether/core/policy/rule.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The values of a policy file. Each function gives nothing for what has not the form.
namespace quicether::mgmt {

/// The text, if the value is one; lives as long as the node.
[[nodiscard]] std::optional<std::string_view> text_of(const TomlNode& node);

/// An integer from 1 to 65535.
[[nodiscard]] std::optional<std::uint16_t> parse_port(const TomlNode& node);

/// 443, "443" or "8000-8100".
[[nodiscard]] std::optional<policy::PortRange> parse_port_range(const TomlNode& node);

/// "allow" or "deny".
[[nodiscard]] std::optional<policy::Action> parse_action(std::string_view text);

/// "any", "tcp", "udp" or "icmp".
[[nodiscard]] std::optional<policy::Protocol> parse_protocol(std::string_view text);

/// "tcp", "udp" or "icmp": what a packet can have.
[[nodiscard]] std::optional<policy::Protocol> parse_test_protocol(std::string_view text);

/// 1..64 printable characters.
[[nodiscard]] std::optional<std::string> parse_rule_name(std::string_view text);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_POLICY_VALUES_HPP
