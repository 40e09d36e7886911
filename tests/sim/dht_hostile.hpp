#ifndef QUICETHER_TESTS_SIM_DHT_HOSTILE_HPP
#define QUICETHER_TESTS_SIM_DHT_HOSTILE_HPP

#include "support/dht_ring.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace quicether::testing {

/// Nodes of one attacker. They answer pings and join as others do; who searches hears of nobody but
/// them, whoever writes is thanked, and nothing is kept.
class Attacker {
 public:
  explicit Attacker(Ring& ring) : ring_{ring} {}

  /// Makes a started node the attacker's.
  void take(std::size_t index) {
    auto& slot = ring_[index];
    members_.push_back({ring_.node(index).id(dht::Family::v4), slot.address});
    const auto id = members_.back().id;
    slot.hostile = [this, id](Ring::Slot& self, const SocketAddress& from, ConstBytes bytes) {
      return handle(self, id, from, bytes);
    };
  }

  /// Adds a node that sits at an id of the attacker's choice and says so itself.
  void plant(const SocketAddress& address, const dht::Id& id) {
    const auto index = ring_.add(address);
    ring_.start(index, {});
    members_.push_back({id, address});
    ring_[index].hostile = [this, id](
                               Ring::Slot& self, const SocketAddress& from, ConstBytes bytes) {
      (void)handle(self, id, from, bytes, true);
      return true;
    };
  }

  /// Sends a ping in the name of each member, so that honest tables hear of them.
  void greet(std::size_t index) {
    std::array<std::uint8_t, dht::kMessageBytesMax> buffer{};
    for (const auto& member : members_) {
      dht::Query ping;
      ping.method = dht::Method::ping;
      ping.transaction = as_bytes("xx");
      ping.id = member.id;
      ring_.send(member.address, ring_[index].address, dht::encode(ping, buffer));
    }
  }

  /// Set: answers to `get` carry this instead of nothing.
  std::optional<dht::Item> lie{};

  /// Answers to `get` for these targets carry what was once true.
  std::map<dht::Id, dht::Item> stale{};

 private:
  bool handle(Ring::Slot& self,
              const dht::Id& id,
              const SocketAddress& from,
              ConstBytes bytes,
              bool pings = false) {
    const auto message = dht::decode(bytes);
    const auto* query = message ? std::get_if<dht::Query>(&*message) : nullptr;
    if (query == nullptr || (query->method == dht::Method::ping && !pings)) {
      return false;
    }
    dht::Response response;
    response.transaction = query->transaction;
    response.id = id;
    response.token = as_bytes("token");
    ByteVector nodes;
    if (query->target && query->item.value.empty()) {
      nodes = nearest(*query->target);
      response.nodes = nodes;
    }
    if (query->method == dht::Method::get && query->target) {
      const auto old = stale.find(*query->target);
      if (old != stale.end()) {
        response.item = old->second.view();
      } else if (lie) {
        response.item = lie->view();
      }
    }
    std::array<std::uint8_t, dht::kMessageBytesMax> buffer{};
    ring_.send(self.address, from, dht::encode(response, {}, buffer));
    return true;
  }

  [[nodiscard]] ByteVector nearest(const dht::Id& target) {
    const auto count = std::min<std::size_t>(8, members_.size());
    std::ranges::partial_sort(
        members_,
        members_.begin() + static_cast<std::ptrdiff_t>(count),
        [&](const auto& one, const auto& other) { return dht::closer(one.id, other.id, target); });
    ByteVector compact;
    for (std::size_t i = 0; i < count; ++i) {
      dht::append_compact(compact, members_[i]);
    }
    return compact;
  }

  Ring& ring_;
  std::vector<dht::NodeInfo> members_{};
};

/// How many of many look-ups did what they should.
struct Tally {
  std::size_t tries = 0;
  std::size_t right = 0;
  std::size_t queries = 0;
  std::vector<Duration> elapsed{};

  void add(bool success, const dht::OperationDone& done) {
    ++tries;
    right += success ? 1U : 0U;
    queries += done.queries;
    elapsed.push_back(done.elapsed);
  }

  [[nodiscard]] double share() const {
    return static_cast<double>(right) / static_cast<double>(tries);
  }

  [[nodiscard]] double queries_mean() const {
    return static_cast<double>(queries) / static_cast<double>(tries);
  }

  [[nodiscard]] double milliseconds(double quantile) {
    std::ranges::sort(elapsed);
    const auto at = static_cast<std::size_t>(quantile * static_cast<double>(elapsed.size() - 1));
    return std::chrono::duration<double, std::milli>(elapsed[at]).count();
  }
};

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SIM_DHT_HOSTILE_HPP
