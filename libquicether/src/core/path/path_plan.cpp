#include <quicether/core/path/path_plan.hpp>
#include <quicether/core/path/scheduler.hpp>

#include <algorithm>
#include <array>
#include <ranges>
#include <set>

namespace quicether::path {

namespace {

bool in_network_of(const Uplink& uplink, const IpAddress& address) noexcept {
  return std::ranges::any_of(uplink.addresses, [&](const InterfaceAddress& one) {
    return one.network().contains(address);
  });
}

/// Works out one plan.
class Planner {
 public:
  Planner(std::span<const Uplink> uplinks, std::span<const SocketAddress> remotes) noexcept
      : uplinks_{uplinks}, remotes_{remotes} {}

  void keep_sessions(std::span<const PathUse> up, std::span<const PlannedPath> before);
  void keep_plans(std::span<const PlannedPath> before);
  void cover_uplinks();
  void cover_remotes();

  [[nodiscard]] std::vector<PlannedPath> finish() &&;

 private:
  [[nodiscard]] std::vector<AddressPair> pairs_of(const Uplink& uplink) const;
  [[nodiscard]] std::vector<AddressPair> pairs_to(const SocketAddress& remote) const;
  [[nodiscard]] const Uplink* uplink_at(std::uint32_t index) const noexcept;
  [[nodiscard]] std::optional<std::uint8_t> free_id() const noexcept;
  void add(PlannedPath path);

  std::span<const Uplink> uplinks_;
  std::span<const SocketAddress> remotes_;
  std::array<bool, kPathsMax> taken_{};
  std::set<std::uint32_t> covered_uplinks_{};
  std::set<SocketAddress> covered_remotes_{};
  std::vector<PlannedPath> plan_{};
};

const Uplink* Planner::uplink_at(std::uint32_t index) const noexcept {
  const auto found = std::ranges::find(uplinks_, index, &Uplink::index);
  return found == uplinks_.end() ? nullptr : &*found;
}

std::optional<std::uint8_t> Planner::free_id() const noexcept {
  const auto found = std::ranges::find(taken_, false);
  return found == taken_.end() ? std::nullopt
                               : std::optional{static_cast<std::uint8_t>(found - taken_.begin())};
}

/// Where an uplink's path may go: to its own networks, then to addresses in nobody's network, then
/// to those in networks of other uplinks. Each uplink begins the second group at another place.
std::vector<AddressPair> Planner::pairs_of(const Uplink& uplink) const {
  const auto place = static_cast<std::size_t>(&uplink - uplinks_.data());
  std::array<std::vector<AddressPair>, 3> groups;
  for (const auto& remote : remotes_) {
    const auto local = local_address(uplink, remote.address);
    if (local.is_unspecified()) {
      continue;
    }
    const bool near_other = std::ranges::any_of(
        uplinks_, [&](const Uplink& other) { return in_network_of(other, remote.address); });
    const std::size_t group = in_network_of(uplink, remote.address) ? 0 : near_other ? 2 : 1;
    groups[group].push_back({{local, 0}, remote});
  }
  if (auto& open = groups[1]; !open.empty()) {
    std::ranges::rotate(open, open.begin() + static_cast<std::ptrdiff_t>(place % open.size()));
  }
  std::vector<AddressPair> pairs;
  for (const auto& group : groups) {
    pairs.insert(pairs.end(), group.begin(), group.end());
  }
  pairs.resize(std::min(pairs.size(), kPairsMax));
  return pairs;
}

std::vector<AddressPair> Planner::pairs_to(const SocketAddress& remote) const {
  std::vector<AddressPair> pairs;
  for (const bool near : {true, false}) {
    for (const auto& uplink : uplinks_) {
      const auto local = local_address(uplink, remote.address);
      if (!local.is_unspecified() && in_network_of(uplink, remote.address) == near) {
        pairs.push_back({{local, 0}, remote});
      }
    }
  }
  pairs.resize(std::min(pairs.size(), kPairsMax));
  return pairs;
}

void Planner::add(PlannedPath path) {
  if (path.pairs.empty()) {
    return;
  }
  taken_[path.path_id] = true;
  if (path.uplink != 0) {
    covered_uplinks_.insert(path.uplink);
  }
  // What never answered leaves its first address to others.
  if (!path.failed) {
    covered_remotes_.insert(path.pairs.front().remote);
  }
  plan_.push_back(std::move(path));
}

void Planner::keep_sessions(std::span<const PathUse> up, std::span<const PlannedPath> before) {
  for (const auto& use : up) {
    const auto* uplink = find_uplink(uplinks_, use.local);
    taken_[use.path_id] = true;
    covered_remotes_.insert(use.remote);
    if (uplink != nullptr) {
      covered_uplinks_.insert(uplink->index);
    }
    if (!use.dialled_here || uplink == nullptr) {
      continue;
    }
    const auto known = std::ranges::find(before, use.path_id, &PlannedPath::path_id);
    const bool for_remote = known != before.end() && known->uplink == 0;
    PlannedPath path;
    path.path_id = use.path_id;
    path.uplink = for_remote ? 0 : uplink->index;
    path.pairs = for_remote ? pairs_to(use.remote) : pairs_of(*uplink);
    // Once it is lost, it is looked for where it was.
    const AddressPair own{{use.local, 0}, use.remote};
    std::erase(path.pairs, own);
    path.pairs.insert(path.pairs.begin(), own);
    path.pairs.resize(std::min(path.pairs.size(), kPairsMax));
    add(std::move(path));
  }
}

void Planner::keep_plans(std::span<const PlannedPath> before) {
  for (const auto& old : before) {
    if (taken_[old.path_id]) {
      continue;
    }
    PlannedPath path;
    path.path_id = old.path_id;
    path.uplink = old.uplink;
    path.failed = old.failed;
    if (old.uplink != 0) {
      const auto* uplink = uplink_at(old.uplink);
      if (uplink == nullptr || covered_uplinks_.contains(old.uplink)) {
        continue;
      }
      path.pairs = pairs_of(*uplink);
    } else {
      const auto& remote = old.pairs.front().remote;
      if (std::ranges::find(remotes_, remote) == remotes_.end() ||
          covered_remotes_.contains(remote)) {
        continue;
      }
      path.pairs = pairs_to(remote);
    }
    // Where it was, or began, comes first again.
    const auto first = std::ranges::find(path.pairs, old.pairs.front());
    if (first != path.pairs.end()) {
      std::rotate(path.pairs.begin(), first, first + 1);
    }
    add(std::move(path));
  }
}

void Planner::cover_uplinks() {
  for (const auto& uplink : uplinks_) {
    const auto id = free_id();
    if (id && !covered_uplinks_.contains(uplink.index)) {
      add({*id, uplink.index, false, pairs_of(uplink)});
    }
  }
}

void Planner::cover_remotes() {
  for (const auto& remote : remotes_) {
    const auto id = free_id();
    const bool same_family = remote.address.is_v4() == remotes_.front().address.is_v4();
    if (id && same_family && !covered_remotes_.contains(remote)) {
      add({*id, 0, false, pairs_to(remote)});
    }
  }
}

std::vector<PlannedPath> Planner::finish() && {
  std::ranges::sort(plan_, {}, &PlannedPath::path_id);
  return std::move(plan_);
}

}  // namespace

const Uplink* find_uplink(std::span<const Uplink> uplinks, const IpAddress& address) noexcept {
  const auto found = std::ranges::find_if(uplinks, [&](const Uplink& uplink) {
    return std::ranges::find(uplink.addresses, address, &InterfaceAddress::address) !=
           uplink.addresses.end();
  });
  return found == uplinks.end() ? nullptr : &*found;
}

IpAddress local_address(const Uplink& uplink, const IpAddress& remote) noexcept {
  const InterfaceAddress* best = nullptr;
  for (const auto& one : uplink.addresses) {
    if (one.address.is_v4() != remote.is_v4()) {
      continue;
    }
    if (one.network().contains(remote)) {
      return one.address;
    }
    best = best == nullptr ? &one : best;
  }
  return best == nullptr ? IpAddress{} : best->address;
}

std::vector<PlannedPath> plan_paths(std::span<const Uplink> uplinks,
                                    std::span<const SocketAddress> remotes,
                                    std::span<const PathUse> up,
                                    std::span<const PlannedPath> before) {
  Planner planner{uplinks, remotes};
  planner.keep_sessions(up, before);
  planner.keep_plans(before);
  planner.cover_uplinks();
  planner.cover_remotes();
  return std::move(planner).finish();
}

std::optional<std::uint8_t> redundant_path(std::span<const Uplink> uplinks,
                                           std::span<const PathUse> up) {
  const auto shared = [&](const PathUse& one) {
    const auto* uplink = find_uplink(uplinks, one.local);
    const bool same_uplink = std::ranges::any_of(up, [&](const PathUse& other) {
      return other.path_id != one.path_id && find_uplink(uplinks, other.local) == uplink;
    });
    const bool same_remote = std::ranges::any_of(up, [&](const PathUse& other) {
      return other.path_id != one.path_id && other.remote == one.remote;
    });
    return uplink != nullptr && same_uplink && same_remote;
  };
  for (const bool near : {false, true}) {
    for (const auto& one : std::views::reverse(up)) {
      if (shared(one) &&
          in_network_of(*find_uplink(uplinks, one.local), one.remote.address) == near) {
        return one.path_id;
      }
    }
  }
  return std::nullopt;
}

std::vector<AddressPair> first_pairs(std::span<const Uplink> uplinks,
                                     std::span<const SocketAddress> remotes,
                                     std::span<const IpAddress> choices) {
  std::vector<AddressPair> pairs;
  const auto add = [&](const IpAddress& local, const SocketAddress& remote) {
    const AddressPair pair{{local, 0}, remote};
    if (pairs.size() < kPairsMax && std::ranges::find(pairs, pair) == pairs.end()) {
      pairs.push_back(pair);
    }
  };
  for (std::size_t i = 0; i < remotes.size(); ++i) {
    if (find_uplink(uplinks, choices[i]) != nullptr || choices[i].is_loopback()) {
      add(choices[i], remotes[i]);
    }
  }
  for (const auto& uplink : uplinks) {
    for (std::size_t i = 0; i < remotes.size(); ++i) {
      const auto local = local_address(uplink, remotes[i].address);
      if (!local.is_unspecified() && !choices[i].is_loopback()) {
        add(local, remotes[i]);
      }
    }
  }
  return pairs;
}

}  // namespace quicether::path
