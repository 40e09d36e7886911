#include "peer_cache.hpp"

#include <string>
#include <string_view>

namespace quicether::detail {

namespace {

constexpr std::string_view kCacheName = "peer-addresses";
constexpr std::size_t kPeersMax = 4096;

/// One line: "<node id> <address:port>".
std::optional<std::pair<NodeId, SocketAddress>> parse_line(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) {
    return std::nullopt;
  }
  const auto id = NodeId::parse(line.substr(0, space));
  const auto address = SocketAddress::parse(line.substr(space + 1));
  if (!id || !address) {
    return std::nullopt;
  }
  return std::pair{*id, *address};
}

}  // namespace

void PeerCache::load() {
  const auto bytes = environment_.store().load(kCacheName);
  if (!bytes) {
    if (bytes.error() != errc::not_found) {
      environment_.events().on_event(
          {"peers.unreadable", Severity::warning, {{"reason", bytes.error().message()}}});
    }
    return;
  }
  auto text = as_text(*bytes);
  while (!text.empty() && addresses_.size() < kPeersMax) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const auto entry = parse_line(line);
    if (!entry) {
      environment_.events().on_event(
          {"peers.unreadable", Severity::warning, {{"reason", "malformed line"}}});
      return;
    }
    addresses_.insert(*entry);
  }
}

std::optional<SocketAddress> PeerCache::find(const NodeId& peer) const {
  const auto found = addresses_.find(peer);
  return found == addresses_.end() ? std::nullopt : std::optional{found->second};
}

void PeerCache::remember(const NodeId& peer, const SocketAddress& address) {
  const auto found = addresses_.find(peer);
  if ((found == addresses_.end() && addresses_.size() == kPeersMax) ||
      (found != addresses_.end() && found->second == address)) {
    return;
  }
  addresses_[peer] = address;
  save();
}

void PeerCache::forget(const NodeId& peer) {
  if (addresses_.erase(peer) != 0) {
    save();
  }
}

void PeerCache::save() {
  std::string text;
  for (const auto& [peer, address] : addresses_) {
    text += peer.to_string() + ' ' + address.to_string() + '\n';
  }
  if (const auto saved = environment_.store().save(kCacheName, as_bytes(text)); !saved) {
    environment_.events().on_event(
        {"peers.not_saved", Severity::warning, {{"reason", saved.error().message()}}});
  }
}

}  // namespace quicether::detail
