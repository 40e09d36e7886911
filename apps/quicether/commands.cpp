#include "command.hpp"
#include "daemon.hpp"

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace cli {
namespace {

using Options = std::vector<OptionSpec>;

const OptionSpec kConfig{"config", "FILE", "use this file, not the usual two", Offer::files, {}};
const OptionSpec kJson{"json", "", "print JSON", Offer::nothing, {}};
const OptionSpec kHelp{"help", "", "print this help", Offer::nothing, {}};

Options with_daemon_options(Options options) {
  const auto more = daemon_options();
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

CommandSpec start_command() {
  return {.name = "start",
          .arguments = {},
          .summary = "run the daemon",
          .options = {{"background", "", "return when the daemon is ready", Offer::nothing, {}},
                      {"log-file", "FILE", "its log in the background", Offer::files, {}},
                      {"wait", "SECONDS", "how long it may take to be ready", Offer::nothing, {}},
                      kJson,
                      kHelp},
          .takes_config_flags = true,
          .run = run_start};
}

CommandSpec config_set_command() {
  return {.name = "config set",
          .arguments = "[KEY VALUE]",
          .summary = "change a configuration file",
          .options = {{"gateway-prefer", "PEER", "prefer this gateway", Offer::nothing, {}},
                      {"gateway-allow", "PEER", "allow this gateway too", Offer::nothing, {}},
                      kConfig,
                      kJson,
                      kHelp},
          .offer = Offer::words,
          .words = quicether::mgmt::config_keys(),
          .arguments_max = 2,
          .run = run_config_set};
}

CommandSpec invite_command() {
  return {.name = "invite",
          .summary = "print what another machine needs to join the network",
          .options = with_daemon_options({{"once", "", "for one node only", Offer::nothing, {}},
                                          {"expires",
                                           "TIME",
                                           "good for so long: 30m, 24h (the default), 7d",
                                           Offer::nothing,
                                           {}}}),
          .run = run_invite};
}

CommandSpec ping_command() {
  return {
      .name = "ping",
      .arguments = "NAME|ID|ADDRESS",
      .summary = "ask a peer for a sign of life through the overlay",
      .options = with_daemon_options(
          {{"count", "NUMBER", "so often (4)", Offer::nothing, {}, 'c'},
           {"interval", "MS", "milliseconds between (1000)", Offer::nothing, {}},
           {"timeout", "MS", "milliseconds to wait for each answer (2000)", Offer::nothing, {}}}),
      .arguments_max = 1,
      .run = run_ping};
}

std::vector<CommandSpec> make_commands() {
  return {
      start_command(),
      {.name = "network create",
       .arguments = "NAME",
       .summary = "make a network with this node in it",
       .options = with_daemon_options({}),
       .arguments_max = 1,
       .run = run_network_create},
      invite_command(),
      {.name = "join",
       .arguments = "INVITE",
       .summary = "become a member of the network of an invite",
       .options = with_daemon_options({}),
       .arguments_max = 1,
       .run = run_join},
      {.name = "network show",
       .summary = "show the network and its members",
       .options = with_daemon_options({}),
       .run = run_network_show},
      {.name = "network leave",
       .summary = "leave the network",
       .options = with_daemon_options({}),
       .run = run_network_leave},
      ping_command(),
      {.name = "discover",
       .arguments = "CIDR|NAME|ID",
       .summary = "find who carries a subnet, or where a node is",
       .options = with_daemon_options({}),
       .arguments_max = 1,
       .run = run_discover},
      {.name = "stop",
       .summary = "stop the daemon and wait until it is gone",
       .options =
           with_daemon_options({{"wait", "SECONDS", "how long it may take", Offer::nothing, {}}}),
       .run = run_stop},
      {.name = "status",
       .summary = "show this node",
       .options = with_daemon_options({}),
       .run = run_status},
      {.name = "peers",
       .summary = "list the peers",
       .options = with_daemon_options({}),
       .run = run_peers},
      {.name = "routes",
       .summary = "list the routes of the overlay",
       .options = with_daemon_options({}),
       .run = run_routes},
      {.name = "multipath",
       .summary = "list the paths to the peers",
       .options = with_daemon_options(
           {{"watch", "", "again every second", Offer::nothing, {}},
            {"count", "NUMBER", "again every second, so often", Offer::nothing, {}}}),
       .run = run_multipath},
      {.name = "netcheck",
       .summary = "say whether others can reach this node, and why not",
       .options = with_daemon_options({}),
       .run = run_netcheck},
      {.name = "reload",
       .summary = "make the daemon read its configuration again",
       .options = with_daemon_options({}),
       .run = run_reload},
      {.name = "keygen",
       .summary = "make the key of a node",
       .options = {{"output", "FILE", "write it to FILE", Offer::files, {}},
                   {"force", "", "move a key that is there aside", Offer::nothing, {}},
                   kConfig,
                   kJson,
                   kHelp},
       .run = run_keygen},
      {.name = "config show",
       .summary = "print the configuration in effect",
       .options = with_daemon_options(
           {{"origins", "", "say where each value comes from", Offer::nothing, {}},
            {"running", "", "ask the daemon for its own", Offer::nothing, {}}}),
       .run = run_config_show},
      {.name = "config check",
       .arguments = "[FILE]",
       .summary = "list what is wrong with a configuration",
       .options = {kConfig, kJson, kHelp},
       .offer = Offer::files,
       .arguments_max = 1,
       .run = run_config_check},
      {.name = "config get",
       .arguments = "KEY",
       .summary = "print one value",
       .options = {kConfig, kJson, kHelp},
       .offer = Offer::words,
       .words = quicether::mgmt::config_keys(),
       .arguments_max = 1,
       .run = run_config_get},
      config_set_command(),
      {.name = "completion",
       .arguments = "bash|zsh|fish",
       .summary = "print a completion script for a shell",
       .options = {kJson, kHelp},
       .offer = Offer::words,
       .words = {"bash", "zsh", "fish"},
       .arguments_max = 1,
       .run = run_completion},
      {.name = "help",
       .arguments = "[COMMAND]",
       .summary = "explain a command",
       .options = {kJson, kHelp},
       .arguments_max = 2,
       .run = run_help},
      {.name = "version",
       .summary = "print the release",
       .options = {kJson, kHelp},
       .run = run_version},
  };
}

std::string unknown_command(std::string_view word) {
  std::vector<std::string_view> names;
  for (const auto& command : commands()) {
    names.push_back(command.name.substr(0, command.name.find(' ')));
  }
  const auto close = quicether::mgmt::closest_match(word, names);
  const auto hint = close.empty() ? std::string{} : fmt::format("; did you mean {}?", close);
  return fmt::format("unknown command {}{}", quicether::mgmt::quote(word, 64), hint);
}

std::size_t words_in(std::string_view name) {
  return name.find(' ') == std::string_view::npos ? 1 : 2;
}

}  // namespace

std::span<const CommandSpec> commands() {
  static const auto kCommands = make_commands();
  return kCommands;
}

const CommandSpec* find_command(std::span<const std::string> words) {
  const auto all = commands();
  const auto found = std::find_if(all.begin(), all.end(), [words](const CommandSpec& command) {
    const auto count = words_in(command.name);
    return words.size() >= count &&
           command.name == fmt::format("{}", fmt::join(words.first(count), " "));
  });
  return found == all.end() ? nullptr : &*found;
}

ExitCode run(std::span<const std::string> words, Output& output) {
  if (words.empty()) {
    (void)run_help({}, output);
    return ExitCode::usage;
  }
  if (std::find(words.begin(), words.end(), "--json") != words.end()) {
    output.use_json();  // before anything can fail
  }
  if (words[0] == "--help" || words[0] == "-h") {
    return run_help({}, output);
  }
  if (words[0] == "--version") {
    return run_version({}, output);
  }
  const auto* command = find_command(words);
  if (command == nullptr) {
    const bool group = words[0] == "config" || words[0] == "network";
    if (group && words.size() > 1 && (words[1] == "--help" || words[1] == "-h")) {
      Arguments about;
      about.words = {words[0]};
      return run_help(about, output);
    }
    const std::string about = words[0] == "config"    ? "config needs one of: show, check, get, set"
                              : words[0] == "network" ? "network needs one of: create, show, leave"
                                                      : unknown_command(words[0]);
    return output.fail({ExitCode::usage, about, "see: quicether help", {}});
  }
  const auto arguments = parse_arguments(*command, words.subspan(words_in(command->name)));
  if (!arguments) {
    return output.fail(arguments.error());
  }
  if (arguments->has("help")) {
    Arguments about;
    about.words = {std::string{command->name}};
    return run_help(about, output);
  }
  return command->run(*arguments, output);
}

}  // namespace cli
