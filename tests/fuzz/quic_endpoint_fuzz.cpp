// Two Endpoints, and between them a network that the input commands: what to deliver, to change, to
// repeat, to drop or to invent, and when. Nothing may crash, spin or grow without bound, and no
// datagram may arrive twice, early ones neither.

#include <quicether/base/assert.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/quic/endpoint.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <vector>

namespace {

using namespace quicether;
using namespace quicether::quic;

constexpr std::size_t kPendingMax = 256;
constexpr std::size_t kRecordedMax = 64;

/// Takes numbers off the front of the input; zeros when it has run out.
class Input {
 public:
  explicit Input(ConstBytes bytes) noexcept : rest_{bytes} {}

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

  std::uint8_t byte() noexcept {
    if (rest_.empty()) {
      return 0;
    }
    const auto value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
  }

  std::uint16_t word() noexcept {
    const auto high = byte();
    return static_cast<std::uint16_t>((unsigned{high} << 8U) | byte());
  }

  ConstBytes bytes(std::size_t count) noexcept {
    const auto taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }

 private:
  ConstBytes rest_;
};

struct Side {
  Endpoint endpoint;
  SocketAddress address{};
  std::deque<ByteVector> pending{};    ///< packets on their way to this side
  std::vector<ByteVector> recorded{};  ///< by somebody on that way
  ConnectionHandle connection{};
  StreamId stream = 0;
};

class Network {
 public:
  Network()
      : sides_{Side{Endpoint{small_limits(), keys()[0], random_, 1'790'000'000},
                    {IpAddress::v4(0xc0000201), 9000}},
               Side{Endpoint{small_limits(), keys()[1], random_, 1'790'000'000},
                    {IpAddress::v4(0xc6336401), 9000}}} {
    dial(sides_[0], false);
  }

  void run(Input input) {
    for (int steps = 0; !input.empty() && steps < 4000; ++steps) {
      const auto command = input.byte();
      auto& side = sides_[command & 1U];
      step(side, command >> 1U, input);
      pump();
    }
  }

 private:
  static EndpointConfig small_limits() {
    EndpointConfig config;
    config.limits.connections_max = 8;
    config.limits.handshakes_max = 4;
    config.limits.handshakes_before_retry = 2;
    config.limits.streams_max = 4;
    config.limits.stream_receive_bytes = 4096;
    config.limits.stream_send_bytes = 4096;
    config.limits.datagram_queue_bytes = 16384;
    config.key_update_packets = 20;
    config.early_data = true;
    return config;
  }

  static const std::array<crypto::KeyPair, 2>& keys() {
    static SeededRandom random{1};
    static const std::array<crypto::KeyPair, 2> made{crypto::KeyPair::generate(random),
                                                     crypto::KeyPair::generate(random)};
    return made;
  }

  // Commands whose number is not taken deliver: so most inputs get through a handshake.
  void step(Side& side, unsigned command, Input& input) {
    switch (command) {
      case 0:  // change a byte of the next packet
        if (!side.pending.empty() && !side.pending.front().empty()) {
          auto& packet = side.pending.front();
          const auto at = input.word() % packet.size();
          packet[at] = static_cast<std::uint8_t>(packet[at] ^ input.byte());
        }
        return;
      case 1:  // lose it
        if (!side.pending.empty()) {
          side.pending.pop_front();
        }
        return;
      case 2:  // repeat it
        if (!side.pending.empty() && side.pending.size() < kPendingMax) {
          side.pending.push_back(side.pending.front());
        }
        return;
      case 3:  // swap it with a later one
        if (side.pending.size() > 1) {
          std::swap(side.pending[0], side.pending[1 + input.byte() % (side.pending.size() - 1)]);
        }
        return;
      case 4: {  // invent one
        const auto made = input.bytes(input.word() % 1500U);
        deliver(side, {made.begin(), made.end()});
        return;
      }
      case 5: {  // invent the header of one, the rest is filled up
        const auto made = input.bytes(input.byte() % 64U);
        ByteVector packet(1200);
        std::ranges::copy(made, packet.begin());
        deliver(side, std::move(packet));
        return;
      }
      case 6:  // cut it short
        if (!side.pending.empty()) {
          auto& packet = side.pending.front();
          packet.resize(input.word() % (packet.size() + 1));
        }
        return;
      case 7:
        pass(std::chrono::milliseconds{input.byte()});
        return;
      case 8:
        pass(std::chrono::seconds{input.byte() % 16U});
        return;
      case 9: {
        ByteVector payload(input.word() % 1600U);
        if (payload.size() >= sizeof(datagrams_)) {
          store_be(payload, ++datagrams_);
        }
        const OutgoingDatagram datagram{{}, payload};
        (void)side.endpoint.send_datagrams(now_, side.connection, {&datagram, 1});
        return;
      }
      case 10: {
        const auto opened = side.endpoint.open_stream(side.connection);
        side.stream = opened ? *opened : side.stream;
        return;
      }
      case 11:
        (void)side.endpoint.write_stream(
            side.connection, side.stream, ByteVector(input.word()), (input.byte() & 1U) != 0);
        return;
      case 12: {
        std::array<std::uint8_t, 512> buffer{};
        (void)side.endpoint.read_stream(side.connection, side.stream, buffer);
        return;
      }
      case 13:
        side.endpoint.reset_stream(side.connection, side.stream, input.byte());
        return;
      case 14:
        side.endpoint.close(now_, side.connection, input.byte(), "fuzz");
        return;
      case 15:
        (void)side.endpoint.migrate(
            now_, side.connection, {IpAddress::v4(0xc0000200U | input.byte()), 0});
        return;
      case 16:
        side.endpoint.ping(side.connection);
        return;
      case 17:  // come from elsewhere
        side.address.port = static_cast<std::uint16_t>(9000 + input.byte());
        return;
      case 18:
        dial(side, false);
        return;
      case 19:
        dial(side, true);
        return;
      case 20:  // record the next packet
        if (!side.pending.empty() && side.recorded.size() < kRecordedMax) {
          side.recorded.push_back(side.pending.front());
        }
        return;
      case 21:  // replay what was recorded
        for (const auto& packet : side.recorded) {
          deliver(side, packet);
        }
        return;
      default:
        if (!side.pending.empty()) {
          auto packet = std::move(side.pending.front());
          side.pending.pop_front();
          deliver(side, std::move(packet));
        }
        return;
    }
  }

  void dial(Side& side, bool early_data) {
    ConnectOptions options;
    options.remote = other(side).address;
    options.expected_key = keys()[&side == sides_.data() ? 1 : 0].public_key();
    options.early_data = early_data;
    if (const auto handle = side.endpoint.connect(now_, options)) {
      side.connection = *handle;
    }
  }

  // Each datagram that is long enough bears its number.
  void take_datagrams(Side& side) {
    for (const auto& datagram : side.endpoint.received_datagrams()) {
      if (datagram.payload.size() >= sizeof(datagrams_)) {
        const auto number = load_be<std::uint64_t>(datagram.payload);
        QE_ASSERT(number <= datagrams_ && received_.insert(number).second);
      }
    }
    side.endpoint.clear_received();
  }

  Side& other(const Side& side) noexcept { return sides_[&side == sides_.data() ? 1 : 0]; }

  void pass(Duration duration) {
    now_ = now_ + duration;
    for (auto& side : sides_) {
      if (side.endpoint.next_timeout() <= now_) {
        side.endpoint.on_timeout(now_);
      }
    }
  }

  void deliver(Side& to, ByteVector packet) {
    ReceivedTrain train;
    train.bytes = packet;
    train.segment_bytes = packet.size();
    train.local = to.address;
    train.remote = other(to).address;
    to.endpoint.on_train(now_, train);
  }

  void pump() {
    for (auto& side : sides_) {
      while (const auto event = side.endpoint.poll_event()) {
        if (std::holds_alternative<HandshakeCompleted>(event->body) ||
            std::holds_alternative<EarlyDataAccepted>(event->body)) {
          side.connection = event->connection;
        } else if (const auto* const opened = std::get_if<StreamOpened>(&event->body)) {
          side.stream = opened->stream;
        }
      }
      take_datagrams(side);
      for (int rounds = 0;; ++rounds) {
        const auto trains = side.endpoint.poll_transmit(now_);
        if (trains.empty()) {
          break;
        }
        QE_ASSERT(rounds < 100);
        for (const auto& train : trains) {
          split(other(side), train);
        }
        side.endpoint.consume_transmit(trains.size());
      }
      QE_ASSERT(side.endpoint.connection_count() <= 8);
    }
  }

  static void split(Side& to, const OutgoingTrain& train) {
    QE_ASSERT(train.segment_bytes != 0 && !train.bytes.empty());
    for (auto rest = train.bytes; !rest.empty();) {
      const auto packet = rest.first(std::min(train.segment_bytes, rest.size()));
      rest = rest.subspan(packet.size());
      if (to.pending.size() < kPendingMax) {
        to.pending.emplace_back(packet.begin(), packet.end());
      }
    }
  }

  SeededRandom random_{2};
  std::uint64_t datagrams_ = 0;
  std::set<std::uint64_t> received_{};
  Instant now_{std::chrono::seconds{1}};
  std::array<Side, 2> sides_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Network network;
  network.run(Input{{data, size}});
  return 0;
}
