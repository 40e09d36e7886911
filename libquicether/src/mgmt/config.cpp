#include "mgmt/host_name.hpp"

#include <quicether/mgmt/config.hpp>

#include <fmt/format.h>

#include <charconv>
#include <system_error>

namespace quicether::mgmt {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  std::uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end || port == 0 || text.front() == '0') {
    return std::nullopt;
  }
  return port;
}

bool is_v6(std::string_view text) noexcept {
  const auto address = IpAddress::parse(text);
  return address && address->is_v6();
}

std::optional<policy::ConfiguredPeer> to_configured_peer(const PeerEntry& entry) {
  if (!entry.id && !entry.key) {
    return std::nullopt;  // an address alone admits nobody
  }
  policy::ConfiguredPeer peer{.name = entry.name, .key = entry.key, .id = {}};
  if (entry.id) {
    peer.id = NodeIdPrefix::parse(entry.id->to_string()).value();
  }
  return peer;
}

}  // namespace

result<HostPort> HostPort::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return errc::malformed;
  }
  const auto port = parse_port(text.substr(colon + 1));
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  if (!port || !is_host(host) || is_v6(host) != bracketed) {
    return errc::malformed;
  }
  return HostPort{std::string{host}, *port};
}

std::string HostPort::to_string() const {
  return is_v6(host) ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

policy::AdmissionConfig admission_config(const Config& config) {
  policy::AdmissionConfig admission;
  admission.allowed = config.peers.allowed;
  for (const auto& entry : config.peer) {
    if (auto peer = to_configured_peer(entry)) {
      admission.peers.push_back(std::move(*peer));
    }
  }
  return admission;
}

}  // namespace quicether::mgmt
