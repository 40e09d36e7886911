#ifndef QUICETHER_TESTS_SUPPORT_DHT_RING_HPP
#define QUICETHER_TESTS_SUPPORT_DHT_RING_HPP

#include "support/dht_crypto.hpp"

#include <quicether/base/random.hpp>
#include <quicether/core/dht/node.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace quicether::testing {

/// How many nodes a large run has: `wanted`, or QUICETHER_DHT_NODES of the environment.
[[nodiscard]] inline std::size_t nodes_to_run(std::size_t wanted) {
  const char* text = std::getenv("QUICETHER_DHT_NODES");
  return text == nullptr ? wanted : std::stoul(text);
}

struct RingConfig {
  std::uint64_t seed = 1;
  dht::NodeConfig node{};
  Duration delay_min = std::chrono::milliseconds{10};  ///< one way
  Duration delay_max = std::chrono::milliseconds{50};
  double loss = 0;
};

/// Many DHT nodes in virtual time, driven directly: the network between them is a heap of datagrams
/// and nothing else, so that 100 000 of them fit one process.
class Ring {
 public:
  struct Slot {
    explicit Slot(std::uint64_t seed) : random{seed} {}

    SocketAddress address{};
    SeededRandom random;
    std::unique_ptr<dht::Node> node{};
    Instant armed = Instant::never();
    std::uint64_t life = 0;  ///< counts restarts: timers of an earlier life do not fire
    bool alive = false;
    int side = 0;                           ///< of a partition
    std::optional<IpAddress> translated{};  ///< set: its own address, which nobody else sees
    /// Set: sees each datagram first, and keeps those for which it returns true.
    std::function<bool(Slot&, const SocketAddress&, ConstBytes)> hostile{};
    std::unordered_map<std::uint64_t, dht::OperationDone> done{};
    std::size_t joined = 0;
    std::vector<bool> modes{};  ///< read-only or not, each change
    std::optional<SocketAddress> external{};
  };

  explicit Ring(RingConfig config) : config_{std::move(config)}, random_{config_.seed} {}

  /// Adds a node that is not started. Without an address, it has one of its own /24.
  std::size_t add(std::optional<SocketAddress> address = {}) {
    auto slot = std::make_unique<Slot>(random_.next());
    slot->address = address.value_or(next_address());
    by_address_[slot->address] = slots_.size();
    slots_.push_back(std::move(slot));
    return slots_.size() - 1;
  }

  void start(std::size_t index, std::vector<SocketAddress> bootstrap) {
    start(index, std::move(bootstrap), {}, config_.node);
  }

  void start(std::size_t index,
             std::vector<SocketAddress> bootstrap,
             const std::vector<dht::NodeInfo>& cached,
             dht::NodeConfig config) {
    auto& slot = *slots_[index];
    if (!slot.translated) {
      config.external = {slot.address.address};
    }
    config.v6 = slot.address.address.is_v6();
    config.v4 = !config.v6;
    slot.node = std::make_unique<dht::Node>(std::move(config), crypto_, slot.random, now_);
    slot.node->set_own_address(now_, slot.translated.value_or(slot.address.address));
    slot.alive = true;
    slot.armed = Instant::never();
    ++slot.life;
    if (!cached.empty()) {
      slot.node->import_nodes(now_, cached);
    }
    slot.node->add_bootstrap(now_, bootstrap);
    turn(index);
  }

  void stop(std::size_t index) {
    slots_[index]->alive = false;
    slots_[index]->node.reset();
    ++slots_[index]->life;
  }

  /// Starts `count` nodes, one each `pause`; each begins with three random ones before it.
  void grow(std::size_t count, Duration pause = std::chrono::milliseconds{10}) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto index = add();
      start(index, index == 0 ? std::vector<SocketAddress>{} : some_addresses(3, index));
      run_for(pause);
    }
  }

  [[nodiscard]] std::vector<SocketAddress> some_addresses(std::size_t count, std::size_t below) {
    std::vector<SocketAddress> chosen;
    for (std::size_t i = 0; i < count; ++i) {
      chosen.push_back(slots_[random_.below(below)]->address);
    }
    return chosen;
  }

  /// Calls something on a node as its driver would.
  template <typename Call>
  auto call(std::size_t index, Call call) {
    auto made = call(*slots_[index]->node);
    turn(index);
    return made;
  }

  /// Runs one operation to its end.
  template <typename Call>
  dht::OperationDone run(std::size_t index, Call start) {
    const auto id = call(index, start).value();
    auto& slot = *slots_[index];
    run_until([&] { return slot.done.contains(id.value); }, std::chrono::minutes{2});
    auto found = slot.done.extract(id.value);
    return found ? std::move(found.mapped()) : dht::OperationDone{.error = errc::cancelled};
  }

  dht::OperationDone get(std::size_t index, const dht::GetRequest& request) {
    return run(index, [&](dht::Node& node) { return node.get(now_, request); });
  }

  dht::OperationDone put(std::size_t index, const dht::PutRequest& request) {
    return run(index, [&](dht::Node& node) { return node.put(now_, request); });
  }

  dht::OperationDone find_node(std::size_t index, const dht::Id& target) {
    return run(index, [&](dht::Node& node) { return node.find_node(now_, target); });
  }

  void run_for(Duration duration) {
    run_until([] { return false; }, duration);
  }

  bool run_until(const std::function<bool()>& done, Duration limit) {
    const auto end = now_ + limit;
    while (!done()) {
      if (heap_.empty() || heap_.front().when > end) {
        now_ = end;
        return done();
      }
      step();
    }
    return true;
  }

  /// Puts a datagram on the wire, with any source.
  void send(const SocketAddress& from, const SocketAddress& to, ConstBytes bytes) {
    ++datagrams_;
    bytes_ += bytes.size();
    if (observer) {
      observer(from, to, bytes);
    }
    const auto span = static_cast<std::uint64_t>((config_.delay_max - config_.delay_min).count());
    const auto delay =
        config_.delay_min + Duration{static_cast<Duration::rep>(random_.below(span + 1))};
    const bool lost =
        config_.loss > 0 && static_cast<double>(random_.below(1'000'000)) < config_.loss * 1e6;
    const auto found = by_address_.find(to);
    if (!lost && found != by_address_.end()) {
      push({now_ + delay, order_++, found->second, 0, from, {bytes.begin(), bytes.end()}});
    }
  }

  [[nodiscard]] Slot& operator[](std::size_t index) { return *slots_[index]; }

  [[nodiscard]] dht::Node& node(std::size_t index) { return *slots_[index]->node; }

  [[nodiscard]] std::size_t size() const { return slots_.size(); }

  [[nodiscard]] Instant now() const { return now_; }

  [[nodiscard]] SeededRandom& random() { return random_; }

  [[nodiscard]] const RealCrypto& crypto() const { return crypto_; }

  [[nodiscard]] std::uint64_t datagrams() const { return datagrams_; }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  /// An address in a /24 that no other node has, spread over the public space.
  [[nodiscard]] SocketAddress next_address() {
    // An odd multiplier walks through all values of 22 bits.
    const auto subnet = (++subnets_ * 0x2c1b3c6dU) & 0x3fffffU;
    const auto value =
        (std::uint32_t{16} << 24U) + (subnet << 8U) + 7U;  // 16.0.0.7 to 79.255.255.7
    return {IpAddress::v4(value), 9000};
  }

  std::function<void(const SocketAddress&, const SocketAddress&, ConstBytes)> observer{};
  bool partitioned = false;

 private:
  struct Happening {
    Instant when;
    std::uint64_t order;
    std::size_t index;
    std::uint64_t life;  ///< of a timer; 0 for a datagram
    SocketAddress from;
    ByteVector bytes;
  };

  struct Hash {
    std::size_t operator()(const SocketAddress& address) const noexcept {
      std::size_t hash = address.port;
      for (const auto byte : address.address.bytes()) {
        hash = hash * 0x100000001b3U + byte;
      }
      return hash ^ (hash >> 29U);
    }
  };

  static bool later(const Happening& one, const Happening& other) {
    return std::pair{one.when, one.order} > std::pair{other.when, other.order};
  }

  void push(Happening happening) {
    heap_.push_back(std::move(happening));
    std::ranges::push_heap(heap_, later);
  }

  void step() {
    std::ranges::pop_heap(heap_, later);
    const auto happening = std::move(heap_.back());
    heap_.pop_back();
    now_ = happening.when;
    auto& slot = *slots_[happening.index];
    if (!slot.alive) {
      return;
    }
    if (happening.life == 0) {
      deliver(slot, happening);
    } else if (happening.life == slot.life && happening.when == slot.armed) {
      slot.armed = Instant::never();
      slot.node->on_timeout(now_);
    } else {
      return;
    }
    turn(happening.index);
  }

  void deliver(Slot& slot, const Happening& happening) {
    if (partitioned) {
      const auto sender = by_address_.find(happening.from);
      if (sender != by_address_.end() && slots_[sender->second]->side != slot.side) {
        return;
      }
    }
    if (!slot.hostile || !slot.hostile(slot, happening.from, happening.bytes)) {
      slot.node->on_datagram(now_, happening.from, happening.bytes);
    }
  }

  /// What a driver does after every call.
  void turn(std::size_t index) {
    auto& slot = *slots_[index];
    const auto messages = slot.node->poll_transmit();
    for (const auto& message : messages) {
      send(slot.address, message.remote, message.bytes);
    }
    slot.node->consume_transmit(messages.size());
    while (const auto event = slot.node->poll_event()) {
      if (const auto* done = std::get_if<dht::OperationDone>(&*event)) {
        slot.done[done->operation.value] = *done;
      } else if (const auto* external = std::get_if<dht::ExternalAddress>(&*event)) {
        slot.external = external->address;
      } else if (const auto* mode = std::get_if<dht::ModeChanged>(&*event)) {
        slot.modes.push_back(mode->read_only);
      } else {
        ++slot.joined;
      }
    }
    const auto deadline = slot.node->next_timeout();
    if (deadline < slot.armed) {
      slot.armed = std::max(deadline, now_);
      push({slot.armed, order_++, index, slot.life, {}, {}});
    }
  }

  RingConfig config_;
  SeededRandom random_;
  RealCrypto crypto_{};
  Instant now_{std::chrono::hours{1}};
  std::vector<std::unique_ptr<Slot>> slots_{};
  std::unordered_map<SocketAddress, std::size_t, Hash> by_address_{};
  std::vector<Happening> heap_{};
  std::uint64_t order_ = 1;
  std::uint64_t datagrams_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint32_t subnets_ = 0;
};

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SUPPORT_DHT_RING_HPP
