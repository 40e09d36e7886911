#include "path_planner.hpp"

#include <quicether/core/record/node_record.hpp>
#include <quicether/core/wire/control_message.hpp>

#include <algorithm>
#include <utility>

namespace quicether::detail {

namespace {

/// Anybody may announce a victim's address: so many attempts go to addresses of one peer that were
/// never reached, in each period. A list of the longest kind is gone through within the first.
constexpr std::size_t kUnprovedDialsMax = 16;
constexpr Duration kUnprovedPeriod = std::chrono::minutes{1};

/// An interface that came back more often than this lately has to stay for a while before it is
/// used.
constexpr std::size_t kReturnsMax = 3;
constexpr Duration kReturnsPeriod = std::chrono::seconds{10};
constexpr Duration kHold = std::chrono::seconds{1};

/// After an interface was lost it is waited for so long, before the addresses of peers that were
/// reached through it get other paths.
constexpr Duration kQuietAfterLoss = std::chrono::seconds{1};

constexpr std::size_t kProvedMax = 64;  ///< addresses of one peer, behind a NAT that changes ports

bool usable(const InterfaceAddress& one) {
  const auto& address = one.address;
  return !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() &&
         !address.is_link_local();
}

}  // namespace

PathPlanner::PathPlanner(Environment& environment,
                         Transport& transport,
                         path::LinkTable& links,
                         const path::MultipathConfig& config)
    : environment_{environment}, transport_{transport}, links_{links}, config_{config} {}

// This host.

bool PathPlanner::read_interfaces() {
  if (!config_.takes_paths()) {
    return false;
  }
  const auto now = environment_.now();
  const auto bound = transport_.local_endpoint();
  auto interfaces = environment_.interfaces();
  const bool released =
      std::erase_if(held_, [&](const auto& one) { return now >= one.second; }) > 0;
  if (interfaces == interfaces_ && bound == bound_ && !released) {
    return false;
  }
  note_changes(interfaces);
  interfaces_ = std::move(interfaces);
  bound_ = bound;
  uplinks_.clear();
  infos_.clear();
  std::vector<std::pair<std::size_t, path::Uplink>> found;
  std::vector<AddressPin> pins;
  for (const auto& one : interfaces_) {
    const auto place = std::ranges::find(config_.interfaces, one.name) - config_.interfaces.begin();
    const auto rank = static_cast<std::size_t>(place);
    const bool chosen = config_.interfaces.empty() || rank < config_.interfaces.size();
    const bool never = std::ranges::find(config_.except, one.name) != config_.except.end();
    if (!one.up || one.loopback || !chosen || never) {
      continue;
    }
    path::Uplink uplink;
    uplink.index = one.index;
    for (const auto& address : one.addresses) {
      if (usable(address) &&
          (bound_.address.is_unspecified() || bound_.address == address.address)) {
        uplink.addresses.push_back(address);
        pins.push_back({address.address, one.index});
      }
    }
    if (!uplink.addresses.empty()) {
      const auto weight = config_.weights.find(one.name);
      infos_[one.index] = {
          one.index, one.name, weight == config_.weights.end() ? 1.0 : weight->second};
      found.emplace_back(rank, std::move(uplink));
    }
  }
  std::ranges::sort(
      found, {}, [](const auto& entry) { return std::pair{entry.first, entry.second.index}; });
  const bool all_held = std::ranges::all_of(
      found, [&](const auto& entry) { return held_.contains(entry.second.index); });
  for (auto& [rank, uplink] : found) {
    if (all_held || !held_.contains(uplink.index)) {
      uplinks_.push_back(std::move(uplink));
    }
  }
  transport_.pin(pins);
  for (auto& [target, entry] : entries_) {
    entry.stale = true;
  }
  return true;
}

/// Keeps interfaces back for a while that come and go all the time.
void PathPlanner::note_changes(const std::vector<HostInterface>& interfaces) {
  const auto now = environment_.now();
  for (const auto& old : interfaces_) {
    const auto found = std::ranges::find(interfaces, old.index, &HostInterface::index);
    const bool up = found != interfaces.end() && found->up;
    if (old.up && !up) {
      quiet_until_ = now + kQuietAfterLoss;
    }
    if (old.up || !up) {
      continue;
    }
    auto& returns = returns_[old.index];
    if (now - returns.since > kReturnsPeriod) {
      returns = {now, 0};
    }
    if (++returns.count > kReturnsMax) {
      held_[old.index] = now + kHold;
    }
  }
}

bool PathPlanner::is_own(const IpAddress& address) const noexcept {
  return std::ranges::any_of(interfaces_, [&](const HostInterface& one) {
    return std::ranges::find(one.addresses, address, &InterfaceAddress::address) !=
           one.addresses.end();
  });
}

const UplinkInfo* PathPlanner::uplink_of(const IpAddress& local) const {
  const auto* uplink = path::find_uplink(uplinks_, local);
  return uplink == nullptr ? nullptr : &infos_.at(uplink->index);
}

SocketAddress PathPlanner::local_for(const SocketAddress& remote) const {
  if (!config_.enabled || remote.address.is_loopback() || is_own(remote.address)) {
    return {};
  }
  const auto choice = transport_.source_address(remote);
  if (choice && path::find_uplink(uplinks_, *choice) != nullptr) {
    return {*choice, 0};
  }
  for (const auto& uplink : uplinks_) {
    if (const auto local = path::local_address(uplink, remote.address); !local.is_unspecified()) {
      return {local, 0};
    }
  }
  return {};
}

std::vector<SocketAddress> PathPlanner::endpoints() const {
  std::vector<SocketAddress> endpoints;
  const auto port = transport_.local_endpoint().port;
  for (const auto& uplink : uplinks_) {
    for (const bool v4 : {true, false}) {
      const auto found = std::ranges::find_if(uplink.addresses, [&](const InterfaceAddress& one) {
        return one.address.is_v4() == v4 && record::is_dialable({one.address, port});
      });
      if (found != uplink.addresses.end()) {
        endpoints.push_back({found->address, port});
      }
    }
  }
  return endpoints;
}

// Sessions.

bool PathPlanner::takes_paths(PeerIndex peer) const {
  const auto known = peers_.find(peer);
  return config_.takes_paths() && known != peers_.end() && known->second.takes_paths;
}

bool PathPlanner::is_pinned(SessionId session) const {
  const auto* peer = links_.find(session);
  const auto stats = transport_.stats(session);
  if (peer == nullptr || !stats || uplink_of(stats->local.address) == nullptr) {
    return false;
  }
  if (takes_paths(peer->index)) {
    return true;
  }
  // It may roam, but not to an interface that is not to be used.
  const auto choice = transport_.source_address(stats->remote);
  return config_.enabled && choice && uplink_of(*choice) == nullptr;
}

std::vector<SessionId> PathPlanner::lost_sessions() const {
  std::vector<SessionId> lost;
  if (!config_.takes_paths() || interfaces_.empty()) {
    return lost;
  }
  const auto reaches = [&](const IpAddress& local) {
    return std::ranges::any_of(interfaces_, [&](const HostInterface& one) {
      return one.up && std::ranges::find(one.addresses, local, &InterfaceAddress::address) !=
                           one.addresses.end();
    });
  };
  for (const auto& peer : links_.peers()) {
    if (!takes_paths(peer.index)) {
      continue;
    }
    for (const auto& session : peer.sessions) {
      const auto stats = transport_.stats(session.session);
      if (stats && !reaches(stats->local.address)) {
        lost.push_back(session.session);
      }
    }
  }
  return lost;
}

void PathPlanner::on_session_up(PeerIndex peer, const node::SessionInfo& info) {
  if (!config_.takes_paths()) {
    return;
  }
  auto& known = peers_[peer];
  known.takes_paths = (info.capabilities & wire::kCapabilityPaths) != 0;
  const auto stats = transport_.stats(info.session);
  if (info.dialled_here && stats && known.proved.size() < kProvedMax) {
    known.proved.insert(stats->remote);
  }
}

// Peers.

void PathPlanner::add(path::TargetId target, path::PeerTarget wanted) {
  if (config_.enabled) {
    entries_[target].wanted = std::move(wanted);
  }
}

void PathPlanner::remove(path::TargetId target) {
  entries_.erase(target);
}

void PathPlanner::offer(path::TargetId target, const std::vector<SocketAddress>& addresses) {
  if (const auto found = entries_.find(target); found != entries_.end()) {
    found->second.offered = addresses;
    found->second.stale = true;
  }
}

std::vector<SessionId> PathPlanner::on_announce(PeerIndex peer,
                                                const std::vector<SocketAddress>& endpoints) {
  std::vector<SessionId> withdrawn;
  if (!config_.takes_paths()) {
    return withdrawn;
  }
  peers_[peer].announces = true;
  auto& announced = peers_[peer].announced;
  const auto before = std::exchange(announced, {});
  std::ranges::copy_if(endpoints, std::back_inserter(announced), [](const SocketAddress& one) {
    return record::is_dialable(one);
  });
  const auto is_in = [](const auto& list, const SocketAddress& one) {
    return std::ranges::find(list, one) != list.end();
  };
  if (const auto* link = links_.find(peer)) {
    for (const auto& session : link->sessions) {
      const auto stats = transport_.stats(session.session);
      if (stats && is_in(before, stats->remote) && !is_in(announced, stats->remote)) {
        withdrawn.push_back(session.session);
      }
    }
  }
  on_link_changed(peer);
  return withdrawn;
}

void PathPlanner::on_link_changed(PeerIndex peer) {
  for (auto& [target, entry] : entries_) {
    entry.stale = entry.stale || links_.peer_of(target) == peer;
  }
}

bool PathPlanner::may_dial(const path::Dial& dial) {
  if (dial.path_id == 0 || !dial.peer) {
    return true;  // where the configuration or discovery says, which has bounds of its own
  }
  const bool configured = std::ranges::any_of(entries_, [&](const auto& entry) {
    return links_.peer_of(entry.first) == dial.peer &&
           std::ranges::find(entry.second.wanted.addresses, dial.remote) !=
               entry.second.wanted.addresses.end();
  });
  auto& peer = peers_[*dial.peer];
  if (configured || peer.proved.contains(dial.remote)) {
    return true;
  }
  const auto now = environment_.now();
  if (now - peer.dials_since >= kUnprovedPeriod) {
    peer.dials_since = now;
    peer.dials = 0;
  }
  return peer.dials++ < kUnprovedDialsMax;
}

// Plans.

bool PathPlanner::plan() {
  if (!config_.enabled) {
    return false;
  }
  if (transport_.local_endpoint() != bound_ || interfaces_.empty()) {
    (void)read_interfaces();
  }
  bool any = false;
  for (auto& [target, entry] : entries_) {
    if (entry.stale && !interfaces_.empty()) {
      entry.stale = false;
      any = true;
      plan(target, entry);
    }
  }
  return any;
}

void PathPlanner::plan_again() {
  for (auto& [target, entry] : entries_) {
    entry.stale = entry.stale || !entry.plan.empty();
  }
}

void PathPlanner::plan(path::TargetId target, Entry& entry) {
  const auto index = links_.peer_of(target);
  const auto* peer = index ? links_.find(*index) : nullptr;
  if (peer == nullptr || !peer->up_since) {
    entry.plans = false;
    if (index) {
      peers_[*index].announces = false;
    }
    plan_first(target, entry);
    return;
  }
  if (takes_paths(*index) && !peers_[*index].announces) {
    return;  // its ANNOUNCE follows its HELLO: what is planned before would have to be undone
  }
  if (!takes_paths(*index)) {
    entry.plan.clear();
    links_.keep_paths(environment_.now(), target, 1);
    return;
  }
  // The newest session of path 0; when there is none, it stays as it was.
  for (const auto& session : peer->sessions) {
    entry.plans = session.path_id == 0 ? session.dialled_here : entry.plans;
  }
  if (entry.plans && is_first_target(target, *index)) {
    plan_more(target, entry, *peer);
  } else {
    entry.plan.clear();
    links_.keep_paths(environment_.now(), target, 1);
    links_.set_path(environment_.now(), target, 0, {});
  }
}

bool PathPlanner::is_first_target(path::TargetId target, PeerIndex peer) const {
  return std::ranges::none_of(entries_, [&](const auto& entry) {
    return entry.first < target && links_.peer_of(entry.first) == peer;
  });
}

/// There is no session: path 0 is dialled wherever that may work.
void PathPlanner::plan_first(path::TargetId target, Entry& entry) {
  entry.plan.clear();
  std::vector<IpAddress> choices;
  for (const auto& remote : entry.wanted.addresses) {
    const bool here = remote.address.is_loopback() || is_own(remote.address);
    const auto choice = transport_.source_address(remote);
    choices.push_back(here ? remote.address : choice ? *choice : IpAddress{});
  }
  links_.keep_paths(environment_.now(), target, 1);
  links_.set_path(
      environment_.now(), target, 0, path::first_pairs(uplinks_, entry.wanted.addresses, choices));
}

std::vector<path::PathUse> PathPlanner::uses_of(const path::LinkPeer& peer) const {
  std::vector<path::PathUse> uses;
  for (const auto& session : peer.sessions) {
    const auto stats = transport_.stats(session.session);
    if (!stats) {
      continue;
    }
    if (!uses.empty() && uses.back().path_id == session.path_id) {
      uses.pop_back();  // the newest session of a path replaces the older ones
    }
    uses.push_back({session.path_id, session.dialled_here, stats->local.address, stats->remote});
  }
  return uses;
}

std::vector<SocketAddress> PathPlanner::remotes_of(const Entry& entry,
                                                   PeerIndex peer,
                                                   const SocketAddress& first) const {
  std::vector<SocketAddress> remotes;
  const auto add = [&](const SocketAddress& remote) {
    const bool here = remote.address.is_loopback() || is_own(remote.address);
    if (std::ranges::find(remotes, remote) == remotes.end() && (remotes.empty() || !here)) {
      remotes.push_back(remote);
    }
  };
  add(first);
  std::ranges::for_each(entry.wanted.addresses, add);
  std::ranges::for_each(entry.offered, add);
  if (const auto known = peers_.find(peer); known != peers_.end()) {
    std::ranges::for_each(known->second.announced, add);
  }
  return remotes;
}

/// One at a time: the next plan sees what is left.
void PathPlanner::drop_redundant(const path::LinkPeer& peer) {
  if (const auto path_id = path::redundant_path(uplinks_, uses_of(peer))) {
    for (const auto& session : peer.sessions) {
      if (session.path_id == *path_id) {
        links_.on_path_redundant(environment_.now(), session.session);
        return;
      }
    }
  }
}

void PathPlanner::plan_more(path::TargetId target, Entry& entry, const path::LinkPeer& peer) {
  const auto now = environment_.now();
  drop_redundant(peer);
  const auto uses = uses_of(peer);
  if (uses.empty()) {
    return;
  }
  for (const auto& waiting : links_.waiting_paths(peer.index)) {
    for (auto& path : entry.plan) {
      if (path.path_id == waiting.path_id) {
        path.failed = waiting.state == path::PathState::failed;
      }
    }
  }
  const auto remotes = remotes_of(entry, peer.index, uses.front().remote);
  auto plan = path::plan_paths(uplinks_, remotes, uses, entry.plan);
  if (now < quiet_until_) {
    std::erase_if(plan, [&](const path::PlannedPath& path) {
      const auto old = std::ranges::find(entry.plan, path.path_id, &path::PlannedPath::path_id);
      return path.uplink == 0 && (old == entry.plan.end() || old->uplink != 0);
    });
  }
  entry.plan = std::move(plan);
  std::uint32_t kept = 1;
  for (const auto& path : entry.plan) {
    kept |= 1U << path.path_id;
  }
  links_.keep_paths(now, target, kept);
  if (entry.plan.empty() || entry.plan.front().path_id != 0) {
    links_.set_path(now, target, 0, {});
  }
  for (const auto& path : entry.plan) {
    links_.set_path(now, target, path.path_id, path.pairs);
  }
}

}  // namespace quicether::detail
