#include "sim/host_state.hpp"

#include <quicether/sim/interface.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace quicether::sim {

namespace {

[[nodiscard]] std::uint64_t link_seed(detail::HostState& host,
                                      std::string_view interface,
                                      std::string_view direction) {
  std::string purpose = "link ";
  purpose.append(host.name()).append(" ").append(interface).append(" ").append(direction);
  return host.engine().derive_seed(purpose);
}

}  // namespace

Interface::Interface(detail::HostState& host, const InterfaceOptions& options)
    : host_{host},
      name_{options.name},
      egress_{options.egress, link_seed(host, options.name, "egress")},
      ingress_{options.ingress, link_seed(host, options.name, "ingress")} {
  set_addresses(options.addresses);
}

Host& Interface::host() const noexcept {
  return host_.self();
}

bool Interface::has(const IpAddress& address) const noexcept {
  return std::ranges::any_of(addresses_,
                             [&](const InterfaceAddress& each) { return each.address == address; });
}

void Interface::set_addresses(std::vector<InterfaceAddress> addresses) {
  for (const InterfaceAddress& each : addresses_) {
    host_.wire().unassign(each.address);
  }
  addresses_ = std::move(addresses);
  for (const InterfaceAddress& each : addresses_) {
    host_.wire().assign(each.address, host_, *this);
  }
  host_.on_network_changed();
}

void Interface::set_up(bool up) noexcept {
  up_ = up;
  host_.on_network_changed();
}

void Interface::set_links(const LinkModel& model) noexcept {
  egress_.set_model(model);
  ingress_.set_model(model);
}

}  // namespace quicether::sim
