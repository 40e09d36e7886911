// completion: shell functions made from the same tables that the commands are parsed with.
#include "arguments.hpp"

#include <quicether/mgmt/config_loader.hpp>

#include <fmt/format.h>

#include <string>

namespace cli {

namespace {

/// What may follow a command: its options, its words, and qed's flags for start.
std::vector<std::string> words_of(const Command& command) {
  std::vector<std::string> words;
  for (const auto& word : command.words) {
    words.emplace_back(word);
  }
  for (const auto& option : command.options) {
    words.push_back("--" + std::string{option.name});
  }
  if (command.takes_daemon_flags) {
    for (const auto& flag : quicether::mgmt::config_flags()) {
      words.push_back("--" + std::string{flag.name});
    }
  }
  return words;
}

std::string command_names() {
  std::string names;
  for (const auto& command : commands()) {
    names += (names.empty() ? "" : " ") + std::string{command.name};
  }
  return names;
}

std::string bash() {
  std::string cases;
  for (const auto& command : commands()) {
    cases +=
        fmt::format("    {}) words='{}' ;;\n", command.name, fmt::join(words_of(command), " "));
  }
  return fmt::format(R"sh(# bash completion for quicether: eval "$(quicether completion bash)"
_quicether() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} words=
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '{}' -- "$current"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  ((${{#COMPREPLY[@]}})) || COMPREPLY=($(compgen -f -- "$current"))
}}
complete -F _quicether quicether
)sh",
                     command_names(),
                     cases);
}

std::string zsh() {
  std::string cases;
  for (const auto& command : commands()) {
    cases +=
        fmt::format("    {}) compadd -- {} ;;\n", command.name, fmt::join(words_of(command), " "));
  }
  return fmt::format(R"sh(#compdef quicether
# zsh completion for quicether: quicether completion zsh > "${{fpath[1]}}/_quicether"
_quicether() {{
  if ((CURRENT == 2)); then
    compadd -- {}
    return
  fi
  case $words[2] in
{}  esac
  _files
}}
compdef _quicether quicether
)sh",
                     command_names(),
                     cases);
}

std::string fish() {
  std::string text = "# fish completion for quicether: quicether completion fish | source\n";
  for (const auto& command : commands()) {
    text += fmt::format("complete -c quicether -n __fish_use_subcommand -f -a {} -d '{}'\n",
                        command.name,
                        command.help);
    for (const auto& word : words_of(command)) {
      const bool option = word.starts_with("--");
      text += fmt::format("complete -c quicether -n '__fish_seen_subcommand_from {}' {} {}\n",
                          command.name,
                          option ? "-l" : "-f -a",
                          option ? word.substr(2) : word);
    }
  }
  return text;
}

}  // namespace

int run_completion(const std::vector<std::string>& words) {
  const auto arguments = parse("completion", words, 1);
  if (!arguments) {
    return kUsage;
  }
  const auto shell = arguments->words.empty() ? std::string{} : arguments->words[0];
  if (shell != "bash" && shell != "zsh" && shell != "fish") {
    fmt::print(stderr, "quicether completion: name a shell: bash, zsh or fish\n");
    return kUsage;
  }
  fmt::print("{}", shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish());
  return kOk;
}

}  // namespace cli
