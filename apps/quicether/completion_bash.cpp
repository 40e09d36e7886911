#include "completion.hpp"

#include <fmt/format.h>

namespace cli {
namespace {

// A line of a case statement for the words that may follow `--option`.
std::string argument_case(std::string_view command, const OptionSpec& option) {
  const auto pattern = fmt::format("    \"{}:--{}\")", command, option.name);
  switch (option.offer) {
    case Offer::files:
      return pattern + " _quicether_offer -f; return ;;\n";
    case Offer::folders:
      return pattern + " _quicether_offer -d; return ;;\n";
    case Offer::words:
      return fmt::format(
          "{} _quicether_offer -W \"{}\"; return ;;\n", pattern, fmt::join(option.words, " "));
    case Offer::nothing:
      return pattern + " return ;;\n";
  }
  return {};
}

std::string words_case(const CommandSpec& command) {
  std::string words = fmt::format("{}", fmt::join(command.words, " "));
  for (const auto& option : completed_options(command)) {
    words += fmt::format("{}--{}", words.empty() ? "" : " ", option.name);
  }
  const std::string_view files =
      command.offer == Offer::files ? "[[ $cur == -* ]] || { _quicether_offer -f; return; }; " : "";
  return fmt::format("    \"{}\") {}_quicether_offer -W \"{}\" ;;\n", command.name, files, words);
}

std::string join_names(const std::vector<OptionSpec>& words) {
  std::string text;
  for (const auto& word : words) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", word.name);
  }
  return text;
}

}  // namespace

std::string bash_completion() {
  std::string arguments;
  std::string words = fmt::format("    \"\") _quicether_offer -W \"{} --help --version\" ;;\n",
                                  join_names(first_words()));
  std::string known;
  for (const auto& first : first_words()) {
    known += fmt::format("      \" {}\") command={} ;;\n", first.name, first.name);
    const auto second = second_words(first.name);
    if (!second.empty()) {
      words += fmt::format(
          "    \"{}\") _quicether_offer -W \"{}\" ;;\n", first.name, join_names(second));
    }
    for (const auto& word : second) {
      known += fmt::format("      \"{0} {1}\") command=\"{0} {1}\" ;;\n", first.name, word.name);
    }
  }
  for (const auto& command : commands()) {
    words += words_case(command);
    for (const auto& option : completed_options(command)) {
      if (!option.argument.empty()) {
        arguments += argument_case(command.name, option);
      }
    }
  }
  return fmt::format(R"(# bash completion for quicether: source <(quicether completion bash)

_quicether_offer() {{
  mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
  [[ $1 == -W ]] || compopt -o filenames 2>/dev/null
}}

_quicether() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} command='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$command ${{COMP_WORDS[i]}}" in
{}    esac
  done
  case "$command:$prev" in
{}  esac
  case "$command" in
{}  esac
}}

complete -F _quicether quicether
)",
                     known,
                     arguments,
                     words);
}

}  // namespace cli
