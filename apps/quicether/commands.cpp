#include "command.hpp"

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cli {

namespace {

using std::string_view;

constexpr Option kJson{"json", "", "print JSON"};
constexpr Option kSocket{"control-socket", "PATH", "the daemon's control socket"};
constexpr Option kConfig{"config", "FILE", "configuration file that names the socket"};
constexpr Option kHelp{"help", "", "print this help"};

constexpr std::array kAskOptions{kJson, kSocket, kConfig, kHelp};
constexpr std::array kStartOptions{
    Option{"background", "", "return when the daemon is ready"},
    kHelp,
};
constexpr std::array kKeygenOptions{
    Option{"output", "FILE", "key file to write (default: the state directory's node.key)"},
    Option{"state-dir", "DIR", "state directory"},
    Option{"force", "", "move an existing key aside first"},
    kJson,
    kHelp,
};
constexpr std::array kConfigOptions{
    kJson,
    Option{"config", "FILE", "file to read or change"},
    kSocket,
    Option{"running", "", "show: the configuration of the running daemon"},
    Option{"gateway-prefer", "NODE", "set: use this gateway first"},
    Option{"gateway-allow", "NODE", "set: gateways that may be used"},
    kHelp,
};
constexpr std::array kPlainOptions{kHelp};
constexpr std::array<string_view, 4> kConfigWords{"show", "check", "get", "set"};
constexpr std::array<string_view, 3> kShells{"bash", "zsh", "fish"};

constexpr std::array kCommands{
    Command{"start",
            "[--background] [flags of qed]",
            "run the daemon",
            kStartOptions,
            {},
            true,
            run_start},
    Command{
        "stop", "", "stop the daemon and wait until it is gone", kAskOptions, {}, false, run_stop},
    Command{"status", "", "what the node is and does", kAskOptions, {}, false, run_status},
    Command{
        "peers", "", "who is connected, and why others are not", kAskOptions, {}, false, run_peers},
    Command{"routes", "", "where packets go", kAskOptions, {}, false, run_routes},
    Command{"multipath", "", "the paths of each link", kAskOptions, {}, false, run_multipath},
    Command{
        "reload", "", "load configuration and policy again", kAskOptions, {}, false, run_reload},
    Command{"keygen", "", "make a node key", kKeygenOptions, {}, false, run_keygen},
    Command{"config",
            "show|check|get KEY|set KEY VALUE",
            "show, check or change the configuration",
            kConfigOptions,
            kConfigWords,
            false,
            run_config},
    Command{"completion",
            "bash|zsh|fish",
            "print shell completion",
            kPlainOptions,
            kShells,
            false,
            run_completion},
    Command{"version", "", "print the version", kPlainOptions, {}, false, run_version},
    Command{"help", "[COMMAND]", "print help", kPlainOptions, {}, false, run_help},
};

void print_command_help(const Command& command) {
  fmt::print("Usage: quicether {} {}\n\n{}{}.\n\n",
             command.name,
             command.arguments,
             static_cast<char>(command.help[0] - 'a' + 'A'),
             command.help.substr(1));
  for (const auto& option : command.options) {
    const auto left = option.argument.empty()
                          ? fmt::format("--{}", option.name)
                          : fmt::format("--{} {}", option.name, option.argument);
    fmt::print("  {:<28} {}\n", left, option.help);
  }
  if (command.takes_daemon_flags) {
    fmt::print("\nFlags of qed:\n{}", quicether::mgmt::config_flags_help());
  }
}

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

const Command* find_command(string_view name) {
  const auto found = std::ranges::find(kCommands, name, &Command::name);
  return found == kCommands.end() ? nullptr : &*found;
}

int run_help(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && !arguments[0].starts_with("--")) {
    const auto* command = find_command(arguments[0]);
    if (command == nullptr) {
      fmt::print(
          stderr, "quicether: there is no command '{}'; see 'quicether help'\n", arguments[0]);
      return kUsage;
    }
    print_command_help(*command);
    return kOk;
  }
  fmt::print("Usage: quicether COMMAND [options]\n\n");
  for (const auto& command : kCommands) {
    fmt::print("  {:<12} {}\n", command.name, command.help);
  }
  fmt::print("\n'quicether help COMMAND' tells more.\n");
  return kOk;
}

int run_version(const std::vector<std::string>& /*arguments*/) {
  fmt::print("quicether {}\n", quicether::kVersion);
  return kOk;
}

}  // namespace cli
