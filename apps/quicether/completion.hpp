#ifndef QUICETHER_APPS_QUICETHER_COMPLETION_HPP
#define QUICETHER_APPS_QUICETHER_COMPLETION_HPP

#include "command.hpp"

#include <string>
#include <vector>

namespace cli {

/// The options of a command and the flags it passes on.
[[nodiscard]] std::vector<OptionSpec> completed_options(const CommandSpec& command);

/// The first words of commands, each once, with the summary of the first one that has it.
[[nodiscard]] std::vector<OptionSpec> first_words();

/// The second words of the commands that begin with `first`.
[[nodiscard]] std::vector<OptionSpec> second_words(std::string_view first);

/// Scripts that complete what the tables of commands and options say, and nothing else.
[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();
[[nodiscard]] std::string fish_completion();

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_COMPLETION_HPP
