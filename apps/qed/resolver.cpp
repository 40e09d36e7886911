#include "resolver.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace qed {

namespace asio = boost::asio;

namespace {

quicether::IpAddress to_address(const asio::ip::address& address) {
  return address.is_v4() ? quicether::IpAddress::v4(address.to_v4().to_bytes())
                         : quicether::IpAddress::v6(address.to_v6().to_bytes());
}

}  // namespace

asio::awaitable<quicether::mgmt::ResolvedHosts> resolve(std::vector<std::string> names) {
  asio::ip::udp::resolver resolver{co_await asio::this_coro::executor};
  quicether::mgmt::ResolvedHosts hosts;
  for (const auto& name : names) {
    auto [error, results] =
        co_await resolver.async_resolve(name, "", asio::as_tuple(asio::use_awaitable));
    if (error) {
      continue;
    }
    for (const auto& entry : results) {
      hosts[name].push_back(to_address(entry.endpoint().address()));
    }
  }
  co_return hosts;
}

}  // namespace qed
