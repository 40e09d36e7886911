#ifndef QUICETHER_SRC_MGMT_HOST_NAME_HPP
#define QUICETHER_SRC_MGMT_HOST_NAME_HPP

#include <string_view>

namespace quicether::mgmt {

/// True for a DNS name: 1..253 characters, labels of 1..63 of [A-Za-z0-9_-] that neither start nor
/// end with a hyphen, the last one not all digits (RFC 1123 section 2.1, RFC 3696 section 2).
[[nodiscard]] bool is_dns_name(std::string_view text) noexcept;

/// True for an IP address without brackets or a DNS name.
[[nodiscard]] bool is_host(std::string_view text) noexcept;

/// True for what Linux takes as the name of a network interface: 1..15 bytes without slashes,
/// colons and blanks, and neither "." nor "..".
[[nodiscard]] bool is_interface_name(std::string_view text) noexcept;

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_HOST_NAME_HPP
