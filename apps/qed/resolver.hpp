#ifndef QUICETHER_APPS_QED_RESOLVER_HPP
#define QUICETHER_APPS_QED_RESOLVER_HPP

#include <quicether/mgmt/node_config.hpp>

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace qed {

/// Looks host names up one after the other with the system's resolver. Names without an address
/// are left out.
boost::asio::awaitable<quicether::mgmt::ResolvedHosts> resolve(std::vector<std::string> names);

}  // namespace qed

#endif  // QUICETHER_APPS_QED_RESOLVER_HPP
