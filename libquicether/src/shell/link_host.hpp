#ifndef QUICETHER_SRC_SHELL_LINK_HOST_HPP
#define QUICETHER_SRC_SHELL_LINK_HOST_HPP

#include <quicether/core/path/link_table.hpp>
#include <quicether/link.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>

namespace quicether::detail {

/// What a Link handle needs of the PathManager behind it.
class LinkHost {
 public:
  using StreamHandler = boost::asio::any_completion_handler<void(error_code, Stream)>;
  using DatagramHandler = boost::asio::any_completion_handler<void(error_code, ByteVector)>;

  LinkHost() = default;
  LinkHost(const LinkHost&) = delete;
  LinkHost& operator=(const LinkHost&) = delete;
  virtual ~LinkHost() = default;

  [[nodiscard]] virtual const path::LinkPeer* link_peer(PeerIndex peer) const noexcept = 0;
  [[nodiscard]] virtual result<Stream> open_stream(PeerIndex peer) = 0;
  virtual void accept_stream(PeerIndex peer, StreamHandler handler) = 0;
  [[nodiscard]] virtual result<std::size_t> send_datagrams(
      PeerIndex peer, std::span<const ConstBytes> datagrams) = 0;
  virtual void receive_datagram(PeerIndex peer, DatagramHandler handler) = 0;
  [[nodiscard]] virtual std::size_t datagram_bytes_max(PeerIndex peer) = 0;
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_LINK_HOST_HPP
