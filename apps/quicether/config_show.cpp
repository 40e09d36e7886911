// config show, config check and config get
#include "command.hpp"
#include "daemon.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

namespace cli {
namespace {

using quicether::mgmt::Diagnostic;

std::string json_list(const std::vector<Diagnostic>& diagnostics) {
  std::string list;
  for (const auto& diagnostic : diagnostics) {
    list += (list.empty() ? "" : ",") + quicether::mgmt::json_quote(diagnostic.to_string());
  }
  return '[' + list + ']';
}

// A text without its quotes, as a shell script wants it. Nothing in a configuration needs escapes
// but quotes and backslashes.
std::string plain(const std::string& json) {
  if (json.size() < 2 || json.front() != '"') {
    return json;
  }
  std::string text;
  for (std::size_t i = 1; i + 1 < json.size(); ++i) {
    i += json[i] == '\\' ? 1U : 0U;
    text += json[i];
  }
  return text;
}

}  // namespace

ExitCode run_config_show(const Arguments& arguments, Output& output) {
  if (arguments.has("running")) {
    auto client = connect(arguments);
    if (!client) {
      return output.fail(client.error());
    }
    const auto config = client->config();
    if (!config) {
      return output.fail(to_failure(config.error()));
    }
    output.print(*config + '\n');
    return ExitCode::ok;
  }
  const auto loaded = load_config(config_sources(arguments));
  if (!loaded) {
    return output.fail(to_failure(loaded.error()));
  }
  output.print(arguments.has("json") ? quicether::mgmt::config_json(loaded->config) + '\n'
                                     : config_toml(*loaded, arguments.has("origins")));
  return ExitCode::ok;
}

ExitCode run_config_check(const Arguments& arguments, Output& output) {
  auto sources = config_sources(arguments);
  sources.read_secrets = true;
  if (!arguments.words.empty()) {
    sources.files = {arguments.words[0]};
    sources.files_must_exist = true;
  }
  const auto loaded = load_config(sources);
  if (!loaded) {
    return output.fail(to_failure(loaded.error()));
  }
  if (arguments.has("json")) {
    output.print(fmt::format("{{\"ok\":true,\"warnings\":{}}}\n", json_list(loaded->warnings)));
    return ExitCode::ok;
  }
  for (const auto& warning : loaded->warnings) {
    output.print(fmt::format("Warning: {}\n", warning.to_string()));
  }
  output.print("The configuration is good.\n");
  return ExitCode::ok;
}

ExitCode run_config_get(const Arguments& arguments, Output& output) {
  if (arguments.words.empty()) {
    return output.fail({ExitCode::usage, "config get needs a key", "such as network.mtu", {}});
  }
  const auto loaded = load_config(config_sources(arguments));
  if (!loaded) {
    return output.fail(to_failure(loaded.error()));
  }
  const auto value = quicether::mgmt::config_value_json(loaded->config, arguments.words[0]);
  if (!value) {
    return output.fail({ExitCode::usage,
                        "no such key: " + quicether::mgmt::printable(arguments.words[0], 64),
                        "config show lists them",
                        {}});
  }
  output.print((arguments.has("json") ? *value : plain(*value)) + '\n');
  return ExitCode::ok;
}

}  // namespace cli
