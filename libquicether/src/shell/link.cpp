#include "link_host.hpp"
#include "waiter.hpp"

#include <quicether/link.hpp>

#include <boost/asio/system_executor.hpp>

namespace quicether {

Link::Link(std::weak_ptr<detail::LinkHost> host, PeerIndex peer) noexcept
    : host_{std::move(host)}, peer_{peer} {}

result<NodeId> Link::peer_id() const {
  const auto host = host_.lock();
  const auto* peer = host ? host->link_peer(peer_) : nullptr;
  if (peer == nullptr) {
    return errc::no_session;
  }
  return peer->id;
}

result<PublicKey> Link::peer_key() const {
  const auto host = host_.lock();
  const auto* peer = host ? host->link_peer(peer_) : nullptr;
  if (peer == nullptr || !peer->key) {
    return errc::no_session;
  }
  return *peer->key;
}

bool Link::is_up() const noexcept {
  const auto host = host_.lock();
  const auto* peer = host ? host->link_peer(peer_) : nullptr;
  return peer != nullptr && peer->up_since.has_value();
}

result<Stream> Link::open_stream() {
  const auto host = host_.lock();
  return host ? host->open_stream(peer_) : result<Stream>{errc::no_session};
}

result<std::size_t> Link::send_datagrams(std::span<const ConstBytes> datagrams) {
  const auto host = host_.lock();
  return host ? host->send_datagrams(peer_, datagrams) : result<std::size_t>{errc::no_session};
}

std::size_t Link::max_datagram_bytes() const noexcept {
  const auto host = host_.lock();
  return host ? host->datagram_bytes_max(peer_) : 0;
}

void Link::start_accept_stream(StreamHandler handler) {
  if (const auto host = host_.lock()) {
    host->accept_stream(peer_, std::move(handler));
    return;
  }
  detail::Waiter<Stream> refused;
  refused.suspend(std::move(handler), [] {});
  refused.complete(boost::asio::system_executor{}, errc::no_session, Stream{});
}

void Link::start_receive_datagram(DatagramHandler handler) {
  if (const auto host = host_.lock()) {
    host->receive_datagram(peer_, std::move(handler));
    return;
  }
  detail::Waiter<ByteVector> refused;
  refused.suspend(std::move(handler), [] {});
  refused.complete(boost::asio::system_executor{}, errc::no_session, ByteVector{});
}

}  // namespace quicether
