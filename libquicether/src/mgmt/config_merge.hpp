#ifndef QUICETHER_SRC_MGMT_CONFIG_MERGE_HPP
#define QUICETHER_SRC_MGMT_CONFIG_MERGE_HPP

#include "mgmt/config_schema.hpp"
#include "mgmt/toml_document.hpp"

#include <quicether/mgmt/config_loader.hpp>

#include <boost/json/value.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::mgmt {

/// Where something stands.
struct ConfigPlace {
  std::string where{};      ///< as in Diagnostic
  TextPosition position{};  ///< in a file
};

/// Applies sources to one Config, from the weakest to the strongest, and collects what is wrong.
class ConfigMerge {
 public:
  /// Reads a file; a missing one is an error only if it `must_exist`.
  void add_file(const std::filesystem::path& path, bool must_exist);

  /// Applies the text of a file. Relative paths in it start from the folder of `path`.
  void add_text(const std::filesystem::path& path, std::string_view text);

  /// Applies a variable if its name begins with QUICETHER_.
  void add_variable(std::string_view name, std::string_view value);

  void add_flags(const ParsedFlags& flags);

  /// Checks the keys against each other. `sources` gives what is not in the sources themselves.
  [[nodiscard]] ConfigResult finish(const ConfigSources& sources) &&;

 private:
  /// The place of a problem, or, for null, of the value itself.
  using Locate = std::function<ConfigPlace(const ValueProblem*)>;

  struct Found {
    TextPosition position{};
    std::size_t order = 0;  // in which it was found, where positions are equal
    Diagnostic diagnostic{};
  };

  void add_top_level(const std::filesystem::path& path, const TomlEntry& entry);
  void add_entry(const std::filesystem::path& path, const KeySpec& spec, const TomlEntry& entry);
  void add_flag(const KeySpec& spec, std::string_view flag, std::string_view text);
  void apply(const KeySpec& spec,
             const boost::json::value& value,
             const std::filesystem::path& base,
             const Locate& locate);
  void fail(ConfigPlace place, std::string_view key, std::string problem);
  void fail_key(std::string_view key, std::string problem);
  void warn_key(std::string_view key, std::string problem);
  [[nodiscard]] bool has_origin(std::string_view key) const;
  [[nodiscard]] std::string origin_of(std::string_view key) const;

  void set_defaults(const ConfigSources& sources);
  void check_ports();
  void check_timeouts();
  void check_peer_names();
  void check_network(bool read_secrets);
  void check_monitoring();
  void check_availability();

  LoadedConfig loaded_{};
  std::vector<Found> errors_{};
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_CONFIG_MERGE_HPP
