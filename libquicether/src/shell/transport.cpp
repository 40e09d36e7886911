#include "transport_impl.hpp"

#include <quicether/transport.hpp>

#include <array>
#include <utility>

namespace quicether {

namespace {

node::CloseCode close_code(errc reason) {
  static constexpr std::array<std::pair<errc, node::CloseCode>, 5> kCodes{{
      {errc::not_admitted, node::CloseCode::not_admitted},
      {errc::superseded, node::CloseCode::superseded},
      {errc::refused_busy, node::CloseCode::busy},
      {errc::to_self, node::CloseCode::to_self},
      {errc::protocol_error, node::CloseCode::protocol_error},
  }};
  for (const auto& [cause, code] : kCodes) {
    if (cause == reason) {
      return code;
    }
  }
  return node::CloseCode::none;
}

}  // namespace

Transport::Transport(Environment& environment,
                     const Identity& identity,
                     TransportConfig config,
                     node::AdmissionControl& admission)
    : impl_{std::make_shared<Impl>(environment, identity, std::move(config), admission)} {}

Transport::~Transport() {
  impl_->set_observer(nullptr);
  impl_->shut();
}

result<void> Transport::open(std::uint16_t port) {
  return impl_->open(port);
}

bool Transport::is_open() const noexcept {
  return impl_->is_open();
}

SocketAddress Transport::local_endpoint() const noexcept {
  return impl_->is_open() ? impl_->socket()->local_endpoint() : SocketAddress{};
}

result<IpAddress> Transport::source_address(const SocketAddress& remote) const {
  return impl_->is_open() ? impl_->socket()->source_address(remote)
                          : result<IpAddress>{errc::not_open};
}

void Transport::set_observer(TransportObserver* observer) noexcept {
  impl_->set_observer(observer);
}

void Transport::set_dht_sink(DhtDatagramSink* sink) noexcept {
  impl_->set_dht_sink(sink);
}

std::size_t Transport::send_raw(std::span<const OutgoingTrain> trains) noexcept {
  return impl_->is_open() ? impl_->socket()->send(trains) : 0;
}

result<SessionId> Transport::dial(const node::DialOptions& options) {
  return impl_->dial(options);
}

void Transport::start_connect(const node::DialOptions& options, SessionHandler handler) {
  impl_->connect(options, std::move(handler));
}

void Transport::start_redeem(const node::DialOptions& options, GrantHandler handler) {
  impl_->redeem(options, std::move(handler));
}

void Transport::start_accept(SessionHandler handler) {
  impl_->accept(std::move(handler));
}

void Transport::start_accept_stream(SessionId session, StreamHandler handler) {
  impl_->accept_stream(session, std::move(handler));
}

result<Stream> Transport::open_stream(SessionId session) {
  return impl_->open_stream(session);
}

bool Transport::takes_early_data(SessionId session) const noexcept {
  return impl_->sessions().takes_early_data(session);
}

std::size_t Transport::send_datagrams(SessionId session,
                                      std::span<const quic::OutgoingDatagram> datagrams) noexcept {
  return impl_->sessions().send_datagrams(impl_->environment().now(), session, datagrams);
}

void Transport::flush() {
  impl_->flush();
}

void Transport::close_session(SessionId session, errc reason, std::string_view detail) {
  impl_->sessions().close(impl_->environment().now(), session, close_code(reason), reason, detail);
  impl_->schedule_turn();
}

void Transport::announce(const wire::Announce& announce) {
  impl_->sessions().announce(announce);
  impl_->schedule_turn();
}

void Transport::set_network_key(std::optional<crypto::NetworkKey> key) {
  impl_->sessions().set_network_key(std::move(key));
}

void Transport::readmit() {
  impl_->sessions().readmit(impl_->environment().now());
  impl_->schedule_turn();
}

void Transport::ping(SessionId session) {
  impl_->sessions().ping(session);
  impl_->schedule_turn();
}

void Transport::pin(std::span<const AddressPin> pins) {
  impl_->pin(pins);
}

void Transport::check_local_addresses(const std::function<bool(SessionId)>& stays,
                                      const std::function<bool(SessionId)>& dialable) {
  impl_->check_local_addresses(stays, dialable);
}

result<quic::ConnectionStats> Transport::stats(SessionId session) const {
  return impl_->sessions().stats(session);
}

quic::EndpointStats Transport::quic_stats() const noexcept {
  return impl_->sessions().quic_stats();
}

node::SessionTableStats Transport::session_stats() const noexcept {
  return impl_->sessions().stats();
}

DatagramSocketStats Transport::socket_stats() const noexcept {
  return impl_->is_open() ? impl_->socket()->stats() : DatagramSocketStats{};
}

void Transport::start_close(CloseHandler handler) {
  impl_->close(std::move(handler));
}

}  // namespace quicether
