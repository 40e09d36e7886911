#ifndef QUICETHER_SRC_SHELL_BOOTSTRAP_WATCH_HPP
#define QUICETHER_SRC_SHELL_BOOTSTRAP_WATCH_HPP

#include <quicether/dht.hpp>
#include <quicether/netcheck.hpp>

#include <memory>
#include <vector>

namespace quicether::detail {

/// Asks each bootstrap node now and then for a sign of life, for `netcheck` to tell.
class BootstrapWatch final : public std::enable_shared_from_this<BootstrapWatch> {
 public:
  /// Both outlive the object.
  BootstrapWatch(Environment& environment, Dht& dht);

  /// Watches these too; at most 64 in all. Asks them at once.
  void add(const std::vector<SocketAddress>& addresses);

  [[nodiscard]] const std::vector<BootstrapCheck>& checks() const noexcept { return checks_; }

 private:
  void ask_all();
  void ask(const SocketAddress& address);

  Environment& environment_;
  Dht& dht_;
  std::unique_ptr<Timer> timer_;
  std::vector<BootstrapCheck> checks_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_BOOTSTRAP_WATCH_HPP
