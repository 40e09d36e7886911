#include <quicether/mgmt/host_resolver.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quicether::mgmt {

namespace asio = boost::asio;

namespace {

IpAddress to_address(const asio::ip::address& address) {
  return address.is_v4() ? IpAddress::v4(address.to_v4().to_bytes())
                         : IpAddress::v6(address.to_v6().to_bytes());
}

asio::awaitable<void> resolve(std::vector<std::string> names,
                              ResolvedHosts known,
                              HostsHandler handler) {
  asio::ip::udp::resolver resolver{co_await asio::this_coro::executor};
  ResolvedHosts hosts;
  for (const auto& name : names) {
    auto [error, results] =
        co_await resolver.async_resolve(name, "", asio::as_tuple(asio::use_awaitable));
    if (error) {
      hosts.insert(known.extract(name));
      continue;
    }
    for (const auto& entry : results) {
      hosts[name].push_back(to_address(entry.endpoint().address()));
    }
  }
  asio::dispatch(asio::append(std::move(handler), std::move(hosts)));
}

}  // namespace

void start_resolve_hosts(asio::any_io_executor executor,
                         std::vector<std::string> names,
                         ResolvedHosts known,
                         HostsHandler handler) {
  asio::co_spawn(std::move(executor),
                 resolve(std::move(names), std::move(known), std::move(handler)),
                 asio::detached);
}

}  // namespace quicether::mgmt
