// Two nodes in one process open a link by NodeId and exchange bytes, over 127.0.0.1.
#include <quicether/identity.hpp>
#include <quicether/node.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

namespace asio = boost::asio;
using asio::use_awaitable;

namespace {

asio::awaitable<void> answer(quicether::Node& node) {
  quicether::Link link = co_await node.paths().async_accept(use_awaitable);
  quicether::Stream stream = co_await link.async_accept_stream(use_awaitable);
  std::array<char, 5> text{};
  co_await asio::async_read(stream, asio::buffer(text), use_awaitable);
  co_await asio::async_write(stream, asio::buffer(text), use_awaitable);
}

asio::awaitable<void> ask(quicether::Node& node, quicether::NodeId peer, bool& answered) {
  const quicether::OpenOptions options;
  quicether::Link link = co_await node.paths().async_open(peer, options, use_awaitable);
  quicether::Stream stream = link.open_stream().value();
  std::array<char, 5> text{'h', 'e', 'l', 'l', 'o'};
  co_await asio::async_write(stream, asio::buffer(text), use_awaitable);
  text.fill(0);
  co_await asio::async_read(stream, asio::buffer(text), use_awaitable);
  answered = std::string_view(text.data(), text.size()) == "hello";
}

}  // namespace

int main() {
  asio::io_context io{1};
  const auto environment = quicether::system_environment(io.get_executor());
  const auto first = quicether::Identity::generate(environment->random());
  const auto second = quicether::Identity::generate(environment->random());

  quicether::NodeConfig listening;
  listening.transport.socket.bind = quicether::SocketAddress::parse("127.0.0.1:0").value();
  listening.peers = {{.name = "second", .id = second.node_id()}};
  quicether::Node listener{*environment, first, std::move(listening)};
  listener.start().value();

  quicether::NodeConfig dialling;
  dialling.transport.socket.bind = quicether::SocketAddress::parse("127.0.0.1:0").value();
  dialling.peers = {{.name = "first",
                     .id = first.node_id(),
                     .addresses = {listener.transport().local_endpoint()}}};
  quicether::Node dialler{*environment, second, std::move(dialling)};
  dialler.start().value();

  bool answered = false;
  const auto stop = [&](const std::exception_ptr& error) {
    io.stop();
    if (error) {
      std::rethrow_exception(error);
    }
  };
  asio::co_spawn(io, answer(listener), asio::detached);
  asio::co_spawn(io, ask(dialler, first.node_id(), answered), stop);
  io.run();
  std::puts(answered ? "exchanged" : "no answer");
  return answered ? EXIT_SUCCESS : EXIT_FAILURE;
}
