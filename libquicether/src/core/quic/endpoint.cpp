#include "core/quic/endpoint_impl.hpp"

#include <quicether/core/quic/endpoint.hpp>

#include <boost/system/system_error.hpp>

#include <algorithm>

namespace quicether::quic {
namespace {

// A larger packet would not fit the buffers of waiting datagrams.
constexpr std::uint16_t kProbeMax = 16000;

EndpointConfig checked(EndpointConfig config) {
  const auto fits = [](std::uint16_t bytes) {
    return bytes > NGTCP2_MAX_UDP_PAYLOAD_SIZE && bytes <= kProbeMax;
  };
  const bool good = std::ranges::all_of(config.mtu_probes, fits) &&
                    config.handshake_timeout > Duration::zero() &&
                    config.idle_timeout > Duration::zero() &&
                    config.keep_alive >= Duration::zero() && config.key_update_packets != 0;
  if (!good) {
    throw boost::system::system_error{make_error_code(errc::invalid_argument)};
  }
  return config;
}

}  // namespace

Endpoint::Endpoint(EndpointConfig config,
                   const crypto::KeyPair& key,
                   Random& random,
                   UnixSeconds wall_clock)
    : Endpoint{std::move(config), key, crypto::make_credentials(key), random, wall_clock} {}

Endpoint::Endpoint(EndpointConfig config,
                   const crypto::KeyPair& key,
                   const crypto::TlsCredentials& credentials,
                   Random& random,
                   UnixSeconds wall_clock)
    : impl_{std::make_unique<Impl>(
          checked(std::move(config)), key, credentials, random, wall_clock)} {}

Endpoint::~Endpoint() = default;

result<ConnectionHandle> Endpoint::connect(Instant now, const ConnectOptions& options) {
  return impl_->connect(now, options);
}

void Endpoint::on_train(Instant now, const ReceivedTrain& train) {
  impl_->on_train(now, train);
}

void Endpoint::on_timeout(Instant now) {
  impl_->on_timeout(now);
}

Instant Endpoint::next_timeout() const noexcept {
  return impl_->next_timeout();
}

std::span<const OutgoingTrain> Endpoint::poll_transmit(Instant now) {
  return impl_->poll_transmit(now);
}

void Endpoint::consume_transmit(std::size_t count) noexcept {
  impl_->shared().transmit.consume(count);
}

std::optional<Event> Endpoint::poll_event() {
  auto& events = impl_->shared().events;
  if (events.empty()) {
    return std::nullopt;
  }
  auto event = std::move(events.front());
  events.pop_front();
  return event;
}

std::span<const ReceivedDatagram> Endpoint::received_datagrams() noexcept {
  return impl_->shared().received.payloads();
}

void Endpoint::clear_received() noexcept {
  impl_->shared().received.clear();
}

std::span<const DatagramFate> Endpoint::datagram_fates() const noexcept {
  return impl_->shared().fates;
}

void Endpoint::clear_fates() noexcept {
  impl_->shared().fates.clear();
}

std::size_t Endpoint::send_datagrams(Instant now,
                                     ConnectionHandle connection,
                                     std::span<const OutgoingDatagram> datagrams) {
  return impl_->send_datagrams(now, connection, datagrams);
}

bool Endpoint::takes_early_data(ConnectionHandle connection) const noexcept {
  const auto* const found = impl_->find(connection);
  return found != nullptr && found->takes_early_data();
}

result<StreamId> Endpoint::open_stream(ConnectionHandle connection) {
  auto* const found = impl_->find(connection);
  return found == nullptr ? errc::no_session : found->open_stream();
}

result<std::size_t> Endpoint::write_stream(ConnectionHandle connection,
                                           StreamId stream,
                                           ConstBytes bytes,
                                           bool finish) {
  auto* const found = impl_->find(connection);
  if (found == nullptr) {
    return errc::no_session;
  }
  impl_->enqueue(*found);
  return found->write_stream(stream, bytes, finish);
}

result<std::size_t> Endpoint::read_stream(ConnectionHandle connection, StreamId stream, Bytes out) {
  auto* const found = impl_->find(connection);
  if (found == nullptr) {
    return errc::no_session;
  }
  impl_->enqueue(*found);
  return found->read_stream(stream, out);
}

void Endpoint::reset_stream(ConnectionHandle connection,
                            StreamId stream,
                            std::uint64_t application_code) {
  if (auto* const found = impl_->find(connection); found != nullptr) {
    impl_->enqueue(*found);
    found->reset_stream(stream, application_code);
  }
}

void Endpoint::close(Instant now,
                     ConnectionHandle connection,
                     std::uint64_t application_code,
                     std::string_view reason) {
  impl_->close(now, connection, application_code, reason);
}

result<void> Endpoint::migrate(Instant now,
                               ConnectionHandle connection,
                               const SocketAddress& local) {
  auto* const found = impl_->find(connection);
  if (found == nullptr) {
    return errc::no_session;
  }
  impl_->enqueue(*found);
  return found->migrate(impl_->advance(now), local);
}

void Endpoint::ping(ConnectionHandle connection) {
  if (auto* const found = impl_->find(connection); found != nullptr) {
    impl_->enqueue(*found);
    found->ping();
  }
}

result<ConnectionStats> Endpoint::stats(ConnectionHandle connection) const {
  const auto* const found = impl_->find(connection);
  if (found == nullptr) {
    return errc::no_session;
  }
  return found->stats();
}

const EndpointStats& Endpoint::stats() const noexcept {
  return impl_->shared().stats;
}

std::size_t Endpoint::connection_count() const noexcept {
  return impl_->connection_count();
}

}  // namespace quicether::quic
