// config: shows, checks and changes the configuration.
#include "arguments.hpp"

#include <quicether/mgmt/config_edit.hpp>
#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/policy_file.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace cli {

namespace {

namespace fs = std::filesystem;
namespace mgmt = quicether::mgmt;

mgmt::ConfigSources sources_of(const Arguments& arguments) {
  mgmt::ParsedFlags flags;
  if (const auto file = arguments.get("config")) {
    flags.config_file = *file;
  }
  return mgmt::system_config_sources(std::move(flags));
}

int report_errors(const mgmt::ConfigErrors& errors) {
  fmt::print(stderr, "{}", errors.to_string());
  return errors.usage ? kUsage : kBadConfig;
}

int show_running(const Arguments& arguments) {
  int exit_code = kOk;
  auto client = connect(arguments, exit_code);
  if (!client) {
    return exit_code;
  }
  const auto config = client->config();
  if (!config) {
    return report(config.error());
  }
  fmt::print("{}\n", *config);
  return kOk;
}

int show(const Arguments& arguments) {
  if (arguments.has("running")) {
    return show_running(arguments);
  }
  const auto loaded = mgmt::load_config(sources_of(arguments));
  if (!loaded) {
    return report_errors(loaded.error());
  }
  fmt::print(
      "{}\n",
      arguments.has("json") ? mgmt::config_json(loaded->config) : mgmt::config_toml(*loaded, true));
  return kOk;
}

/// Everything that a start would refuse, the policy file included.
int check(const Arguments& arguments) {
  const auto loaded = mgmt::load_config(sources_of(arguments));
  if (!loaded) {
    return report_errors(loaded.error());
  }
  if (const auto& file = loaded->config.security.policy_file) {
    const auto policy = mgmt::load_policy_file(*file, loaded->config);
    if (!policy) {
      return report_errors(policy.error());
    }
    fmt::print("{}: {} rules, {} tests hold\n",
               mgmt::printable(file->string()),
               policy->rules.size(),
               policy->tests);
  }
  for (const auto& warning : loaded->warnings) {
    fmt::print("warning: {}\n", mgmt::printable(warning.to_string(), 1024));
  }
  for (const auto& file : loaded->files) {
    fmt::print("{}: good\n", mgmt::printable(file.string()));
  }
  return kOk;
}

int get(const Arguments& arguments, const std::string& key) {
  const auto loaded = mgmt::load_config(sources_of(arguments));
  if (!loaded) {
    return report_errors(loaded.error());
  }
  const auto value = mgmt::config_value_json(loaded->config, key);
  if (!value) {
    const auto meant = mgmt::closest_match(key, mgmt::config_keys());
    fmt::print(stderr,
               "quicether: there is no key {}{}\n",
               mgmt::quote(key),
               meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant));
    return kUsage;
  }
  fmt::print("{}\n", *value);
  return kOk;
}

/// The file that `set` changes: --config, else the system's for root and the user's for others.
fs::path file_to_change(const Arguments& arguments) {
  if (const auto file = arguments.get("config")) {
    return *file;
  }
  const char* home = std::getenv("HOME");
  if (::geteuid() == 0 || home == nullptr) {
    return "/etc/quicether/config.toml";
  }
  return fs::path{home} / ".config/quicether/config.toml";
}

int set(const Arguments& arguments,
        const std::vector<std::pair<std::string, std::string>>& assignments) {
  const auto file = file_to_change(arguments);
  std::error_code ignored;
  if (!file.parent_path().empty()) {
    fs::create_directories(file.parent_path(), ignored);
  }
  for (const auto& [key, value] : assignments) {
    if (const auto changed = mgmt::edit_config_file(file, key, value); !changed) {
      return report_errors(changed.error());
    }
    fmt::print("{}: {} = {}\n", mgmt::printable(file.string()), key, mgmt::printable(value));
  }
  fmt::print("'quicether reload' makes a running daemon read it.\n");
  return kOk;
}

}  // namespace

int run_config(const std::vector<std::string>& words) {
  const auto arguments = parse("config", words, 3);
  if (!arguments) {
    return kUsage;
  }
  const auto& asked = arguments->words;
  const std::string action = asked.empty() ? "show" : asked[0];
  if (action == "show" && asked.size() <= 1) {
    return show(*arguments);
  }
  if (action == "check" && asked.size() == 1) {
    return check(*arguments);
  }
  if (action == "get" && asked.size() == 2) {
    return get(*arguments, asked[1]);
  }
  std::vector<std::pair<std::string, std::string>> assignments;
  if (const auto prefer = arguments->get("gateway-prefer")) {
    assignments.emplace_back("gateway.prefer", *prefer);
  }
  if (const auto allow = arguments->get("gateway-allow")) {
    assignments.emplace_back("gateway.allow", *allow);
  }
  if (asked.size() == 3) {
    assignments.emplace_back(asked[1], asked[2]);
  }
  if (action == "set" && (asked.size() == 1 || asked.size() == 3) && !assignments.empty()) {
    return set(*arguments, assignments);
  }
  fmt::print(stderr, "quicether config: what to do?\nTry 'quicether help config'.\n");
  return kUsage;
}

}  // namespace cli
