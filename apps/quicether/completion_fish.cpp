#include "completion.hpp"

#include <fmt/format.h>

namespace cli {
namespace {

std::string quoted(std::string_view text) {
  std::string out{'\''};
  for (const char c : text) {
    if (c == '\'' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + '\'';
}

// True on a command line that has this command, of one word or two.
std::string condition_for(std::string_view name) {
  const auto blank = name.find(' ');
  const auto first = name.substr(0, blank);
  if (blank == std::string_view::npos) {
    return fmt::format("__fish_seen_subcommand_from {}", first);
  }
  return fmt::format("__fish_seen_subcommand_from {}; and __fish_seen_subcommand_from {}",
                     first,
                     name.substr(blank + 1));
}

std::string arguments_of(Offer offer, const std::vector<std::string_view>& words) {
  switch (offer) {
    case Offer::files:
      return " -r -F";
    case Offer::folders:
      return " -x -a '(__fish_complete_directories)'";
    case Offer::words:
      return fmt::format(" -x -a {}", quoted(fmt::format("{}", fmt::join(words, " "))));
    case Offer::nothing:
      return " -x";
  }
  return {};
}

std::string lines_of(const CommandSpec& command) {
  const auto condition = quoted(condition_for(command.name));
  std::string text;
  if (command.offer == Offer::files) {
    text += fmt::format("complete -c quicether -n {} -F\n", condition);
  } else if (command.offer == Offer::words) {
    text += fmt::format("complete -c quicether -n {} -a {}\n",
                        condition,
                        quoted(fmt::format("{}", fmt::join(command.words, " "))));
  }
  for (const auto& option : completed_options(command)) {
    text += fmt::format("complete -c quicether -n {} -l {}{} -d {}\n",
                        condition,
                        option.name,
                        option.argument.empty() ? "" : arguments_of(option.offer, option.words),
                        quoted(option.help));
  }
  return text;
}

}  // namespace

std::string fish_completion() {
  std::string text =
      "# fish completion for quicether: quicether completion fish | source\n\n"
      "complete -c quicether -f\n";
  for (const auto& first : first_words()) {
    text += fmt::format("complete -c quicether -n __fish_use_subcommand -a {} -d {}\n",
                        first.name,
                        quoted(first.help));
    const auto second = second_words(first.name);
    std::string names;
    for (const auto& word : second) {
      names += fmt::format(" {}", word.name);
    }
    for (const auto& word : second) {
      text += fmt::format(
          "complete -c quicether -n '__fish_seen_subcommand_from {}; and not "
          "__fish_seen_subcommand_from{}' -a {} -d {}\n",
          first.name,
          names,
          word.name,
          quoted(word.help));
    }
  }
  for (const auto& command : commands()) {
    text += lines_of(command);
  }
  return text;
}

}  // namespace cli
