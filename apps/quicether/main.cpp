// quicether: the command line. It talks to qed over its control socket and uses only the library's
// public headers.
#include "command.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    cli::run_help({});
    return arguments.empty() ? cli::kUsage : cli::kOk;
  }
  if (arguments[0] == "--version") {
    return cli::run_version({});
  }
  const auto* command = cli::find_command(arguments[0]);
  const std::vector<std::string> rest{arguments.begin() + 1, arguments.end()};
  if (command != nullptr) {
    const bool help = std::ranges::find(rest, "--help") != rest.end();
    return help ? cli::run_help({arguments[0]}) : command->run(rest);
  }
  std::vector<std::string_view> names;
  for (const auto& known : cli::commands()) {
    names.push_back(known.name);
  }
  const auto meant = quicether::mgmt::closest_match(arguments[0], names);
  fmt::print(stderr,
             "quicether: there is no command {}{}\nTry 'quicether help'.\n",
             quicether::mgmt::quote(arguments[0]),
             meant.empty() ? "" : fmt::format("; did you mean '{}'?", meant));
  return cli::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "quicether: {}\n", error.what());
    return cli::kFailed;
  }
}
