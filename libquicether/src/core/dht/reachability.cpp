#include "reachability.hpp"

#include <quicether/core/dht/id.hpp>

#include <chrono>

namespace quicether::dht {

namespace {

/// How long a node serves to see whether strangers come. In the mainline DHT and in large rings one
/// comes within a minute of each answer that names the node.
constexpr Duration kTrial = std::chrono::minutes{5};

/// Between trials of a node that nobody reached. A trial costs others a few queries in vain.
constexpr Duration kTrialPause = std::chrono::hours{2};

/// How long one stranger is proof enough.
constexpr Duration kStrangerCounts = std::chrono::minutes{60};

}  // namespace

void Reachability::set_own(const IpAddress& own) {
  own_ = own;
}

void Reachability::set_external(Instant now, const IpAddress& external) {
  if (external_ != external) {
    external_ = external;
    trial_ = now;  // another network: what was known of the last one is void
    last_stranger_.reset();
  }
}

void Reachability::on_stranger(Instant now, const IpAddress& from) {
  // A neighbour behind the same translator proves nothing.
  if (!is_local(from) || (external_ && is_local(*external_))) {
    last_stranger_ = now;
  }
}

bool Reachability::update(Instant now) {
  const bool before = read_only();
  if (promised_) {
    reach_ = Reach::direct;
  } else if (!own_ || !external_) {
    reach_ = Reach::unknown;
  } else if (own_ == external_) {
    reach_ = Reach::direct;
  } else if (last_stranger_ && now - *last_stranger_ < kStrangerCounts) {
    reach_ = Reach::translated;
    trial_ = now;  // when no more come, there is one more trial
  } else {
    if (now - trial_ >= kTrialPause) {
      trial_ = now;
    }
    reach_ = now - trial_ < kTrial ? Reach::trial : Reach::unreachable;
  }
  return read_only() != before;
}

}  // namespace quicether::dht
