#include "bootstrap_watch.hpp"

#include <algorithm>
#include <chrono>

namespace quicether::detail {

namespace {

constexpr Duration kPause = std::chrono::minutes{2};
constexpr std::size_t kWatchedMax = 64;

}  // namespace

BootstrapWatch::BootstrapWatch(Environment& environment, Dht& dht)
    : environment_{environment}, dht_{dht}, timer_{environment.make_timer()} {}

void BootstrapWatch::add(const std::vector<SocketAddress>& addresses) {
  for (const auto& address : addresses) {
    if (checks_.size() < kWatchedMax &&
        std::ranges::find(checks_, address, &BootstrapCheck::address) == checks_.end()) {
      checks_.push_back({address, std::nullopt});
    }
  }
  ask_all();
}

void BootstrapWatch::ask_all() {
  if (checks_.empty()) {
    return;
  }
  for (const auto& check : checks_) {
    ask(check.address);
  }
  timer_->async_wait(environment_.now() + kPause, [weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->ask_all();
    }
  });
}

void BootstrapWatch::ask(const SocketAddress& address) {
  dht_.async_ping(
      address,
      [weak = weak_from_this(), address](error_code error, const dht::OperationDone& done) {
        const auto self = weak.lock();
        if (!self) {
          return;
        }
        const auto place = std::ranges::find(self->checks_, address, &BootstrapCheck::address);
        place->rtt = error ? std::nullopt : std::optional{done.elapsed};
      });
}

}  // namespace quicether::detail
