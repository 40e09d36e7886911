#ifndef QUICETHER_MGMT_CONFIG_LOADER_HPP
#define QUICETHER_MGMT_CONFIG_LOADER_HPP

#include <quicether/mgmt/config.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether::mgmt {

/// Largest configuration file in bytes.
inline constexpr std::size_t kConfigFileBytesMax = 1U << 20U;

/// Something wrong, or worth saying, about one place in the configuration.
struct Diagnostic {
  std::string where{};    ///< "config.toml:3:7", "environment QUICETHER_NETWORK_MTU", "flag --mtu"
  std::string key{};      ///< "network.mtu"; empty when the place belongs to none
  std::string problem{};  ///< "found 100, expected an integer from 1280 to 65535"

  /// "where: key: problem"
  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const Diagnostic&, const Diagnostic&) = default;
};

/// Every error of a configuration: none of it was applied.
struct ConfigErrors {
  std::vector<Diagnostic> errors{};  ///< at least one; in the order of the sources and lines
  bool usage = false;                ///< all of them are wrong flags (exit code 64, not 78)

  /// One line each.
  [[nodiscard]] std::string to_string() const;
};

/// What ConfigResult::value() throws: a std::runtime_error with all of them.
[[noreturn]] void throw_exception_from_error(const ConfigErrors& errors,
                                             const boost::source_location& where);

/// A valid configuration, with what is remarkable about it.
struct LoadedConfig {
  Config config{};
  std::vector<Diagnostic> warnings{};            ///< configured, but without effect
  std::map<std::string, std::string> origins{};  ///< by key: where its value comes from
  std::vector<std::filesystem::path> files{};    ///< those that were read
};

using ConfigResult = boost::system::result<LoadedConfig, ConfigErrors>;

/// A flag that sets a key of the configuration. The command line, its help and its shell
/// completion are made from these.
struct FlagSpec {
  std::string_view name{};                      ///< "tun-name", without dashes
  std::string_view argument{};                  ///< "NAME"; empty for a switch
  std::string_view help{};                      ///< one clause
  std::span<const std::string_view> choices{};  ///< what the argument may be; empty: anything
  std::string_view key{};                       ///< "network.tun_name"; empty for --config
};

/// All flags, in the order of the help text.
[[nodiscard]] std::span<const FlagSpec> config_flags();

/// The help text of config_flags(), one line each.
[[nodiscard]] std::string config_flags_help();

/// Flags of one command line, not yet checked against the keys they set.
struct ParsedFlags {
  std::vector<std::pair<std::string, std::string>> values{};  ///< flag name and text, in order
  std::optional<std::filesystem::path> config_file{};         ///< --config
  bool help = false;
  bool version = false;
};

/// Reads the arguments after the program's name.
///
/// **Errors:** unknown flags (all of them), a flag without its value, words that are no flag.
[[nodiscard]] boost::system::result<ParsedFlags, ConfigErrors> parse_config_flags(
    std::span<const std::string> arguments);

/// Where a configuration comes from. Later members win over earlier ones.
struct ConfigSources {
  std::vector<std::filesystem::path> files{};  ///< later ones win
  bool files_must_exist = false;               ///< else missing ones are skipped
  std::vector<std::pair<std::string, std::string>> environment{};
  ParsedFlags flags{};
  bool superuser = false;    ///< chooses the default folders
  bool read_secrets = true;  ///< false: `network.secret` stays empty and its file is not opened
};

/// Where a node keeps its key and state unless `node.state_dir` says otherwise.
[[nodiscard]] std::filesystem::path default_state_dir(const ConfigSources& sources);

/// Where the control socket is unless `control.socket` says otherwise.
[[nodiscard]] std::filesystem::path default_control_socket(const ConfigSources& sources);

/// The sources of this process: /etc/quicether/config.toml, then
/// ~/.config/quicether/config.toml, or instead of both the file that --config or QUICETHER_CONFIG
/// names; its environment; the flags.
[[nodiscard]] ConfigSources system_config_sources(ParsedFlags flags);

/// Reads, merges and checks all sources.
///
/// A value from a later source replaces that of an earlier one, lists as a whole; only peers add
/// up, and one with the same id replaces the earlier. Reads the network secret.
/// **Errors:** all of them (the first 100 are listed), each with its place.
[[nodiscard]] ConfigResult load_config(const ConfigSources& sources);

/// load_config() for one file whose text is given: `name` stands for it in diagnostics, and paths
/// in it are relative to `name`'s folder. Opens no file, not even the network secret's.
[[nodiscard]] ConfigResult load_config_text(const std::filesystem::path& name,
                                            std::string_view text,
                                            bool superuser = false);

/// What a reload does with the keys that differ.
struct ConfigChanges {
  std::vector<std::string> live{};     ///< take effect at once
  std::vector<std::string> restart{};  ///< need a restart

  [[nodiscard]] bool empty() const noexcept { return live.empty() && restart.empty(); }
};

/// Compares two configurations key by key.
[[nodiscard]] ConfigChanges compare_configs(const Config& before, const Config& after);

/// Every key in the order of the documentation ("node.name", …, "peer").
[[nodiscard]] std::vector<std::string_view> config_keys();

/// One value as JSON: `null` when unset.
///
/// **Errors:** `not_found` for an unknown key.
[[nodiscard]] result<std::string> config_value_json(const Config& config, std::string_view key);

/// All values as one JSON object of sections. Holds no secret.
[[nodiscard]] std::string config_json(const Config& config);

/// All values as a TOML file that loads to the same configuration; with `origins`, each line says
/// where its value comes from. Holds no secret.
[[nodiscard]] std::string config_toml(const LoadedConfig& loaded, bool origins);

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_CONFIG_LOADER_HPP
