#ifndef QUICETHER_APPS_QUICETHER_OUTPUT_HPP
#define QUICETHER_APPS_QUICETHER_OUTPUT_HPP

#include "exit_code.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// Why a command failed, and what to do about it.
struct Failure {
  ExitCode code = ExitCode::software;
  std::string message{};               ///< one clause
  std::string advice{};                ///< one clause; empty: none
  std::vector<std::string> details{};  ///< a line each
};

/// Where a command prints. What it prints is safe for a terminal: the caller has escaped it.
class Output {
 public:
  using Write = std::function<void(std::string_view)>;

  Output(Write to_stdout, Write to_stderr);

  /// From now on failures are JSON on standard output, not text on standard error.
  void use_json() noexcept { json_ = true; }

  [[nodiscard]] bool json() const noexcept { return json_; }

  /// Prints a result.
  void print(std::string_view text) const { out_(text); }

  /// Prints a remark on standard error.
  void remark(std::string_view text) const { err_(text); }

  /// Prints why it failed and returns the code.
  [[nodiscard]] ExitCode fail(const Failure& failure) const;

 private:
  Write out_;
  Write err_;
  bool json_ = false;
};

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_OUTPUT_HPP
