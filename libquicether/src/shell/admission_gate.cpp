#include "admission_gate.hpp"

#include <quicether/core/policy/pins.hpp>

#include <boost/asio/post.hpp>

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
  const std::lock_guard lock{mutex_};
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
  const std::lock_guard lock{mutex_};
  const auto warnings = admission_.warnings();
  return {warnings.begin(), warnings.end()};
}

void AdmissionGate::on_member(MemberHandler handler) {
  const std::lock_guard lock{mutex_};
  on_member_ = handler ? std::make_shared<const MemberHandler>(std::move(handler)) : nullptr;
}

node::AdmissionControl::Verdict AdmissionGate::admit(const PublicKey& key,
                                                     const NodeId& id,
                                                     bool network_member) {
  const std::lock_guard lock{mutex_};
  auto decision = admission_.decide(key, id, network_member);
  if (admission_.pins_changed()) {
    const auto saved = environment_.store().save(kPinsName, policy::encode_pins(admission_.pins()));
    if (!saved) {
      boost::asio::post(
          environment_.get_executor(),
          [&events = environment_.events(), reason = saved.error().message()] {
            events.on_event({"pins.not_saved", Severity::error, {{"reason", reason}}});
          });
    }
  }
  if (decision.admitted() && network_member && on_member_) {
    boost::asio::post(environment_.get_executor(), [weak = std::weak_ptr{on_member_}, key] {
      if (const auto handler = weak.lock()) {
        (*handler)(key);
      }
    });
  }
  return {decision.admitted(), std::move(decision.reason)};
}

}  // namespace quicether::detail
