#ifndef QUICETHER_LINK_HPP
#define QUICETHER_LINK_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/stream.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace quicether {

namespace detail {
class LinkHost;
}  // namespace detail

/// All sessions to one peer, as one thing to talk over: streams and datagrams, without any TUN.
///
/// A light handle: copies name the same link. It survives reconnects; while no session is up, calls
/// fail with `errc::no_session`. Threads: the Environment's.
class Link {
 public:
  /// Names no peer; every call fails with `no_session`.
  Link() noexcept = default;
  Link(std::weak_ptr<detail::LinkHost> host, PeerIndex peer) noexcept;

  [[nodiscard]] PeerIndex index() const noexcept { return peer_; }

  /// **Errors:** `no_session`.
  [[nodiscard]] result<NodeId> peer_id() const;

  /// The peer's proven public key. **Errors:** `no_session` before the first session.
  [[nodiscard]] result<PublicKey> peer_key() const;

  [[nodiscard]] bool is_up() const noexcept;

  /// Opens a stream to the peer, over the path that works now.
  ///
  /// **Errors:** `no_session`, `limit_reached`.
  [[nodiscard]] result<Stream> open_stream();

  /// Waits for a stream that the peer opens. Signature: void(error_code, Stream).
  ///
  /// One at a time per peer. It stays pending across reconnects. **Errors:** `no_session` (the
  /// PathManager is gone), `already_open`, `cancelled`. **Cancellation:** terminal.
  template <boost::asio::completion_token_for<void(error_code, Stream)> Token>
  auto async_accept_stream(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, Stream)>(
        [](auto handler, Link self) {
          self.start_accept_stream(StreamHandler{std::move(handler)});
        },
        token,
        *this);
  }

  /// Sends unreliable messages. Returns how many were taken; those that have to wait too long or
  /// are too many get lost as on the network.
  ///
  /// **Errors:** `no_session`, `too_large` (nothing was sent; see max_datagram_bytes()).
  [[nodiscard]] result<std::size_t> send_datagrams(std::span<const ConstBytes> datagrams);

  /// Waits for one unreliable message. Signature: void(error_code, ByteVector).
  ///
  /// One at a time per peer; 256 messages wait, then the oldest are dropped. **Errors:** as
  /// async_accept_stream(). **Cancellation:** terminal; no message is lost.
  template <boost::asio::completion_token_for<void(error_code, ByteVector)> Token>
  auto async_receive_datagram(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, ByteVector)>(
        [](auto handler, Link self) {
          self.start_receive_datagram(DatagramHandler{std::move(handler)});
        },
        token,
        *this);
  }

  /// Largest message that send_datagrams() takes now; 0 while no session is up.
  [[nodiscard]] std::size_t max_datagram_bytes() const noexcept;

 private:
  using StreamHandler = boost::asio::any_completion_handler<void(error_code, Stream)>;
  using DatagramHandler = boost::asio::any_completion_handler<void(error_code, ByteVector)>;

  void start_accept_stream(StreamHandler handler);
  void start_receive_datagram(DatagramHandler handler);

  std::weak_ptr<detail::LinkHost> host_{};
  PeerIndex peer_{};
};

}  // namespace quicether

#endif  // QUICETHER_LINK_HPP
