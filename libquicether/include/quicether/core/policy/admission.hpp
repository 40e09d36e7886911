#ifndef QUICETHER_CORE_POLICY_ADMISSION_HPP
#define QUICETHER_CORE_POLICY_ADMISSION_HPP

#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/core/policy/pins.hpp>
#include <quicether/core/policy/rule.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::policy {

/// A peer that this node's own configuration names.
struct ConfiguredPeer {
  std::string name{};  ///< may be empty
  std::optional<PublicKey> key{};
  std::optional<NodeIdPrefix> id{};
};

struct AdmissionConfig {
  std::vector<Subject> allowed{};  ///< `peers.allowed`: keys, NodeIds, prefixes, configured names
  std::vector<ConfiguredPeer> peers{};  ///< admitted too, when they have a key or a NodeId
};

enum class Admittance : std::uint8_t {
  by_key,            ///< the configuration names the whole public key
  by_node_id,        ///< the NodeId begins as configured, and the key is the one pinned to it
  by_network_proof,  ///< the peer proved the network's secret
  refused_unknown,   ///< none of these
  refused_pin,       ///< the NodeId begins as configured, but another key came first
};

struct AdmissionDecision {
  Admittance admittance = Admittance::refused_unknown;
  std::string reason{};  ///< why it was refused, as one clause; empty when admitted
  std::string name{};    ///< what the configuration calls the peer; empty: no name

  [[nodiscard]] bool admitted() const noexcept {
    return admittance != Admittance::refused_unknown && admittance != Admittance::refused_pin;
  }
};

/// Decides who may be a peer at all; what a peer may send is the Policy's affair.
///
/// A NodeId is a locator: the first key that comes with a configured prefix is pinned to it, and
/// any other key is refused from then on, even with a proof of the network's secret. A whole
/// public key needs no pin. With nothing configured and no proof, nobody is admitted.
/// Movable. To reload, compile the new configuration with the old object's pins(); pins of entries
/// that are gone are forgotten, and so an entry taken out and put back is pinned anew.
class Admission {
 public:
  /// Nobody but who proves the network's secret.
  Admission() = default;

  /// **Errors:** `invalid_argument` ("*" or "self" among the allowed, a peer with an empty prefix),
  /// `limit_reached` (more than 65536 entries).
  [[nodiscard]] static result<Admission> compile(const AdmissionConfig& config,
                                                 std::span<const Pin> pins = {});

  /// Judges a key that the peer has proven to hold. `id` is its NodeId; `network_proof`: it also
  /// proved the secret of a network that this node is a member of.
  ///
  /// May add a pin; pins_changed() then tells.
  [[nodiscard]] AdmissionDecision decide(const PublicKey& key,
                                         const NodeId& id,
                                         bool network_proof);

  /// The pins to keep across restarts, in the order of their prefixes.
  [[nodiscard]] std::vector<Pin> pins() const;

  /// True once after each decide() that added a pin: time to save pins().
  [[nodiscard]] bool pins_changed() noexcept;

  /// One sentence for each entry that is weaker than it looks or has no effect.
  [[nodiscard]] std::span<const std::string> warnings() const noexcept { return warnings_; }

 private:
  struct ByPrefix {
    std::string name{};
    std::optional<PublicKey> pin{};
  };

  void add(const NodeIdPrefix& prefix, std::string_view name);

  std::map<PublicKey, std::string> keys_{};  // to the configured name
  std::map<NodeIdPrefix, ByPrefix> prefixes_{};
  std::vector<std::string> warnings_{};
  bool pins_changed_ = false;
};

}  // namespace quicether::policy

#endif  // QUICETHER_CORE_POLICY_ADMISSION_HPP
