// The mainline DHT without anything else of the library:
//
//   dht_only <address:port> <bootstrap address:port | -> run
//   …  get <target> [salt]                  finds a value and prints it
//   …  put <text>                           stores an immutable value
//   …  sign <key file> <seq> <text> [salt]  stores a signed value that can be replaced
//   …  nodes <target>                       prints the nearest nodes
//   …  peers <info-hash>                    …  announce <info-hash> <port>
#include <quicether/core/dht/bencode_writer.hpp>
#include <quicether/dht.hpp>
#include <quicether/identity.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio.hpp>

#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace dht = quicether::dht;

namespace {

using Arguments = std::vector<std::string>;

dht::Id parse_id(const std::string& text) {
  return dht::Id::of(quicether::NodeId::parse(text).value());
}

/// A text as a bencoded string.
quicether::ByteVector encode(const std::string& text) {
  quicether::ByteVector bytes(text.size() + 24);
  dht::BencodeWriter out{bytes};
  out.string(text);
  bytes.resize(out.written().size());
  return bytes;
}

asio::awaitable<void> get(quicether::Dht& dht, const Arguments& arguments) {
  dht::GetRequest request{.target = parse_id(arguments.at(0))};
  if (arguments.size() > 1) {
    request.salt.assign(arguments[1].begin(), arguments[1].end());
  }
  const auto done = co_await dht.async_get(request, asio::use_awaitable);
  const auto& item = *done.item;
  std::cout << "value " << quicether::as_text(item.value) << " seq "
            << (item.author ? std::to_string(item.author->seq) : "none") << " replicas "
            << done.replicas << " hops " << done.hops << std::endl;
}

asio::awaitable<void> put(quicether::Dht& dht, dht::Item item, dht::Id target) {
  dht::PutRequest request{.item = std::move(item)};
  const auto done = co_await dht.async_put(request, asio::use_awaitable);
  std::cout << "stored " << target.to_string() << " at " << done.replicas << " nodes" << std::endl;
}

asio::awaitable<void> sign(quicether::Dht& dht, const Arguments& arguments) {
  const auto self = quicether::Identity::load_or_create(arguments.at(0)).value();
  const auto salt = arguments.size() > 3 ? arguments[3] : std::string{};
  const auto value = encode(arguments.at(2));
  auto item = quicether::sign_item(
      self.key_pair(), value, std::stoll(arguments.at(1)), quicether::as_bytes(salt));
  const auto target = quicether::item_target(self.public_key(), quicether::as_bytes(salt));
  std::cout << "key " << self.public_key().to_string() << std::endl;
  co_await put(dht, std::move(item), target);
}

asio::awaitable<void> nodes(quicether::Dht& dht, const Arguments& arguments) {
  const auto target = parse_id(arguments.at(0));
  const auto done = co_await dht.async_find_node(target, asio::use_awaitable);
  for (const auto& node : done.nodes) {
    std::cout << "node " << node.id.to_string() << " " << node.address.to_string() << std::endl;
  }
}

asio::awaitable<void> peers(quicether::Dht& dht, const Arguments& arguments) {
  const auto hash = parse_id(arguments.at(0));
  const auto done = co_await dht.async_get_peers(hash, asio::use_awaitable);
  for (const auto& peer : done.peers) {
    std::cout << "peer " << peer.to_string() << std::endl;
  }
}

asio::awaitable<void> announce(quicether::Dht& dht, const Arguments& arguments) {
  dht::AnnounceRequest request{.info_hash = parse_id(arguments.at(0))};
  request.port = static_cast<std::uint16_t>(std::stoul(arguments.at(1)));
  const auto done = co_await dht.async_announce(request, asio::use_awaitable);
  std::cout << "announced to " << done.replicas << " nodes" << std::endl;
}

asio::awaitable<void> act(quicether::Dht& dht, std::string command, Arguments arguments) {
  co_await dht.async_join(asio::use_awaitable);
  std::cout << "joined, " << dht.node().size(dht::Family::v4) << " IPv4 and "
            << dht.node().size(dht::Family::v6) << " IPv6 nodes known" << std::endl;
  if (command == "get") {
    co_await get(dht, arguments);
  } else if (command == "put") {
    dht::Item item;
    item.value = encode(arguments.at(0));
    const auto target = quicether::item_target(item.value);
    co_await put(dht, std::move(item), target);
  } else if (command == "sign") {
    co_await sign(dht, arguments);
  } else if (command == "nodes") {
    co_await nodes(dht, arguments);
  } else if (command == "peers") {
    co_await peers(dht, arguments);
  } else if (command == "announce") {
    co_await announce(dht, arguments);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments(argv + 1, argv + argc);
  const auto& command = arguments.at(2);
  quicether::DhtConfig config;
  config.socket.bind = quicether::SocketAddress::parse(arguments.at(0)).value();
  config.node.read_only = command != "run";  // others need not remember who leaves at once
  config.cache_name = "";
  if (arguments[1] != "-") {
    config.bootstrap = {quicether::SocketAddress::parse(arguments[1]).value()};
  }

  asio::io_context io{1};
  const auto environment = quicether::system_environment(io.get_executor());
  quicether::Dht dht{*environment, config};
  dht.open().value();
  std::cout << "listening on " << dht.local_endpoint().to_string() << std::endl;
  asio::co_spawn(io,
                 act(dht, command, {arguments.begin() + 3, arguments.end()}),
                 [&](const std::exception_ptr& error) {
                   if (error || command != "run") {
                     io.stop();
                   }
                   if (error) {
                     std::rethrow_exception(error);
                   }
                 });
  asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](auto, int) { io.stop(); });
  io.run();
  return 0;
} catch (const std::exception& error) {
  std::cerr << "dht_only: " << error.what() << std::endl;
  return 1;
}
