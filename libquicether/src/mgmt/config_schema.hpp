#ifndef QUICETHER_SRC_MGMT_CONFIG_SCHEMA_HPP
#define QUICETHER_SRC_MGMT_CONFIG_SCHEMA_HPP

#include "mgmt/config_value.hpp"

#include <quicether/mgmt/config.hpp>

#include <boost/json/value.hpp>

#include <span>
#include <string>
#include <string_view>

namespace quicether::mgmt {

/// Whether this version does what a key asks for.
enum class Availability {
  available,
  ignored,  ///< a warning at start says that the key is without effect
  refused,  ///< running without it would be less safe than configured: an error
};

/// Everything there is to know about one key of the configuration.
struct KeySpec {
  std::string_view name{};  ///< "network.mtu"; "peer" for the [[peer]] tables
  ValueShape shape = ValueShape::text;
  std::string (*expected)() = nullptr;
  bool (*read)(const ValueInput&, Config&) = nullptr;
  boost::json::value (*write)(const Config&) = nullptr;  ///< null when unset
  bool live = false;                                     ///< a reload applies it
  Availability availability = Availability::available;
  std::string_view effect{};  ///< of not being available, as one clause

  /// "network", or "peer" for the [[peer]] tables.
  [[nodiscard]] std::string_view section() const noexcept;

  /// "mtu", or empty for the [[peer]] tables.
  [[nodiscard]] std::string_view key() const noexcept;

  /// True when the value differs from the default.
  [[nodiscard]] bool is_set(const Config& config) const;
};

/// All keys, section by section, in the order of the documentation.
[[nodiscard]] std::span<const KeySpec> config_schema();

/// The key of this name, or null.
[[nodiscard]] const KeySpec* find_key(std::string_view name) noexcept;

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_CONFIG_SCHEMA_HPP
