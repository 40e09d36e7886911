#ifndef QUICETHER_APPS_QUICETHER_PROCESS_HPP
#define QUICETHER_APPS_QUICETHER_PROCESS_HPP

#include "output.hpp"

#include <boost/system/result.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cli {

/// A handle on a running process that cannot come to mean another one (pidfd). Moves, does not
/// copy.
class ProcessWatch {
 public:
  /// None when there is no such process, or the system cannot watch it.
  [[nodiscard]] static std::optional<ProcessWatch> open(int process) noexcept;

  ProcessWatch(ProcessWatch&& other) noexcept;
  ProcessWatch& operator=(ProcessWatch&&) = delete;
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;
  ~ProcessWatch();

  /// True once the process has ended; waits for that at most `limit`.
  [[nodiscard]] bool ended_within(std::chrono::milliseconds limit) const noexcept;

 private:
  explicit ProcessWatch(int descriptor) noexcept : descriptor_{descriptor} {}

  int descriptor_;
};

/// qed beside this program, else the first on PATH.
[[nodiscard]] std::filesystem::path find_qed();

/// Replaces this process. Returns only when that failed, with the reason.
[[nodiscard]] Failure replace_process(const std::filesystem::path& program,
                                      const std::vector<std::string>& arguments);

/// Starts a program in a session of its own, its output appended to `log_file` (mode 0600).
/// Returns its process number.
[[nodiscard]] boost::system::result<int, Failure> spawn(const std::filesystem::path& program,
                                                        const std::vector<std::string>& arguments,
                                                        const std::filesystem::path& log_file);

/// The exit code of an ended child.
[[nodiscard]] int reap(int process) noexcept;

/// --wait, or `otherwise`.
///
/// **Errors:** no number of seconds from 1 to 3600.
[[nodiscard]] boost::system::result<std::chrono::seconds, Failure> parse_wait(
    const std::optional<std::string>& text, std::chrono::seconds otherwise);

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_PROCESS_HPP
