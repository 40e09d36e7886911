// help and version
#include "command.hpp"
#include "format.hpp"

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/text.hpp>
#include <quicether/version.hpp>

#include <fmt/format.h>

namespace cli {
namespace {

std::string overview() {
  std::string text = "Usage: quicether COMMAND [options]\n\n";
  for (const auto& command : commands()) {
    const auto left = command.arguments.empty()
                          ? std::string{command.name}
                          : fmt::format("{} {}", command.name, command.arguments);
    text += fmt::format("  {:<26} {}\n", left, command.summary);
  }
  return text + "\nSee 'quicether help COMMAND' for its options.\n";
}

std::string help_of(const CommandSpec& command) {
  auto text = fmt::format("Usage: quicether {}{}{} [options]\n\n{}.\n\n",
                          command.name,
                          command.arguments.empty() ? "" : " ",
                          command.arguments,
                          capitalized(command.summary));
  for (const auto& option : command.options) {
    const auto letter = option.letter == '\0' ? "" : fmt::format(", -{}", option.letter);
    const auto left = fmt::format("  --{} {}{}", option.name, option.argument, letter);
    text += fmt::format("{:<32} {}\n", left, option.help);
  }
  if (command.takes_config_flags) {
    text += "\nFlags of the daemon, which win over its configuration files:\n\n" +
            quicether::mgmt::config_flags_help();
  }
  return text;
}

}  // namespace

ExitCode run_help(const Arguments& arguments, Output& output) {
  const auto topic = fmt::format("{}", fmt::join(arguments.words, " "));
  if (topic.empty()) {
    output.print(overview());
    return ExitCode::ok;
  }
  bool found = false;
  for (const auto& command : commands()) {
    if (command.name == topic || command.name.starts_with(topic + ' ')) {
      output.print((found ? "\n" : "") + help_of(command));
      found = true;
    }
  }
  if (!found) {
    return output.fail({ExitCode::usage,
                        "no help on " + quicether::mgmt::quote(topic, 64),
                        "see: quicether help",
                        {}});
  }
  return ExitCode::ok;
}

ExitCode run_version(const Arguments& arguments, Output& output) {
  output.print(arguments.has("json") ? fmt::format("{{\"version\":\"{}\"}}\n", quicether::kVersion)
                                     : fmt::format("quicether {}\n", quicether::kVersion));
  return ExitCode::ok;
}

}  // namespace cli
