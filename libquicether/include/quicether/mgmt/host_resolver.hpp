#ifndef QUICETHER_MGMT_HOST_RESOLVER_HPP
#define QUICETHER_MGMT_HOST_RESOLVER_HPP

#include <quicether/mgmt/node_config.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <string>
#include <utility>
#include <vector>

namespace quicether::mgmt {

using HostsHandler = boost::asio::any_completion_handler<void(ResolvedHosts)>;

/// What async_resolve_hosts() starts.
void start_resolve_hosts(boost::asio::any_io_executor executor,
                         std::vector<std::string> names,
                         ResolvedHosts known,
                         HostsHandler handler);

/// Asks the system's resolver for the addresses of hosts, one name after the other.
///
/// A name without an answer keeps what `known` says, so that a resolver that fails takes no peer
/// away; else it is left out. Signature: void(ResolvedHosts). **Cancellation:** none.
template <boost::asio::completion_token_for<void(ResolvedHosts)> Token>
auto async_resolve_hosts(boost::asio::any_io_executor executor,
                         std::vector<std::string> names,
                         ResolvedHosts known,
                         Token&& token) {
  return boost::asio::async_initiate<Token, void(ResolvedHosts)>(
      [](auto handler,
         boost::asio::any_io_executor where,
         std::vector<std::string> wanted,
         ResolvedHosts before) {
        start_resolve_hosts(std::move(where),
                            std::move(wanted),
                            std::move(before),
                            HostsHandler{std::move(handler)});
      },
      token,
      std::move(executor),
      std::move(names),
      std::move(known));
}

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_HOST_RESOLVER_HPP
