#include "command.hpp"
#include "console.hpp"

#include <quicether/version.hpp>

#include <catch2/catch_test_macros.hpp>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using cli::ExitCode;
using cli::test::Console;

TEST_CASE("cli: each command has a name, a summary, --json, --help and something to run", "[cli]") {
  std::set<std::string_view> names;
  for (const auto& command : cli::commands()) {
    CAPTURE(command.name);
    CHECK(names.insert(command.name).second);
    CHECK_FALSE(command.summary.empty());
    CHECK(command.run != nullptr);
    std::set<std::string_view> options;
    for (const auto& option : command.options) {
      CAPTURE(option.name);
      CHECK(options.insert(option.name).second);
      CHECK_FALSE(option.help.empty());
      CHECK((option.offer == cli::Offer::words) == !option.words.empty());
    }
    CHECK(options.contains("json"));
    CHECK(options.contains("help"));
  }
  for (const auto* const name : {"start",
                                 "stop",
                                 "status",
                                 "peers",
                                 "routes",
                                 "multipath",
                                 "netcheck",
                                 "keygen",
                                 "config show",
                                 "config set",
                                 "reload",
                                 "completion"}) {
    CHECK(names.contains(name));
  }
}

TEST_CASE("cli: help names every command, and every option of one", "[cli]") {
  Console console;
  CHECK(console.run({"help"}) == ExitCode::ok);
  for (const auto& command : cli::commands()) {
    CHECK(console.out.find("  " + std::string{command.name}) != std::string::npos);
  }
  for (const auto& command : cli::commands()) {
    CAPTURE(command.name);
    std::vector<std::string> words{"help"};
    std::vector<std::string> with_option;
    std::string word;
    for (const char c : std::string{command.name} + ' ') {
      if (c == ' ') {
        words.push_back(word);
        with_option.push_back(std::exchange(word, {}));
      } else {
        word += c;
      }
    }
    CHECK(console.run(words) == ExitCode::ok);
    const auto text = console.out;
    for (const auto& option : command.options) {
      CHECK(text.find("  --" + std::string{option.name} + " ") != std::string::npos);
    }
    with_option.emplace_back("--help");
    CHECK(console.run(with_option) == ExitCode::ok);
    CHECK(console.out == text);
  }
  CHECK(console.run({"help", "config"}) == ExitCode::ok);
  CHECK(console.out.find("config show") != std::string::npos);
  CHECK(console.out.find("config set") != std::string::npos);
  const auto about_config = console.out;
  CHECK(console.run({"config", "--help"}) == ExitCode::ok);
  CHECK(console.out == about_config);
  CHECK(console.run({"network", "--help"}) == ExitCode::ok);
  CHECK(console.out.find("network leave") != std::string::npos);
  CHECK(console.run({"help", "start"}) == ExitCode::ok);
  CHECK(console.out.find("--advertise-subnet") != std::string::npos);
}

TEST_CASE("cli: wrong words are a wrong usage, with what was meant", "[cli]") {
  struct Case {
    std::vector<std::string> words;
    std::string_view error;
  };

  Console console;
  for (const auto& [words, error] : {
           Case{{"stauts"},
                "quicether: unknown command \"stauts\"; did you mean status?\n"
                "  see: quicether help\n"},
           Case{{"frobnicate"},
                "quicether: unknown command \"frobnicate\"\n  see: quicether help\n"},
           Case{{"\x1b[31m"}, "quicether: unknown command \"\\x1b[31m\"\n  see: quicether help\n"},
           Case{{"config"},
                "quicether: config needs one of: show, check, get, set\n"
                "  see: quicether help\n"},
           Case{{"status", "--jsno"},
                "quicether: unknown option --jsno; did you mean --json?\n"
                "  see: quicether help status\n"},
           Case{{"status", "x"},
                "quicether: unexpected word \"x\"\n  see: quicether help status\n"},
           Case{{"status", "--control-socket"},
                "quicether: --control-socket needs a value\n  see: quicether help status\n"},
           Case{{"status", "--control-socket", "a", "--control-socket", "b"},
                "quicether: --control-socket is given twice\n  see: quicether help status\n"},
           Case{{"start", "--background=yes"},
                "quicether: --background takes no value\n  see: quicether help start\n"},
           Case{{"start", "--wait", "5"}, "quicether: --wait needs --background\n"},
           Case{{"start", "--frobnicate"},
                "quicether: wrong flags\n  flag --frobnicate: unknown flag\n"},
           Case{
               {"start", "--role", "king"},
               "quicether: wrong flags\n"
               "  flag --role: node.role: found \"king\", expected one of \"node\", \"gateway\"\n"},
           Case{{"stop", "--wait", "0"},
                "quicether: --wait: found \"0\", expected seconds from 1 to 3600\n"},
           Case{{"completion", "tcsh"},
                "quicether: completion needs one of: bash, zsh, fish\n"
                "  such as: source <(quicether completion bash)\n"},
           Case{{"help", "nothing"}, "quicether: no help on \"nothing\"\n  see: quicether help\n"},
       }) {
    CAPTURE(words);
    CHECK(console.run(words) == ExitCode::usage);
    CHECK(console.err == error);
    CHECK(console.out.empty());
  }
}

TEST_CASE("cli: no words print the help and are a wrong usage", "[cli]") {
  Console console;
  CHECK(console.run({}) == ExitCode::usage);
  CHECK(console.out.starts_with("Usage: quicether COMMAND"));
}

TEST_CASE("cli: with --json failures are JSON too", "[cli]") {
  Console console;
  CHECK(console.run({"status", "--json", "--frobnicate"}) == ExitCode::usage);
  CHECK(
      console.out ==
      "{\"error\":{\"exit_code\":64,\"message\":\"unknown option --frobnicate\",\"advice\":\"see: "
      "quicether help status\",\"details\":[]}}\n");
  CHECK(console.err.empty());
}

TEST_CASE("cli: version", "[cli]") {
  Console console;
  const std::string version{quicether::kVersion};
  for (const auto* const word : {"version", "--version"}) {
    CHECK(console.run({word}) == ExitCode::ok);
    CHECK(console.out == "quicether " + version + "\n");
  }
  CHECK(console.run({"version", "--json"}) == ExitCode::ok);
  CHECK(console.out == "{\"version\":\"" + version + "\"}\n");
}
