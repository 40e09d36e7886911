#ifndef QUICETHER_TESTS_UNIT_CLI_CONSOLE_HPP
#define QUICETHER_TESTS_UNIT_CLI_CONSOLE_HPP

#include "command.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli::test {

/// Runs command lines and keeps what they print.
struct Console {
  std::string out{};
  std::string err{};

  ExitCode run(const std::vector<std::string>& words) {
    out.clear();
    err.clear();
    Output output{[this](std::string_view text) { out += text; },
                  [this](std::string_view text) { err += text; }};
    return cli::run(words, output);
  }
};

}  // namespace cli::test

#endif  // QUICETHER_TESTS_UNIT_CLI_CONSOLE_HPP
