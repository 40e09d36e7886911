#include <quicether/core/policy/admission.hpp>

#include <fmt/format.h>

#include <set>
#include <utility>

namespace quicether::policy {
namespace {

constexpr std::size_t kEntriesMax = 65536;

}  // namespace

result<Admission> Admission::compile(const AdmissionConfig& config, std::span<const Pin> pins) {
  if (config.allowed.size() + config.peers.size() > kEntriesMax) {
    return errc::limit_reached;
  }
  Admission admission;
  std::set<std::string_view> names;
  for (const auto& peer : config.peers) {
    if (peer.id && peer.id->digits() == 0) {
      return errc::invalid_argument;
    }
    names.insert(peer.name);
    if (peer.key) {
      admission.keys_.try_emplace(*peer.key, peer.name);
    } else if (peer.id) {
      admission.add(*peer.id, peer.name);
    } else {
      admission.warnings_.push_back(
          fmt::format("peer '{}' has neither a key nor a NodeId in the configuration: naming it "
                      "does not admit it",
                      peer.name));
    }
  }
  for (const auto& subject : config.allowed) {
    if (subject.is_any() || subject.is_self()) {
      return errc::invalid_argument;
    }
    if (const auto* key = subject.key()) {
      admission.keys_.try_emplace(*key);
    } else if (const auto* prefix = subject.prefix()) {
      admission.add(*prefix, {});
    } else if (!names.contains(*subject.name())) {
      admission.warnings_.push_back(
          fmt::format("peers.allowed: '{}' is neither a NodeId nor the name of a configured peer: "
                      "it admits nobody",
                      *subject.name()));
    }
  }
  for (const auto& pin : pins) {
    if (const auto entry = admission.prefixes_.find(pin.prefix);
        entry != admission.prefixes_.end()) {
      entry->second.pin = pin.key;
    }
  }
  return admission;
}

void Admission::add(const NodeIdPrefix& prefix, std::string_view name) {
  const bool added = prefixes_.try_emplace(prefix, ByPrefix{std::string{name}, {}}).second;
  if (added && prefix.digits() < kUnforgeableDigits) {
    warnings_.push_back(
        fmt::format("anyone can make a key whose NodeId begins with '{}', and the first who comes "
                    "is admitted: write at least {} digits",
                    prefix.to_string(),
                    kUnforgeableDigits));
  }
}

AdmissionDecision Admission::decide(const PublicKey& key, const NodeId& id, bool network_proof) {
  if (const auto entry = keys_.find(key); entry != keys_.end()) {
    return {Admittance::by_key, {}, entry->second};
  }
  std::vector<ByPrefix*> matching;
  for (auto& [prefix, entry] : prefixes_) {
    if (!prefix.matches(id)) {
      continue;
    }
    if (entry.pin && *entry.pin != key) {
      return {Admittance::refused_pin,
              fmt::format("another key is pinned to NodeId '{}'", prefix.to_string()),
              {}};
    }
    matching.push_back(&entry);
  }
  std::string name;
  for (auto* entry : matching) {
    pins_changed_ = pins_changed_ || !entry->pin;
    entry->pin = key;
    name = name.empty() ? entry->name : name;
  }
  if (!matching.empty()) {
    return {Admittance::by_node_id, {}, std::move(name)};
  }
  if (network_proof) {
    return {Admittance::by_network_proof, {}, {}};
  }
  return {Admittance::refused_unknown, "not in peers.allowed and no network proof", {}};
}

std::vector<Pin> Admission::pins() const {
  std::vector<Pin> pins;
  for (const auto& [prefix, entry] : prefixes_) {
    if (entry.pin) {
      pins.push_back({prefix, *entry.pin});
    }
  }
  return pins;
}

bool Admission::pins_changed() noexcept {
  return std::exchange(pins_changed_, false);
}

}  // namespace quicether::policy
