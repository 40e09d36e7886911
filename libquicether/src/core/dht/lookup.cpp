#include "lookup.hpp"

#include "address_rules.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace quicether::dht {

namespace {

constexpr std::uint8_t bit(std::size_t path) noexcept {
  return static_cast<std::uint8_t>(1U << path);
}

std::uint8_t one_deeper(std::uint8_t depth) noexcept {
  return depth == std::numeric_limits<std::uint8_t>::max() ? depth
                                                           : static_cast<std::uint8_t>(depth + 1);
}

}  // namespace

bool Lookup::nearer(const Candidate& one, const Candidate& other) const noexcept {
  if (one.id_known != other.id_known) {
    return one.id_known;
  }
  return one.id_known && closer(one.node.id, other.node.id, target_);
}

Lookup::Candidates::iterator Lookup::find(const SocketAddress& address) noexcept {
  return std::ranges::find_if(candidates_,
                              [&](const Candidate& one) { return one.node.address == address; });
}

bool Lookup::subnet_is_full(const IpAddress& address) const {
  if (is_local(address)) {
    return false;
  }
  const auto counted = per_subnet_.find(subnet_of(address));
  return counted != per_subnet_.end() && counted->second >= config_.per_subnet;
}

void Lookup::add(Candidate candidate) {
  const auto& address = candidate.node.address.address;
  if (subnet_is_full(address)) {
    return;
  }
  ++per_subnet_[subnet_of(address)];
  const auto place = std::ranges::upper_bound(
      candidates_, candidate, [this](const auto& a, const auto& b) { return nearer(a, b); });
  candidates_.insert(place, std::move(candidate));
}

void Lookup::trim() {
  // The farthest ones that nobody was bothered with yet.
  for (auto i = candidates_.size(); i > 0 && candidates_.size() > config_.candidates_max; --i) {
    const auto& candidate = candidates_[i - 1];
    if (candidate.state == CandidateState::fresh || candidate.state == CandidateState::failed) {
      --per_subnet_[subnet_of(candidate.node.address.address)];
      candidates_.erase(candidates_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  }
}

void Lookup::add_seed(const NodeInfo& node) {
  if (find(node.address) == candidates_.end()) {
    const auto path = seeds_++ % config_.paths;
    add({.node = node, .heard_by = bit(path), .depth = 1});
  }
}

void Lookup::add_seed(const SocketAddress& address) {
  if (find(address) == candidates_.end()) {
    const auto path = seeds_++ % config_.paths;
    add({.node = {{}, address}, .id_known = false, .heard_by = bit(path), .depth = 1});
  }
}

Candidate* Lookup::next_of(std::uint8_t path) noexcept {
  std::size_t working = 0;
  for (auto& candidate : candidates_) {
    if ((candidate.heard_by & bit(path)) == 0 || candidate.state == CandidateState::failed ||
        candidate.state == CandidateState::slow) {
      continue;
    }
    if (working++ == config_.width) {
      break;
    }
    if (candidate.state == CandidateState::fresh) {
      return &candidate;
    }
  }
  return nullptr;
}

std::optional<Candidate> Lookup::next() {
  if (flying_ >= config_.flights) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < config_.paths; ++i) {
    const auto path = turn_;
    turn_ = static_cast<std::uint8_t>((turn_ + 1U) % config_.paths);
    if (auto* candidate = next_of(path)) {
      candidate->state = CandidateState::asked;
      candidate->asked_by = path;
      ++flying_;
      ++asked_;
      return *candidate;
    }
  }
  return std::nullopt;
}

void Lookup::on_answer(const NodeInfo& node, ConstBytes token, std::span<const NodeInfo> named) {
  const auto found = find(node.address);
  if (found == candidates_.end() ||
      (found->state != CandidateState::asked && found->state != CandidateState::slow)) {
    return;
  }
  if (found->state == CandidateState::asked) {
    --flying_;
  }
  auto answered = std::move(*found);
  candidates_.erase(found);
  answered.node.id = node.id;  // what it says itself counts: it may have changed since
  answered.id_known = true;
  answered.state = CandidateState::answered;
  answered.token.assign(token.begin(), token.end());
  const auto path = answered.asked_by;
  const auto depth = one_deeper(answered.depth);
  --per_subnet_[subnet_of(node.address.address)];
  add(std::move(answered));
  for (const auto& other : named) {
    const auto known = find(other.address);
    if (known == candidates_.end()) {
      add({.node = other, .heard_by = bit(path), .depth = depth});
    } else if (known->id_known && known->node.id == other.id) {
      known->heard_by |= bit(path);
    }
  }
  trim();
}

void Lookup::on_slow(const SocketAddress& address) {
  const auto found = find(address);
  if (found != candidates_.end() && found->state == CandidateState::asked) {
    found->state = CandidateState::slow;
    --flying_;
  }
}

void Lookup::on_failed(const SocketAddress& address) {
  on_slow(address);
  const auto found = find(address);
  if (found != candidates_.end() && found->state == CandidateState::slow) {
    found->state = CandidateState::failed;
  }
}

bool Lookup::done() const noexcept {
  if (flying_ > 0) {
    return false;
  }
  // A slow node is not waited for when the others suffice without it.
  std::size_t working = 0;
  bool slow = false;
  for (const auto& candidate : candidates_) {
    if (candidate.state == CandidateState::slow) {
      slow = true;
    } else if (candidate.state == CandidateState::answered && ++working == config_.width) {
      return true;
    }
  }
  return !slow || !config_.patient;
}

std::vector<Candidate> Lookup::closest() const {
  std::vector<Candidate> found;
  for (const auto& candidate : candidates_) {
    if (candidate.state == CandidateState::answered && found.size() < config_.width) {
      found.push_back(candidate);
    }
  }
  return found;
}

std::size_t Lookup::hops() const noexcept {
  for (const auto& candidate : candidates_) {
    if (candidate.state == CandidateState::answered) {
      return candidate.depth;
    }
  }
  return 0;
}

}  // namespace quicether::dht
