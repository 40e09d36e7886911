#ifndef QUICETHER_MGMT_INTERFACE_OF_HPP
#define QUICETHER_MGMT_INTERFACE_OF_HPP

#include <quicether/base/address.hpp>

#include <string>

namespace quicether::mgmt {

/// The name of this machine's network interface that has the address; "-" when none has.
[[nodiscard]] std::string interface_of(const IpAddress& address);

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_INTERFACE_OF_HPP
