#ifndef QUICETHER_APPS_QUICETHER_COMMAND_HPP
#define QUICETHER_APPS_QUICETHER_COMMAND_HPP

#include "arguments.hpp"
#include "exit_code.hpp"
#include "output.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// What the shell may offer for a word.
enum class Offer { nothing, files, folders, words };

/// An option of a command. Parsing, help and shell completion are made from these.
struct OptionSpec {
  std::string_view name{};      ///< without dashes
  std::string_view argument{};  ///< "FILE"; empty for a switch
  std::string_view help{};      ///< one clause
  Offer offer = Offer::nothing;
  std::vector<std::string_view> words{};  ///< for Offer::words
  char letter = '\0';                     ///< the same with one dash; none for most
};

struct CommandSpec {
  std::string_view name{};       ///< "status", "config show"
  std::string_view arguments{};  ///< "[FILE]"; empty: none
  std::string_view summary{};    ///< one clause
  std::vector<OptionSpec> options{};
  Offer offer = Offer::nothing;           ///< for the first argument
  std::vector<std::string_view> words{};  ///< for Offer::words
  std::size_t arguments_max = 0;
  bool takes_config_flags = false;  ///< passes what it does not know on to qed
  ExitCode (*run)(const Arguments&, Output&) = nullptr;
};

/// All commands, in the order of the help text.
[[nodiscard]] std::span<const CommandSpec> commands();

/// The command that the words begin with ("config show" before "config"), or null.
[[nodiscard]] const CommandSpec* find_command(std::span<const std::string> words);

/// Runs a whole command line, without the program's name.
[[nodiscard]] ExitCode run(std::span<const std::string> words, Output& output);

// One file each.
ExitCode run_completion(const Arguments& arguments, Output& output);
ExitCode run_config_check(const Arguments& arguments, Output& output);
ExitCode run_config_get(const Arguments& arguments, Output& output);
ExitCode run_config_set(const Arguments& arguments, Output& output);
ExitCode run_config_show(const Arguments& arguments, Output& output);
ExitCode run_discover(const Arguments& arguments, Output& output);
ExitCode run_invite(const Arguments& arguments, Output& output);
ExitCode run_join(const Arguments& arguments, Output& output);
ExitCode run_network_create(const Arguments& arguments, Output& output);
ExitCode run_network_leave(const Arguments& arguments, Output& output);
ExitCode run_network_show(const Arguments& arguments, Output& output);
ExitCode run_ping(const Arguments& arguments, Output& output);
ExitCode run_help(const Arguments& arguments, Output& output);
ExitCode run_keygen(const Arguments& arguments, Output& output);
ExitCode run_multipath(const Arguments& arguments, Output& output);
ExitCode run_netcheck(const Arguments& arguments, Output& output);
ExitCode run_peers(const Arguments& arguments, Output& output);
ExitCode run_reload(const Arguments& arguments, Output& output);
ExitCode run_routes(const Arguments& arguments, Output& output);
ExitCode run_start(const Arguments& arguments, Output& output);
ExitCode run_status(const Arguments& arguments, Output& output);
ExitCode run_stop(const Arguments& arguments, Output& output);
ExitCode run_version(const Arguments& arguments, Output& output);

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_COMMAND_HPP
