#include "completion.hpp"

#include <fmt/format.h>

namespace cli {
namespace {

// Inside single quotes, and inside the brackets and colons of _arguments and _describe.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
      continue;
    }
    if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out;
}

std::string action_of(Offer offer, const std::vector<std::string_view>& words) {
  switch (offer) {
    case Offer::files:
      return "_files";
    case Offer::folders:
      return "_files -/";
    case Offer::words:
      return fmt::format("({})", fmt::join(words, " "));
    case Offer::nothing:
      return " ";
  }
  return {};
}

std::string describe(const std::vector<OptionSpec>& words, std::string_view indent) {
  std::string list;
  for (const auto& word : words) {
    list += fmt::format("{}    '{}:{}'\n", indent, word.name, escaped(word.help));
  }
  return fmt::format(
      "{0}  local -a words_offered=(\n{1}{0}  )\n{0}  _describe command words_offered\n",
      indent,
      list);
}

std::string arguments_of(const CommandSpec& command, std::string_view indent) {
  std::string text = fmt::format("{}_arguments", indent);
  for (const auto& option : completed_options(command)) {
    text += fmt::format(" \\\n{}  '--{}[{}]", indent, option.name, escaped(option.help));
    text += option.argument.empty()
                ? "'"
                : fmt::format(
                      ":{}:{}'", escaped(option.argument), action_of(option.offer, option.words));
  }
  if (command.offer != Offer::nothing) {
    text +=
        fmt::format(" \\\n{}  '1:argument:{}'", indent, action_of(command.offer, command.words));
  }
  return text + '\n';
}

std::string group_case(std::string_view first) {
  std::string inner;
  for (const auto& command : commands()) {
    if (command.name.starts_with(first) && command.name.substr(first.size()).starts_with(' ')) {
      inner +=
          fmt::format("        {})\n          shift 2 words; ((CURRENT -= 2))\n{}          ;;\n",
                      command.name.substr(first.size() + 1),
                      arguments_of(command, "          "));
    }
  }
  return fmt::format(
      "    {}\n      if ((CURRENT == 3)); then\n{}        return\n      fi\n"
      "      case $words[3] in\n{}      esac\n      ;;\n",
      fmt::format("{})", first),
      describe(second_words(first), "      "),
      inner);
}

}  // namespace

std::string zsh_completion() {
  std::string cases;
  for (const auto& first : first_words()) {
    const std::vector<std::string> words{std::string{first.name}};
    if (const auto* command = find_command(words)) {
      cases += fmt::format("    {})\n      shift words; ((CURRENT -= 1))\n{}      ;;\n",
                           first.name,
                           arguments_of(*command, "      "));
    } else {
      cases += group_case(first.name);
    }
  }
  return fmt::format(R"(#compdef quicether
# zsh completion for quicether: source <(quicether completion zsh)

_quicether() {{
  if ((CURRENT == 2)); then
{}    return
  fi
  case $words[2] in
{}  esac
}}

if [[ $funcstack[1] == _quicether ]]; then
  _quicether "$@"
else
  compdef _quicether quicether
fi
)",
                     describe(first_words(), "  "),
                     cases);
}

}  // namespace cli
