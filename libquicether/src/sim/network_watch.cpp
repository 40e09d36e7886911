#include "sim/network_watch.hpp"

#include "sim/engine.hpp"

#include <utility>

namespace quicether::sim::detail {

HostNetworkWatch::HostNetworkWatch(HostState& host) : ProcessObject{host}, wait_{host.engine()} {
  host.add_watch(*this);
}

HostNetworkWatch::~HostNetworkWatch() {
  host().remove_watch(*this);
}

void HostNetworkWatch::async_wait(WaitHandler handler) {
  wait_.start(std::move(handler));
  if (changed_) {
    on_change();
  }
}

void HostNetworkWatch::on_change() noexcept {
  changed_ = !wait_ || !active();
  if (!changed_) {
    wait_.complete({});
  }
}

void HostNetworkWatch::on_resumed() noexcept {
  if (changed_) {
    on_change();
  }
}

}  // namespace quicether::sim::detail
