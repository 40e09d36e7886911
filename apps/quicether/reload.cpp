#include "command.hpp"
#include "daemon.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

namespace cli {
namespace {

using quicether::mgmt::ReloadOutcome;

std::string json_list(const std::vector<std::string>& texts) {
  std::string list;
  for (const auto& text : texts) {
    list += (list.empty() ? "" : ",") + quicether::mgmt::json_quote(text);
  }
  return '[' + list + ']';
}

std::string as_json(const ReloadOutcome& outcome) {
  return fmt::format("{{\"applied\":{},\"needs_restart\":{},\"warnings\":{}}}\n",
                     json_list(outcome.applied),
                     json_list(outcome.needs_restart),
                     json_list(outcome.warnings));
}

std::string as_text(const ReloadOutcome& outcome) {
  std::string text = outcome.applied.empty() && outcome.needs_restart.empty()
                         ? "Nothing changed in the configuration.\n"
                         : "";
  for (const auto& key : outcome.applied) {
    text += fmt::format("Applied: {}\n", quicether::mgmt::printable(key));
  }
  for (const auto& key : outcome.needs_restart) {
    text += fmt::format("Needs a restart: {}\n", quicether::mgmt::printable(key));
  }
  for (const auto& warning : outcome.warnings) {
    text += fmt::format("Warning: {}\n", quicether::mgmt::printable(warning, 1024));
  }
  return text;
}

}  // namespace

ExitCode run_reload(const Arguments& arguments, Output& output) {
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const auto outcome = client->reload();
  if (!outcome) {
    return output.fail(to_failure(outcome.error()));
  }
  output.print(arguments.has("json") ? as_json(*outcome) : as_text(*outcome));
  return ExitCode::ok;
}

}  // namespace cli
