#ifndef QUICETHER_SRC_SHELL_ADMISSION_GATE_HPP
#define QUICETHER_SRC_SHELL_ADMISSION_GATE_HPP

#include "invite_desk.hpp"

#include <quicether/core/node/session_table.hpp>
#include <quicether/core/policy/admission.hpp>
#include <quicether/env/environment.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace quicether::detail {

/// Puts a policy::Admission behind the sessions' AdmissionControl and keeps its pins in the Store.
/// Threads: any.
class AdmissionGate final : public node::AdmissionControl {
 public:
  using MemberHandler = std::function<void(const PublicKey&)>;

  explicit AdmissionGate(Environment& environment)
      : environment_{environment}, invites_{environment} {}

  /// Replaces who is admitted. Keeps the pins of entries that stay; the first time, those of the
  /// last run.
  ///
  /// **Errors:** those of policy::Admission::compile(); nothing changes then.
  [[nodiscard]] result<void> configure(const policy::AdmissionConfig& config);

  /// One sentence for each weak entry of the configuration.
  [[nodiscard]] std::vector<std::string> warnings() const;

  /// Hears of each key that proved to be a member of the network: soon, on the Environment's
  /// thread.
  void on_member(MemberHandler handler);

  [[nodiscard]] InviteDesk& invites() noexcept { return invites_; }

  [[nodiscard]] const InviteDesk& invites() const noexcept { return invites_; }

  Verdict admit(const PublicKey& key, const NodeId& id, bool network_member) override;

  result<wire::Grant> redeem(const PublicKey& key,
                             const wire::Redeem& invite,
                             crypto::ExporterView exporter) override {
    return invites_.redeem(key, invite, exporter);
  }

 private:
  [[nodiscard]] std::vector<policy::Pin> stored_pins();

  Environment& environment_;
  mutable std::mutex mutex_{};
  InviteDesk invites_;
  policy::Admission admission_{};
  bool configured_ = false;
  std::shared_ptr<const MemberHandler> on_member_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_ADMISSION_GATE_HPP
