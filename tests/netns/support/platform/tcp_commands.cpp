#include "commands.hpp"
#include "machine.hpp"

#include <quicether/base/random.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <netinet/tcp.h>

#include <algorithm>
#include <array>

namespace quicether::test {

namespace {

using boost::asio::ip::tcp;

/// The stream both sides know: the same bytes for the same places, whatever their number.
class Stream {
 public:
  explicit Stream(std::uint64_t bytes) : left_{bytes} {}

  /// The next piece; empty at the end. Valid until the next call.
  Bytes next() {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, piece_.size()));
    left_ -= size;
    random_.fill(piece_);
    return Bytes{piece_}.first(size);
  }

 private:
  SeededRandom random_{20261121};
  std::uint64_t left_;
  std::array<std::uint8_t, 65536> piece_{};
};

}  // namespace

void tcp_serve(const Arguments& arguments) {
  boost::asio::io_context io{1};
  tcp::acceptor acceptor{io, {tcp::v6(), arguments.number<std::uint16_t>("port")}};
  say("ready");
  tcp::socket socket = acceptor.accept();
  Stream stream{arguments.number<std::uint64_t>("bytes")};
  std::array<std::uint8_t, 65536> received{};
  std::uint64_t position = 0;
  for (Bytes expected = stream.next(); !expected.empty(); expected = stream.next()) {
    const auto buffer = boost::asio::buffer(received.data(), expected.size());
    boost::asio::read(socket, buffer);
    if (!std::ranges::equal(Bytes{received}.first(expected.size()), expected)) {
      throw std::runtime_error{fmt::format("other bytes than sent, after {}", position)};
    }
    position += expected.size();
  }
  boost::asio::write(socket, boost::asio::buffer("k", 1));
  say(fmt::format("same bytes={}", position));
}

void tcp_push(const Arguments& arguments) {
  boost::asio::io_context io{1};
  tcp::socket socket{io};
  const auto address = boost::asio::ip::make_address(arguments.text("address"));
  socket.open(address.is_v4() ? tcp::v4() : tcp::v6());
  if (!arguments.all("segment").empty()) {
    const int segment = arguments.number<int>("segment");
    if (::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment) !=
        0) {
      throw std::runtime_error{"TCP_MAXSEG refused"};
    }
  }
  socket.connect({address, arguments.number<std::uint16_t>("port")});
  Stream stream{arguments.number<std::uint64_t>("bytes")};
  for (Bytes piece = stream.next(); !piece.empty(); piece = stream.next()) {
    boost::asio::write(socket, boost::asio::buffer(piece.data(), piece.size()));
  }
  char acknowledged = 0;
  boost::asio::read(socket, boost::asio::buffer(&acknowledged, 1));
}

}  // namespace quicether::test
