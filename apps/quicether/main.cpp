// quicether, the command line: starts, asks and stops qed. It uses only the library's public
// headers. docs/cli.md describes it.
#include "command.hpp"
#include "output.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

int main(int argc, char** argv) {
  const auto print_to = [](std::FILE* file) {
    return [file](std::string_view text) { fmt::print(file, "{}", text); };
  };
  cli::Output output{print_to(stdout), print_to(stderr)};
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    return static_cast<int>(cli::run(words, output));
  } catch (const std::exception& error) {
    return static_cast<int>(output.fail({cli::ExitCode::software, error.what(), {}, {}}));
  }
}
