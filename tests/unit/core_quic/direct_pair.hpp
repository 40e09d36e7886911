#ifndef QUICETHER_TESTS_UNIT_CORE_QUIC_DIRECT_PAIR_HPP
#define QUICETHER_TESTS_UNIT_CORE_QUIC_DIRECT_PAIR_HPP

#include <quicether/base/assert.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/quic/endpoint.hpp>

#include <memory>
#include <optional>
#include <variant>

namespace quicether::quic::test {

/// Two Endpoints whose trains go straight into each other: no network, no memory per packet. For
/// what counts allocations or nanoseconds.
class DirectPair {
 public:
  explicit DirectPair(const EndpointConfig& config = {})
      : a_key_{crypto::KeyPair::generate(random_)},
        b_key_{crypto::KeyPair::generate(random_)},
        a{config, a_key_, random_, 1'790'000'000},
        b{config, b_key_, random_, 1'790'000'000},
        buffer_{std::make_unique<std::uint8_t[]>(kTrainBytesMax)} {}

  /// Connects a to b; the handles are in at_a and at_b.
  void connect() {
    ConnectOptions options;
    options.remote = b_address_;
    options.expected_key = b_key_.public_key();
    at_a = a.connect(now, options).value();
    at_b = {};
    for (int round = 0; round < 10'000 && at_b == ConnectionHandle{}; ++round) {
      turn();
      while (const auto event = b.poll_event()) {
        if (std::holds_alternative<HandshakeCompleted>(event->body)) {
          at_b = event->connection;
        }
      }
    }
    QE_ASSERT(at_b != ConnectionHandle{});
  }

  /// Lets path MTU discovery end and the congestion window open.
  void warm_up(int rounds, std::span<const OutgoingDatagram> batch) {
    for (int round = 0; round < rounds; ++round) {
      (void)a.send_datagrams(now, at_a, batch);
      turn();
    }
  }

  /// Moves everything that is ready there and back again; takes half a millisecond.
  void turn() {
    carry(a, b, a_address_, b_address_);
    pass();
    carry(b, a, b_address_, a_address_);
    pass();
    while (a.poll_event()) {
    }
  }

  /// Moves what one side has to send.
  void carry(Endpoint& from,
             Endpoint& to,
             const SocketAddress& from_address,
             const SocketAddress& to_address) {
    for (;;) {
      const auto trains = from.poll_transmit(now);
      if (trains.empty()) {
        return;
      }
      for (const auto& train : trains) {
        copy_bytes(train.bytes, {buffer_.get(), kTrainBytesMax});
        const ReceivedTrain received{{buffer_.get(), train.bytes.size()},
                                     train.segment_bytes,
                                     to_address,
                                     from_address,
                                     train.ecn};
        to.on_train(now, received);
        received_count += to.received_datagrams().size();
        to.clear_received();
      }
      from.consume_transmit(trains.size());
    }
  }

  [[nodiscard]] const SocketAddress& a_address() const noexcept { return a_address_; }

  [[nodiscard]] const SocketAddress& b_address() const noexcept { return b_address_; }

 private:
  void pass() {
    now = now + std::chrono::microseconds{250};
    for (auto* const endpoint : {&a, &b}) {
      if (endpoint->next_timeout() <= now) {
        endpoint->on_timeout(now);
      }
    }
  }

  SeededRandom random_{42};
  crypto::KeyPair a_key_;
  crypto::KeyPair b_key_;
  SocketAddress a_address_{IpAddress::v4(0xc0000201), 9000};
  SocketAddress b_address_{IpAddress::v4(0xc6336401), 9000};

 public:
  Endpoint a;
  Endpoint b;
  Instant now{std::chrono::seconds{1}};
  ConnectionHandle at_a{};
  ConnectionHandle at_b{};
  std::uint64_t received_count = 0;

 private:
  std::unique_ptr<std::uint8_t[]> buffer_;
};

}  // namespace quicether::quic::test

#endif  // QUICETHER_TESTS_UNIT_CORE_QUIC_DIRECT_PAIR_HPP
