#include "address_votes.hpp"

#include "address_rules.hpp"

#include <quicether/core/dht/id.hpp>

#include <algorithm>
#include <cstddef>
#include <map>

namespace quicether::dht {

namespace {

/// Voters that count, and how few are too few.
constexpr std::size_t kVotesMax = 24;
constexpr std::size_t kVotesMin = 3;

}  // namespace

bool AddressVotes::add(const IpAddress& voter, const SocketAddress& seen) {
  if (!is_unicast(seen)) {
    return false;
  }
  const auto network = is_local(voter) ? voter : subnet_of(voter);
  std::erase_if(votes_, [&](const auto& vote) { return vote.first == network; });
  votes_.emplace_back(network, seen);
  if (votes_.size() > kVotesMax) {
    votes_.pop_front();
  }
  const auto now = count();
  if (!now || now == result_) {
    return false;
  }
  result_ = now;
  return true;
}

std::optional<SocketAddress> AddressVotes::count() const {
  std::map<IpAddress, std::map<std::uint16_t, std::size_t>> counts;
  for (const auto& [voter, seen] : votes_) {
    ++counts[seen.address][seen.port];
  }
  for (const auto& [address, ports] : counts) {
    std::size_t sum = 0;
    for (const auto& [port, votes] : ports) {
      sum += votes;
    }
    if (sum >= kVotesMin && sum * 2 > votes_.size()) {
      const auto most =
          std::ranges::max_element(ports, {}, [](const auto& one) { return one.second; });
      return SocketAddress{address, most->second * 2 > sum ? most->first : std::uint16_t{0}};
    }
  }
  return std::nullopt;
}

}  // namespace quicether::dht
