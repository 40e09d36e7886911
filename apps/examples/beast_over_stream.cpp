// HTTP by Boost.Beast over overlay streams, in one process: two nodes on the loopback, one serves,
// the other asks. Nothing of it knows that there is QUIC below.
#include <quicether/node.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <iostream>
#include <utility>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

asio::awaitable<void> serve(quicether::Node& node) {
  auto link = co_await node.paths().async_accept(asio::use_awaitable);
  auto stream = co_await link.async_accept_stream(asio::use_awaitable);
  boost::beast::flat_buffer buffer;
  http::request<http::string_body> request;
  co_await http::async_read(stream, buffer, request, asio::use_awaitable);
  http::response<http::string_body> response{http::status::ok, request.version()};
  response.body() = "you asked for " + std::string{request.target()} + "\n";
  response.prepare_payload();
  co_await http::async_write(stream, response, asio::use_awaitable);
  // The stream stays open until the other side has read it all.
  char byte = 0;
  boost::system::error_code ended;
  co_await stream.async_read_some(asio::buffer(&byte, 1),
                                  asio::redirect_error(asio::use_awaitable, ended));
}

asio::awaitable<void> ask(quicether::Node& node, quicether::NodeId peer) {
  auto link = co_await node.paths().async_open(peer, {}, asio::use_awaitable);
  auto stream = link.open_stream().value();
  http::request<http::empty_body> request{http::verb::get, "/over/quic", 11};
  request.set(http::field::host, "peer");
  co_await http::async_write(stream, request, asio::use_awaitable);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  co_await http::async_read(stream, buffer, response, asio::use_awaitable);
  std::cout << response.result_int() << ": " << response.body();
}

quicether::NodeConfig config_for(const quicether::Identity& peer,
                                 std::vector<quicether::SocketAddress> addresses) {
  quicether::NodeConfig config;
  config.transport.socket.bind = {quicether::IpAddress::v4({127, 0, 0, 1}), 0};
  config.peers = {
      {.id = peer.node_id(), .key = peer.public_key(), .addresses = std::move(addresses)}};
  return config;
}

}  // namespace

int main() {
  asio::io_context io{1};
  const auto environment = quicether::system_environment(io.get_executor());
  const auto alice = quicether::Identity::generate(environment->random());
  const auto bob = quicether::Identity::generate(environment->random());

  quicether::Node server{*environment, alice, config_for(bob, {})};
  server.start().value();
  quicether::Node client{
      *environment, bob, config_for(alice, {server.transport().local_endpoint()})};
  client.start().value();

  int failed = 1;
  asio::co_spawn(io, serve(server), asio::detached);
  asio::co_spawn(io, ask(client, alice.node_id()), [&](const std::exception_ptr& error) {
    failed = error ? 1 : 0;
    io.stop();
  });
  io.run();
  return failed;
}
