#ifndef QUICETHER_TESTS_SUPPORT_ENDPOINT_DRIVER_HPP
#define QUICETHER_TESTS_SUPPORT_ENDPOINT_DRIVER_HPP

#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/quic/endpoint.hpp>
#include <quicether/env/environment.hpp>

#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

namespace quicether::testing {

/// Drives a quic::Endpoint on a socket of an Environment, as its documentation asks.
///
/// Received datagrams and events are kept. `on_event` may call the endpoint; call flush() after
/// calls from anywhere else.
class EndpointDriver {
 public:
  EndpointDriver(Environment& env, const SocketAddress& bind, quic::EndpointConfig config)
      : env_{env},
        key_{crypto::KeyPair::generate(env.random())},
        endpoint_{std::move(config), key_, env.random(), env.unix_time()},
        socket_{env.open_datagram_socket({.bind = bind}).value()},
        timer_{env.make_timer()} {
    listen();
  }

  EndpointDriver(const EndpointDriver&) = delete;
  EndpointDriver& operator=(const EndpointDriver&) = delete;
  ~EndpointDriver() = default;

  [[nodiscard]] quic::Endpoint& endpoint() noexcept { return endpoint_; }

  [[nodiscard]] const PublicKey& public_key() const noexcept { return key_.public_key(); }

  [[nodiscard]] const std::vector<quic::Event>& events() const noexcept { return events_; }

  /// The latest event of one kind on a connection; null when there is none.
  template <typename Body>
  [[nodiscard]] const Body* last(quic::ConnectionHandle connection) const {
    for (auto event = events_.rbegin(); event != events_.rend(); ++event) {
      if (event->connection == connection && std::holds_alternative<Body>(event->body)) {
        return &std::get<Body>(event->body);
      }
    }
    return nullptr;
  }

  /// Payloads of DATAGRAM frames, by connection.
  [[nodiscard]] const std::vector<std::pair<quic::ConnectionHandle, ByteVector>>& datagrams()
      const noexcept {
    return datagrams_;
  }

  std::function<void(const quic::Event&)> on_event{};

  /// Does what follows every call of the endpoint.
  void flush() {
    for (const quic::ReceivedDatagram& received : endpoint_.received_datagrams()) {
      datagrams_.emplace_back(received.connection,
                              ByteVector{received.payload.begin(), received.payload.end()});
    }
    endpoint_.clear_received();
    while (auto event = endpoint_.poll_event()) {
      events_.push_back(*event);
      if (on_event) {
        on_event(*event);
      }
    }
    transmit();
    timer_->async_wait(endpoint_.next_timeout(), [this](error_code code) {
      if (!code) {
        endpoint_.on_timeout(env_.now());
        flush();
      }
    });
  }

 private:
  void transmit() {
    for (;;) {
      const auto trains = endpoint_.poll_transmit(env_.now());
      if (trains.empty() || waits_for_room_) {
        return;
      }
      const std::size_t count = trains.size();
      const std::size_t taken = socket_->send(trains);
      endpoint_.consume_transmit(taken);
      if (taken < count) {
        wait_for_room();
      }
    }
  }

  void wait_for_room() {
    waits_for_room_ = true;
    socket_->wait_writable([this](error_code code) {
      waits_for_room_ = false;
      if (!code) {
        flush();
      }
    });
  }

  void listen() {
    socket_->wait_readable([this](error_code code) {
      if (code) {
        return;
      }
      std::array<ReceivedTrain, 16> trains{};
      const std::size_t count = socket_->receive(trains);
      for (std::size_t i = 0; i < count; ++i) {
        endpoint_.on_train(env_.now(), trains[i]);
        flush();
      }
      listen();
    });
  }

  Environment& env_;
  crypto::KeyPair key_;
  quic::Endpoint endpoint_;
  std::unique_ptr<DatagramSocket> socket_;
  std::unique_ptr<Timer> timer_;
  bool waits_for_room_ = false;
  std::vector<quic::Event> events_{};
  std::vector<std::pair<quic::ConnectionHandle, ByteVector>> datagrams_{};
};

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SUPPORT_ENDPOINT_DRIVER_HPP
