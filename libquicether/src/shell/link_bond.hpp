#ifndef QUICETHER_SRC_SHELL_LINK_BOND_HPP
#define QUICETHER_SRC_SHELL_LINK_BOND_HPP

#include <quicether/core/path/bond.hpp>
#include <quicether/core/path/resequencer.hpp>
#include <quicether/env/timer.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace quicether::detail {

/// What a link over several paths has: how packets leave over them, and come together again.
struct LinkBond {
  LinkBond(std::unique_ptr<path::PathScheduler> scheduler, std::unique_ptr<Timer> made_timer)
      : sender{{}, std::move(scheduler)}, receiver{{}}, timer{std::move(made_timer)} {}

  [[nodiscard]] Instant next_timeout() const noexcept {
    return std::min(sender.next_timeout(), receiver.next_timeout());
  }

  path::Bond sender;
  path::Resequencer receiver;
  std::unique_ptr<Timer> timer;
  Instant armed = Instant::never();
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_LINK_BOND_HPP
