#include <quicether/mgmt/config_loader.hpp>

#include <unistd.h>

#include <utility>

namespace quicether::mgmt {
namespace {

std::vector<std::pair<std::string, std::string>> copy_environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) {
      variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

std::string_view lookup(const ConfigSources& sources, std::string_view name) {
  for (const auto& [variable, value] : sources.environment) {
    if (variable == name) {
      return value;
    }
  }
  return {};
}

// The first of a colon-separated list: systemd may name several folders.
std::filesystem::path first_folder(std::string_view list) {
  return list.substr(0, list.find(':'));
}

std::filesystem::path user_config_file(const ConfigSources& sources) {
  if (const auto folder = lookup(sources, "XDG_CONFIG_HOME"); !folder.empty()) {
    return std::filesystem::path{folder} / "quicether/config.toml";
  }
  const auto home = lookup(sources, "HOME");
  return home.empty() ? std::filesystem::path{}
                      : std::filesystem::path{home} / ".config/quicether/config.toml";
}

}  // namespace

std::filesystem::path default_state_dir(const ConfigSources& sources) {
  if (const auto unit = lookup(sources, "STATE_DIRECTORY"); !unit.empty()) {
    return first_folder(unit);  // set by systemd for StateDirectory=
  }
  if (sources.superuser) {
    return "/var/lib/quicether";
  }
  if (const auto state = lookup(sources, "XDG_STATE_HOME"); !state.empty()) {
    return std::filesystem::path{state} / "quicether";
  }
  return std::filesystem::path{lookup(sources, "HOME")} / ".local/state/quicether";
}

std::filesystem::path default_control_socket(const ConfigSources& sources) {
  if (const auto unit = lookup(sources, "RUNTIME_DIRECTORY"); !unit.empty()) {
    return first_folder(unit) / "control.sock";  // set by systemd for RuntimeDirectory=
  }
  if (sources.superuser) {
    return "/run/quicether/control.sock";
  }
  if (const auto runtime = lookup(sources, "XDG_RUNTIME_DIR"); !runtime.empty()) {
    return std::filesystem::path{runtime} / "quicether/control.sock";
  }
  return default_state_dir(sources) / "control.sock";
}

ConfigSources system_config_sources(ParsedFlags flags) {
  ConfigSources sources;
  sources.environment = copy_environment();
  sources.superuser = ::geteuid() == 0;
  sources.flags = std::move(flags);
  const auto named = lookup(sources, "QUICETHER_CONFIG");
  if (sources.flags.config_file || !named.empty()) {
    sources.files = {sources.flags.config_file.value_or(named)};
    sources.files_must_exist = true;
    return sources;
  }
  sources.files = {"/etc/quicether/config.toml"};
  if (auto file = user_config_file(sources); !file.empty()) {
    sources.files.push_back(std::move(file));
  }
  return sources;
}

}  // namespace quicether::mgmt
