// Opens a link to a peer by its NodeId and exchanges bytes: open_link <node id> <address:port>
#include <quicether/node.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio.hpp>

#include <iostream>
namespace asio = boost::asio;

asio::awaitable<void> talk(quicether::Node& node, quicether::NodeId peer) {
  auto link = co_await node.paths().async_open(peer, {}, asio::use_awaitable);
  auto stream = link.open_stream().value();
  co_await asio::async_write(stream, asio::buffer("hello\n", 6), asio::use_awaitable);
  std::string answer;
  co_await asio::async_read_until(stream, asio::dynamic_buffer(answer), '\n', asio::use_awaitable);
  std::cout << answer;
}

int main(int, char** argv) {
  asio::io_context io{1};
  const auto self = quicether::Identity::load_or_create("open_link.key").value();
  const auto environment = quicether::system_environment(io.get_executor());
  quicether::NodeConfig config;
  const auto peer = quicether::NodeId::parse(argv[1]).value();
  config.peers = {{.id = peer, .addresses = {quicether::SocketAddress::parse(argv[2]).value()}}};
  quicether::Node node{*environment, self, std::move(config)};
  node.start().value();
  asio::co_spawn(io, talk(node, peer), [&](std::exception_ptr) { io.stop(); });
  io.run();
}
