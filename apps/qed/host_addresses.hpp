#ifndef QUICETHER_APPS_QED_HOST_ADDRESSES_HPP
#define QUICETHER_APPS_QED_HOST_ADDRESSES_HPP

#include <quicether/base/address.hpp>

#include <string_view>
#include <vector>

namespace qed {

/// The addresses of this machine's interfaces that are up, but those of `except`. Empty when the
/// system does not tell.
[[nodiscard]] std::vector<quicether::IpAddress> host_addresses(std::string_view except);

}  // namespace qed

#endif  // QUICETHER_APPS_QED_HOST_ADDRESSES_HPP
