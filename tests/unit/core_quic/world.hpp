#ifndef QUICETHER_TESTS_UNIT_CORE_QUIC_WORLD_HPP
#define QUICETHER_TESTS_UNIT_CORE_QUIC_WORLD_HPP

#include <quicether/base/assert.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/crypto/tls.hpp>
#include <quicether/core/quic/endpoint.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace quicether::quic::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// 2026-09-21.
inline constexpr UnixSeconds kWallClock = 1'790'000'000;

/// What the network between all nodes does to a datagram.
struct LinkConfig {
  Duration delay = milliseconds{10};
  Duration jitter{};        ///< added at random, which also reorders
  double loss = 0.0;        ///< share of datagrams at which a burst of losses begins
  unsigned loss_burst = 1;  ///< datagrams lost in a row
  double corruption = 0.0;  ///< share with one bit turned over
  double duplication = 0.0;
  std::size_t bytes_max = 65535;      ///< larger UDP payloads vanish
  double bits_per_second = 0.0;       ///< of each direction; 0: no limit
  Duration queue = milliseconds{50};  ///< longest wait for the line; more is dropped
};

struct Node {
  Node(std::uint64_t seed, const SocketAddress& where, const EndpointConfig& wanted)
      : random{seed},
        key{crypto::KeyPair::generate(random)},
        address{where},
        outside{where},
        config{wanted} {
    restart();
  }

  /// Forgets everything but the key, as a process that is killed and started again.
  void restart() {
    endpoint.reset();
    endpoint = std::make_unique<Endpoint>(config, key, random, kWallClock);
  }

  /// Restarts with other credentials than the key's own.
  void restart_with(const crypto::TlsCredentials& credentials) {
    endpoint.reset();
    endpoint = std::make_unique<Endpoint>(config, key, credentials, random, kWallClock);
  }

  [[nodiscard]] NodeId id() const { return crypto::node_id(key.public_key()); }

  template <typename Body>
  [[nodiscard]] std::vector<std::pair<ConnectionHandle, Body>> all() const {
    std::vector<std::pair<ConnectionHandle, Body>> found;
    for (const auto& event : events) {
      if (const auto* const body = std::get_if<Body>(&event.body)) {
        found.emplace_back(event.connection, *body);
      }
    }
    return found;
  }

  template <typename Body>
  [[nodiscard]] std::optional<Body> last() const {
    const auto found = all<Body>();
    return found.empty() ? std::nullopt : std::optional<Body>{found.back().second};
  }

  SeededRandom random;
  crypto::KeyPair key;
  SocketAddress address;
  SocketAddress outside;  ///< what others see: a NAT's address when it differs
  EndpointConfig config;
  std::unique_ptr<Endpoint> endpoint;
  std::vector<Event> events{};
  std::vector<std::pair<ConnectionHandle, ByteVector>> datagrams{};
  bool keep_datagrams = true;
  std::uint64_t datagram_count = 0;
  std::uint64_t datagram_bytes = 0;
  std::uint64_t packets_out = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t bytes_in = 0;
  Instant line_free{};
  unsigned burst_left = 0;
};

/// A network of Endpoints in virtual time.
class World {
 public:
  /// Sees each datagram before it enters the network; false drops it.
  using Filter = std::function<bool(const Node& from, const SocketAddress& to, ByteVector& bytes)>;

  explicit World(std::uint64_t seed = 1) : random_{seed}, seed_{seed} {}

  Node& add(const std::string& address, const EndpointConfig& config = {}) {
    const auto where = SocketAddress::parse(address).value();
    nodes_.push_back(std::make_unique<Node>(1000 * seed_ + nodes_.size(), where, config));
    return *nodes_.back();
  }

  /// Lets time pass until `done`, at most for `limit`. Returns whether `done` came true.
  bool run(const std::function<bool()>& done, Duration limit = seconds{60}) {
    const auto end = now_ + limit;
    for (;;) {
      for (auto& node : nodes_) {
        pump(*node);
      }
      if (done()) {
        return true;
      }
      const auto next = next_instant();
      if (next > end) {
        now_ = end;
        return false;
      }
      now_ = std::max(now_, next);
      step();
    }
  }

  void run_for(Duration duration) {
    run([] { return false; }, duration);
  }

  [[nodiscard]] Instant now() const noexcept { return now_; }

  /// Puts bytes into the network as if `from` had sent them.
  void inject(const SocketAddress& from, const SocketAddress& to, ByteVector bytes) {
    put_on_wire(from, to, std::move(bytes), Ecn::not_ect, link.delay);
  }

  /// Hash over instant, direction and size of everything that was sent.
  [[nodiscard]] std::uint64_t trace() const noexcept { return trace_; }

  LinkConfig link{};
  Filter filter{};
  bool whole_trains = false;  ///< deliver trains as they were sent

 private:
  struct Flying {
    SocketAddress from{};
    SocketAddress to{};
    ByteVector bytes{};
    std::size_t segment_bytes = 0;
    Ecn ecn = Ecn::not_ect;
  };

  void pump(Node& node) {
    auto& endpoint = *node.endpoint;
    take(node);
    for (;;) {
      const auto trains = endpoint.poll_transmit(now_);
      if (trains.empty()) {
        break;
      }
      for (const auto& train : trains) {
        send(node, train);
      }
      endpoint.consume_transmit(trains.size());
    }
    take(node);
  }

  void take(Node& node) {
    while (auto event = node.endpoint->poll_event()) {
      node.events.push_back(std::move(*event));
    }
    for (const auto& datagram : node.endpoint->received_datagrams()) {
      ++node.datagram_count;
      node.datagram_bytes += datagram.payload.size();
      if (node.keep_datagrams) {
        node.datagrams.emplace_back(datagram.connection,
                                    ByteVector{datagram.payload.begin(), datagram.payload.end()});
      }
    }
    node.endpoint->clear_received();
  }

  void send(Node& node, const OutgoingTrain& train) {
    QE_ASSERT(train.segment_bytes != 0 && train.bytes.size() <= kTrainBytesMax);
    QE_ASSERT((train.bytes.size() + train.segment_bytes - 1) / train.segment_bytes <=
              kTrainSegmentsMax);
    note(static_cast<std::uint64_t>(now_.since_start().count()));
    note(train.bytes.size());
    node.bytes_out += train.bytes.size();
    const auto from = source(node, train);
    if (whole_trains) {
      ++node.packets_out;
      fly({from, train.remote, {train.bytes.begin(), train.bytes.end()}, train.segment_bytes},
          now_ + link.delay);
      return;
    }
    for (auto rest = train.bytes; !rest.empty();) {
      const auto packet = rest.first(std::min(train.segment_bytes, rest.size()));
      rest = rest.subspan(packet.size());
      send_packet(node, from, train, {packet.begin(), packet.end()});
    }
  }

  [[nodiscard]] static SocketAddress source(const Node& node, const OutgoingTrain& train) {
    const bool moved =
        !train.local.address.is_unspecified() && train.local.address != node.address.address;
    return moved ? SocketAddress{train.local.address, node.address.port} : node.outside;
  }

  void send_packet(Node& node,
                   const SocketAddress& from,
                   const OutgoingTrain& train,
                   ByteVector bytes) {
    ++node.packets_out;
    if (filter && !filter(node, train.remote, bytes)) {
      return;
    }
    if (bytes.size() > link.bytes_max || is_lost(node)) {
      return;
    }
    auto delay = link.delay;
    if (link.bits_per_second > 0) {
      const std::chrono::duration<double> serial{8.0 * static_cast<double>(bytes.size() + 28) /
                                                 link.bits_per_second};
      node.line_free = std::max(node.line_free, now_);
      if (node.line_free - now_ > link.queue) {
        return;
      }
      node.line_free = node.line_free + std::chrono::duration_cast<Duration>(serial);
      delay += node.line_free - now_;
    }
    if (chance(link.corruption) && !bytes.empty()) {
      bytes[random_.below(bytes.size())] ^= static_cast<std::uint8_t>(1U << random_.below(8));
    }
    if (chance(link.duplication)) {
      put_on_wire(from, train.remote, bytes, train.ecn, delay);
    }
    put_on_wire(from, train.remote, std::move(bytes), train.ecn, delay);
  }

  bool is_lost(Node& node) {
    if (node.burst_left != 0) {
      --node.burst_left;
      return true;
    }
    if (!chance(link.loss / link.loss_burst)) {
      return false;
    }
    node.burst_left = link.loss_burst - 1;
    return true;
  }

  void put_on_wire(const SocketAddress& from,
                   const SocketAddress& to,
                   ByteVector bytes,
                   Ecn ecn,
                   Duration delay) {
    if (link.jitter > Duration::zero()) {
      delay += Duration{static_cast<std::int64_t>(
          random_.below(static_cast<std::uint64_t>(link.jitter.count())))};
    }
    const auto size = bytes.size();
    fly({from, to, std::move(bytes), size, ecn}, now_ + delay);
  }

  void fly(Flying flying, Instant arrival) {
    flying_.emplace(std::pair{arrival, ++serial_}, std::move(flying));
  }

  [[nodiscard]] Instant next_instant() const {
    auto next = flying_.empty() ? Instant::never() : flying_.begin()->first.first;
    for (const auto& node : nodes_) {
      next = std::min(next, node->endpoint->next_timeout());
    }
    return next;
  }

  void step() {
    for (auto& node : nodes_) {
      if (node->endpoint->next_timeout() <= now_) {
        node->endpoint->on_timeout(now_);
      }
    }
    while (!flying_.empty() && flying_.begin()->first.first <= now_) {
      auto flying = std::move(flying_.begin()->second);
      flying_.erase(flying_.begin());
      deliver(flying);
    }
  }

  void deliver(Flying& flying) {
    for (auto& node : nodes_) {
      const bool inside = flying.to == node->outside;
      const bool moved = !inside && flying.to.port == node->address.port &&
                         std::ranges::find(extra_addresses[node.get()], flying.to.address) !=
                             extra_addresses[node.get()].end();
      if (inside || moved) {
        node->bytes_in += flying.bytes.size();
        ReceivedTrain train;
        train.bytes = flying.bytes;
        train.segment_bytes = flying.segment_bytes;
        train.local = inside ? node->address : flying.to;
        train.remote = flying.from;
        train.ecn = flying.ecn;
        node->endpoint->on_train(now_, train);
        take(*node);
        return;
      }
    }
  }

  bool chance(double share) {
    return share > 0.0 && static_cast<double>(random_.below(1'000'000)) < share * 1e6;
  }

  // FNV-1a, one number at a time.
  void note(std::uint64_t value) noexcept { trace_ = (trace_ ^ value) * 0x100000001b3ULL; }

  SeededRandom random_;
  std::uint64_t seed_;
  Instant now_{seconds{1}};
  std::vector<std::unique_ptr<Node>> nodes_{};
  std::map<std::pair<Instant, std::uint64_t>, Flying> flying_{};
  std::uint64_t serial_ = 0;
  std::uint64_t trace_ = 0xcbf29ce484222325ULL;

 public:
  /// Addresses besides `address` at which a node can be reached.
  std::map<const Node*, std::vector<IpAddress>> extra_addresses{};
};

/// Two nodes and, after connect(), one connection between them.
struct Pair {
  explicit Pair(std::uint64_t seed = 1,
                const EndpointConfig& client_config = {},
                const EndpointConfig& server_config = {})
      : world{seed},
        client{world.add("192.0.2.1:9000", client_config)},
        server{world.add("198.51.100.1:9000", server_config)} {}

  [[nodiscard]] ConnectOptions options() const {
    ConnectOptions wanted;
    wanted.remote = server.outside;
    wanted.expected_key = server.key.public_key();
    return wanted;
  }

  /// Starts a handshake with the server.
  void dial() { at_client = client.endpoint->connect(world.now(), options()).value(); }

  /// Dials and waits until both sides are done. Returns whether that happened.
  bool connect(Duration limit = seconds{60}) {
    dial();
    const auto before = server.all<HandshakeCompleted>().size();
    const bool done = world.run(
        [&] { return find(client, at_client) && server.all<HandshakeCompleted>().size() > before; },
        limit);
    if (done) {
      at_server = server.all<HandshakeCompleted>().back().first;
    }
    return done;
  }

  [[nodiscard]] static bool find(const Node& node, ConnectionHandle handle) {
    return std::ranges::any_of(node.all<HandshakeCompleted>(),
                               [&](const auto& found) { return found.first == handle; });
  }

  /// Sends one datagram; false when it was not taken.
  bool send(Node& from, ConnectionHandle handle, const ByteVector& payload) {
    const OutgoingDatagram datagram{{}, payload};
    return from.endpoint->send_datagrams(world.now(), handle, {&datagram, 1}) == 1;
  }

  World world;
  Node& client;
  Node& server;
  ConnectionHandle at_client{};
  ConnectionHandle at_server{};
};

}  // namespace quicether::quic::test

#endif  // QUICETHER_TESTS_UNIT_CORE_QUIC_WORLD_HPP
