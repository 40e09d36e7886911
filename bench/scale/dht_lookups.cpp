// Measures one of our DHT nodes in a ring that is there: finds each target that standard input
// names, one after the other, then all of them at once; prints times in milliseconds.
//
//   dht_lookups <address:port> <bootstrap address:port> < targets
//   dht_lookups <address:port> <bootstrap address:port> put <count>      stores items, prints
//   targets
#include <quicether/dht.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;
namespace dht = quicether::dht;

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

asio::awaitable<void> find(quicether::Dht& node, dht::Id target, std::size_t& found) {
  dht::GetRequest request;
  request.target = target;
  request.first = true;
  const auto done = co_await node.async_get(request, asio::use_awaitable);
  found += done.item ? 1U : 0U;
}

asio::awaitable<void> store(quicether::Dht& node, std::size_t count) {
  co_await node.async_join(asio::use_awaitable);
  for (std::size_t i = 0; i < count; ++i) {
    const auto text = "item-" + std::to_string(i);
    const auto value = std::to_string(text.size()) + ':' + text;
    dht::PutRequest request;
    request.item.value.assign(value.begin(), value.end());
    co_await node.async_put(request, asio::use_awaitable);
    std::cout << quicether::item_target(quicether::as_bytes(value)).to_string() << std::endl;
  }
}

asio::awaitable<void> measure(quicether::Dht& node, const std::vector<dht::Id>& targets) {
  co_await node.async_join(asio::use_awaitable);
  std::size_t found = 0;
  for (const auto& target : targets) {
    const auto begin = Clock::now();
    co_await find(node, target, found);
    std::cout << "one " << milliseconds_since(begin) << '\n';
  }
  const auto executor = co_await asio::this_coro::executor;
  const auto begin = Clock::now();
  std::size_t running = targets.size();
  asio::steady_timer all_done{executor, asio::steady_timer::time_point::max()};
  for (const auto& target : targets) {
    asio::co_spawn(executor, find(node, target, found), [&](const std::exception_ptr&) {
      if (--running == 0) {
        all_done.cancel();
      }
    });
  }
  boost::system::error_code cancelled;
  co_await all_done.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  std::cout << "all " << milliseconds_since(begin) << '\n'
            << "found " << found << " of " << 2 * targets.size() << std::endl;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  quicether::DhtConfig config;
  config.socket.bind = quicether::SocketAddress::parse(arguments.at(0)).value();
  config.bootstrap = {quicether::SocketAddress::parse(arguments.at(1)).value()};
  config.cache_name = "";
  const bool put = arguments.size() == 4 && arguments[2] == "put";
  std::vector<dht::Id> targets;
  for (std::string line; !put && std::getline(std::cin, line);) {
    targets.push_back(dht::Id::of(quicether::NodeId::parse(line).value()));
  }
  asio::io_context io{1};
  const auto environment = quicether::system_environment(io.get_executor());
  quicether::Dht node{*environment, config};
  node.open().value();
  auto job = put ? store(node, std::stoul(arguments[3])) : measure(node, targets);
  asio::co_spawn(io, std::move(job), [&](const std::exception_ptr& error) {
    io.stop();
    if (error) {
      std::rethrow_exception(error);
    }
  });
  io.run();
  return 0;
} catch (const std::exception& error) {
  std::cerr << "dht_lookups: " << error.what() << std::endl;
  return 1;
}
