#include "process.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace cli {
namespace {

std::vector<char*> to_argv(std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (auto& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  return argv;
}

std::vector<std::string> with_program(const std::filesystem::path& program,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

Failure cannot_run(const std::filesystem::path& program, int error) {
  return {
      error == EACCES ? ExitCode::not_permitted : ExitCode::no_input,
      fmt::format("cannot run {}: {}", program.string(), std::generic_category().message(error)),
      "qed is looked for beside quicether and on PATH",
      {}};
}

}  // namespace

std::optional<ProcessWatch> ProcessWatch::open(int process) noexcept {
  // glibc 2.36 is the first with a wrapper for it.
  const auto descriptor =
      process > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, process, 0)) : -1;
  return descriptor < 0 ? std::nullopt : std::optional{ProcessWatch{descriptor}};
}

ProcessWatch::ProcessWatch(ProcessWatch&& other) noexcept
    : descriptor_{std::exchange(other.descriptor_, -1)} {}

ProcessWatch::~ProcessWatch() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

bool ProcessWatch::ended_within(std::chrono::milliseconds limit) const noexcept {
  pollfd exit{descriptor_, POLLIN, 0};
  return ::poll(&exit, 1, static_cast<int>(limit.count())) == 1;
}

std::filesystem::path find_qed() {
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  const auto beside = self.parent_path() / "qed";
  return !failed && ::access(beside.c_str(), X_OK) == 0 ? beside : "qed";
}

Failure replace_process(const std::filesystem::path& program,
                        const std::vector<std::string>& arguments) {
  auto words = with_program(program, arguments);
  ::execvp(program.c_str(), to_argv(words).data());
  return cannot_run(program, errno);
}

boost::system::result<int, Failure> spawn(const std::filesystem::path& program,
                                          const std::vector<std::string>& arguments,
                                          const std::filesystem::path& log_file) {
  auto words = with_program(program, arguments);
  const auto argv = to_argv(words);
  constexpr mode_t kPrivate = 0600;
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_t files{};
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(
      &files, STDOUT_FILENO, log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, kPrivate);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  pid_t process = 0;
  const int error =
      ::posix_spawnp(&process, program.c_str(), &files, &attributes, argv.data(), ::environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return cannot_run(program, error);
  }
  return process;
}

int reap(int process) noexcept {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  constexpr int kSignalled = 128;  // as shells count
  return WIFEXITED(status) ? WEXITSTATUS(status) : kSignalled + WTERMSIG(status);
}

boost::system::result<std::chrono::seconds, Failure> parse_wait(
    const std::optional<std::string>& text, std::chrono::seconds otherwise) {
  if (!text) {
    return otherwise;
  }
  int seconds = 0;
  const auto* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, seconds);
  if (parsed.ec != std::errc{} || parsed.ptr != end || seconds < 1 || seconds > 3600) {
    return Failure{ExitCode::usage,
                   fmt::format("--wait: found {}, expected seconds from 1 to 3600",
                               quicether::mgmt::quote(*text, 64)),
                   {},
                   {}};
  }
  return std::chrono::seconds{seconds};
}

}  // namespace cli
