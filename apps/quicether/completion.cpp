#include "completion.hpp"

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

namespace cli {
namespace {

Offer offer_for(const quicether::mgmt::FlagSpec& flag) {
  if (!flag.choices.empty()) {
    return Offer::words;
  }
  if (flag.argument == "FILE" || flag.argument == "PATH") {
    return Offer::files;
  }
  return flag.argument == "DIR" ? Offer::folders : Offer::nothing;
}

}  // namespace

std::vector<OptionSpec> completed_options(const CommandSpec& command) {
  auto options = command.options;
  if (command.takes_config_flags) {
    for (const auto& flag : quicether::mgmt::config_flags()) {
      options.push_back({flag.name,
                         flag.argument,
                         flag.help,
                         offer_for(flag),
                         {flag.choices.begin(), flag.choices.end()}});
    }
  }
  return options;
}

std::vector<OptionSpec> first_words() {
  std::vector<OptionSpec> words;
  for (const auto& command : commands()) {
    const auto first = command.name.substr(0, command.name.find(' '));
    if (words.empty() || words.back().name != first) {
      words.push_back({first, {}, command.summary, Offer::nothing, {}});
    }
  }
  return words;
}

std::vector<OptionSpec> second_words(std::string_view first) {
  std::vector<OptionSpec> words;
  for (const auto& command : commands()) {
    if (command.name.starts_with(first) && command.name.substr(first.size()).starts_with(' ')) {
      words.push_back(
          {command.name.substr(first.size() + 1), {}, command.summary, Offer::nothing, {}});
    }
  }
  return words;
}

ExitCode run_completion(const Arguments& arguments, Output& output) {
  const auto shell = arguments.words.empty() ? std::string{} : arguments.words[0];
  if (shell != "bash" && shell != "zsh" && shell != "fish") {
    return output.fail({ExitCode::usage,
                        "completion needs one of: bash, zsh, fish",
                        "such as: source <(quicether completion bash)",
                        {}});
  }
  const auto script = shell == "bash"  ? bash_completion()
                      : shell == "zsh" ? zsh_completion()
                                       : fish_completion();
  output.print(arguments.has("json")
                   ? fmt::format("{{\"script\":{}}}\n", quicether::mgmt::json_quote(script))
                   : script);
  return ExitCode::ok;
}

}  // namespace cli
