#include "subnet_claims.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace quicether::detail {

namespace {

constexpr Duration kTick = std::chrono::seconds{1};
constexpr std::ptrdiff_t kRoundsMax = 4;  // at a time

/// Who carries a subnet is asked for, and not read without need: a round in half an hour keeps the
/// own claim alive, and costs some 25 bit/s for each subnet (13 queries and answers, 5 kB).
constexpr Duration kPause = std::chrono::minutes{30};

}  // namespace

SubnetClaims::SubnetClaims(Environment& environment,
                           const Identity& identity,
                           Discovery& discovery,
                           std::shared_ptr<const ListStore> store)
    : environment_{environment},
      identity_{identity},
      discovery_{discovery},
      store_{std::move(store)},
      timer_{environment.make_timer()} {}

void SubnetClaims::arm_timer() {
  if (armed_ || idle()) {
    return;
  }
  armed_ = true;
  timer_->async_wait(environment_.now() + kTick, [weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->armed_ = false;
      self->tick();
      self->arm_timer();
    }
  });
}

void SubnetClaims::tick() {
  if (discovery_.alone()) {
    return;
  }
  std::ptrdiff_t running = 0;
  for (const auto* keepers : {&keepers_, &leaving_}) {
    running +=
        std::ranges::count_if(*keepers, [](const auto& entry) { return entry.second->in_round(); });
  }
  for (const auto* keepers : {&keepers_, &leaving_}) {
    for (const auto& [topic, keeper] : *keepers) {
      if (!keeper->in_round() && running < kRoundsMax) {
        keeper->tick();
        running += keeper->in_round() ? 1 : 0;
      }
    }
  }
  std::erase_if(leaving_, [](const auto& entry) { return entry.second->lists().withdrawn(); });
}

void SubnetClaims::claim(const std::set<record::Topic>& topics) {
  for (auto at = keepers_.begin(); at != keepers_.end();) {
    if (topics.contains(at->first)) {
      ++at;
      continue;
    }
    at->second->withdraw();
    leaving_.insert_or_assign(at->first, at->second);
    at = keepers_.erase(at);
  }
  record::ClaimListsConfig config;
  config.pause_max = kPause;
  for (const auto& topic : topics) {
    leaving_.erase(topic);
    if (!keepers_.contains(topic)) {
      keepers_[topic] = std::make_shared<ClaimKeeper>(
          environment_, identity_, store_, topic, config, [](const record::Claim&) {});
    }
  }
  arm_timer();
}

void SubnetClaims::look_again() {
  for (const auto* keepers : {&keepers_, &leaving_}) {
    for (const auto& [topic, keeper] : *keepers) {
      keeper->look_again();
    }
  }
  tick();
}

void SubnetClaims::leave() {
  claim({});
  const auto members = record::Topic::members();
  const auto keeper = std::make_shared<ClaimKeeper>(environment_,
                                                    identity_,
                                                    store_,
                                                    members,
                                                    record::ClaimListsConfig{},
                                                    [](const record::Claim&) {});
  keeper->withdraw();
  leaving_.insert_or_assign(members, keeper);
  tick();
  arm_timer();
}

}  // namespace quicether::detail
