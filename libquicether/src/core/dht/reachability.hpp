#ifndef QUICETHER_SRC_CORE_DHT_REACHABILITY_HPP
#define QUICETHER_SRC_CORE_DHT_REACHABILITY_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/dht/node.hpp>

#include <optional>

namespace quicether::dht {

/// Finds out whether strangers can reach this node, in one family, and whether it should serve.
///
///              others see another address than ours, and
///              no stranger came through within the trial
///     server ──────────────────────────────────────────────> read-only
///            <──────────────────────────────────────────────
///     a stranger came through, others see our own address, or the next trial begins
///
/// A *stranger* is a source that this node has sent nothing to for longer than translators and
/// firewalls remember. A node that nobody tells its address serves: in a small ring all know each
/// other and no stranger ever comes.
class Reachability {
 public:
  /// `promised`: whoever runs the node says that it is reachable.
  explicit Reachability(bool promised)
      : promised_{promised}, reach_{promised ? Reach::direct : Reach::unknown} {}

  /// The address that the system sends from.
  void set_own(const IpAddress& own);

  /// How others see this node now.
  void set_external(Instant now, const IpAddress& external);

  /// A stranger's query arrived.
  void on_stranger(Instant now, const IpAddress& from);

  /// Draws the conclusions of the time that has passed. Returns true when read_only() changed.
  [[nodiscard]] bool update(Instant now);

  [[nodiscard]] Reach reach() const noexcept { return reach_; }

  [[nodiscard]] bool read_only() const noexcept { return reach_ == Reach::unreachable; }

 private:
  bool promised_;
  std::optional<IpAddress> own_{};
  std::optional<IpAddress> external_{};
  Instant trial_{};  ///< began
  std::optional<Instant> last_stranger_{};
  Reach reach_;
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_REACHABILITY_HPP
