#include "admission_gate.hpp"

#include <quicether/core/policy/pins.hpp>

namespace quicether::detail {

namespace {

constexpr std::string_view kPinsName = "pins";

}  // namespace

std::vector<policy::Pin> AdmissionGate::stored_pins() {
  const auto bytes = environment_.store().load(kPinsName);
  if (!bytes) {
    if (bytes.error() != errc::not_found) {
      environment_.events().on_event(
          {"pins.unreadable", Severity::error, {{"reason", bytes.error().message()}}});
    }
    return {};
  }
  auto pins = policy::decode_pins(*bytes);
  if (!pins) {
    environment_.events().on_event(
        {"pins.unreadable", Severity::error, {{"reason", pins.error().message()}}});
    return {};
  }
  return std::move(*pins);
}

result<void> AdmissionGate::configure(const policy::AdmissionConfig& config) {
  const auto pins = configured_ ? admission_.pins() : stored_pins();
  auto admission = policy::Admission::compile(config, pins);
  if (!admission) {
    return admission.error();
  }
  admission_ = std::move(*admission);
  configured_ = true;
  return {};
}

std::vector<std::string> AdmissionGate::warnings() const {
  const auto warnings = admission_.warnings();
  return {warnings.begin(), warnings.end()};
}

node::AdmissionControl::Verdict AdmissionGate::admit(const PublicKey& key,
                                                     const NodeId& id,
                                                     bool network_member) {
  auto decision = admission_.decide(key, id, network_member);
  if (admission_.pins_changed()) {
    const auto saved = environment_.store().save(kPinsName, policy::encode_pins(admission_.pins()));
    if (!saved) {
      environment_.events().on_event(
          {"pins.not_saved", Severity::error, {{"reason", saved.error().message()}}});
    }
  }
  if (decision.admitted() && network_member && on_member_) {
    on_member_(key);
  }
  return {decision.admitted(), std::move(decision.reason)};
}

}  // namespace quicether::detail
