#include "completion.hpp"

#include "console.hpp"
#include "support/temporary_folder.hpp"

#include <quicether/mgmt/config_loader.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

using cli::ExitCode;
using cli::test::Console;
using quicether::test::TemporaryFolder;

namespace {

struct Ran {
  int exit_code = -1;
  std::string out{};
};

Ran run_shell(const std::string& command) {
  Ran ran;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> block{};
  while (const auto size = std::fread(block.data(), 1, block.size(), pipe)) {
    ran.out.append(block.data(), size);
  }
  const int status = ::pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

bool has_shell(const std::string& name) {
  return run_shell("command -v " + name).exit_code == 0;
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream input{text};
  for (std::string line; std::getline(input, line);) {
    lines.insert(line.substr(0, line.find('\t')));  // fish adds a description
  }
  lines.erase("");
  return lines;
}

using Offered = std::set<std::string>;

/// What bash offers for the last of the words.
Offered complete_in_bash(const std::filesystem::path& script, const std::string& words) {
  return lines_of(run_shell(fmt::format("bash -c 'source {}; COMP_WORDS=({}); "
                                        "COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _quicether; "
                                        "printf \"%s\\n\" \"${{COMPREPLY[@]}}\"'",
                                        script.string(),
                                        words))
                      .out);
}

Offered complete_in_fish(const std::filesystem::path& script, const std::string& line) {
  return lines_of(
      run_shell(
          fmt::format("fish --no-config -c 'source {}; complete -C \"{}\"'", script.string(), line))
          .out);
}

}  // namespace

TEST_CASE("completion: prints a script for each shell", "[cli][completion]") {
  Console console;
  for (const auto* const shell : {"bash", "zsh", "fish"}) {
    CHECK(console.run({"completion", shell}) == ExitCode::ok);
    for (const auto& command : cli::commands()) {
      for (const auto& option : cli::completed_options(command)) {
        CAPTURE(shell, command.name, option.name);
        CHECK(console.out.find(std::string{option.name}) != std::string::npos);
      }
    }
  }
  CHECK(console.run({"completion", "bash", "--json"}) == ExitCode::ok);
  CHECK(console.out.starts_with("{\"script\":\"# bash"));
}

TEST_CASE("completion: bash offers commands, options and their words", "[cli][completion]") {
  const TemporaryFolder folder;
  const auto script = folder.write("quicether.bash", cli::bash_completion());
  folder.write("some.toml", "");
  REQUIRE(run_shell("bash -n " + script.string()).exit_code == 0);

  CHECK(complete_in_bash(script, "quicether st") == Offered{"start", "status", "stop"});
  CHECK(complete_in_bash(script, "quicether st x").empty());
  CHECK(complete_in_bash(script, "quicether config \"\"") ==
        Offered{"check", "get", "set", "show"});
  CHECK(complete_in_bash(script, "quicether config sh") == Offered{"show"});
  CHECK(complete_in_bash(script, "quicether start --role \"\"") == Offered{"gateway", "node"});
  CHECK(complete_in_bash(script, "quicether start --mtu \"\"").empty());
  CHECK(complete_in_bash(script, "quicether start --tun") == Offered{"--tun-addr", "--tun-name"});
  CHECK(complete_in_bash(script, "quicether start --role gateway --back") ==
        Offered{"--background"});
  CHECK(complete_in_bash(script, "quicether peers --") ==
        Offered{"--config", "--control-socket", "--help", "--json"});
  CHECK(complete_in_bash(script, "quicether config get network.m") == Offered{"network.mtu"});
  CHECK(complete_in_bash(script, "quicether completion f") == Offered{"fish"});
  const auto file = (folder.path() / "some").string();
  CHECK(complete_in_bash(script, "quicether status --config " + file) == Offered{file + ".toml"});
  CHECK(complete_in_bash(script, "quicether config check " + file) == Offered{file + ".toml"});
}

TEST_CASE("completion: bash offers every option of every command", "[cli][completion]") {
  const TemporaryFolder folder;
  const auto script = folder.write("quicether.bash", cli::bash_completion());
  for (const auto& command : cli::commands()) {
    CAPTURE(command.name);
    Offered expected;
    for (const auto& option : cli::completed_options(command)) {
      expected.insert("--" + std::string{option.name});
    }
    CHECK(complete_in_bash(script, fmt::format("quicether {} --", command.name)) == expected);
  }
}

TEST_CASE("completion: fish offers commands, options and their words", "[cli][completion]") {
  if (!has_shell("fish")) {
    SKIP("fish is not installed");
  }
  const TemporaryFolder folder;
  const auto script = folder.write("quicether.fish", cli::fish_completion());

  CHECK(run_shell("fish --no-config -n " + script.string()).exit_code == 0);
  CHECK(complete_in_fish(script, "quicether st") == Offered{"start", "status", "stop"});
  CHECK(complete_in_fish(script, "quicether config ") == Offered{"check", "get", "set", "show"});
  CHECK(complete_in_fish(script, "quicether start --role ") == Offered{"gateway", "node"});
  CHECK(complete_in_fish(script, "quicether peers --") ==
        Offered{"--config", "--control-socket", "--help", "--json"});
  CHECK(complete_in_fish(script, "quicether config get network.m") == Offered{"network.mtu"});
}

TEST_CASE("completion: the script for zsh is one", "[cli][completion]") {
  if (!has_shell("zsh")) {
    SKIP("zsh is not installed");
  }
  const TemporaryFolder folder;
  const auto script = folder.write("_quicether", cli::zsh_completion());

  CHECK(run_shell("zsh -f -n " + script.string()).exit_code == 0);
}
