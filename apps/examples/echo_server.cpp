// Answers on every stream that an admitted peer opens: echo_server <address:port> <node id>…
#include <quicether/node.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio.hpp>

#include <array>
#include <iostream>
#include <utility>

namespace asio = boost::asio;

namespace {

asio::awaitable<void> echo(quicether::Stream stream) {
  std::array<char, 4096> buffer{};
  while (true) {
    const auto read = co_await stream.async_read_some(asio::buffer(buffer), asio::use_awaitable);
    co_await asio::async_write(stream, asio::buffer(buffer.data(), read), asio::use_awaitable);
  }
}

asio::awaitable<void> serve(quicether::Link link) {
  while (true) {
    auto stream = co_await link.async_accept_stream(asio::use_awaitable);
    asio::co_spawn(co_await asio::this_coro::executor, echo(std::move(stream)), asio::detached);
  }
}

asio::awaitable<void> accept(quicether::Node& node) {
  while (true) {
    auto link = co_await node.paths().async_accept(asio::use_awaitable);
    asio::co_spawn(co_await asio::this_coro::executor, serve(link), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  asio::io_context io{1};
  const auto self = quicether::Identity::load_or_create("echo_server.key").value();
  const auto environment = quicether::system_environment(io.get_executor());
  std::cout << "node id " << self.node_id().to_string() << std::endl;
  quicether::NodeConfig config;
  config.transport.socket.bind = quicether::SocketAddress::parse(argv[1]).value();
  for (int i = 2; i < argc; ++i) {
    config.admission.allowed.push_back(quicether::policy::Subject::parse(argv[i]).value());
  }
  quicether::Node node{*environment, self, std::move(config)};
  node.start().value();
  asio::co_spawn(io, accept(node), asio::detached);
  asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](auto, int) { io.stop(); });
  io.run();
}
