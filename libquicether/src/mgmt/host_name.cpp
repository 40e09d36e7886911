#include "mgmt/host_name.hpp"

#include <quicether/base/address.hpp>

#include <algorithm>
#include <cstddef>

namespace quicether::mgmt {
namespace {

constexpr std::size_t kDnsNameBytesMax = 253;   // RFC 1035 section 2.3.4, less length and root
constexpr std::size_t kDnsLabelBytesMax = 63;   // RFC 1035 section 2.3.4
constexpr std::size_t kInterfaceBytesMax = 15;  // IFNAMSIZ - 1, linux/if.h

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_label_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= kDnsLabelBytesMax && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), is_label_character);
}

}  // namespace

bool is_dns_name(std::string_view text) noexcept {
  if (text.size() > kDnsNameBytesMax) {
    return false;
  }
  while (true) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    if (!is_label(label)) {
      return false;
    }
    if (dot == std::string_view::npos) {
      return !std::all_of(label.begin(), label.end(), is_digit);
    }
    text.remove_prefix(dot + 1);
  }
}

bool is_host(std::string_view text) noexcept {
  return IpAddress::parse(text).has_value() || is_dns_name(text);
}

bool is_interface_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kInterfaceBytesMax && text != "." && text != ".." &&
         std::none_of(text.begin(), text.end(), [](char c) {
           return c <= ' ' || c == '/' || c == ':' || c == 0x7f;
         });
}

}  // namespace quicether::mgmt
