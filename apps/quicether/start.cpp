// start: runs qed, in the foreground in place of this process, or in the background until it is
// ready or has failed.
#include "arguments.hpp"

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/control_client.hpp>

#include <fmt/format.h>

#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace cli {

namespace {

namespace fs = std::filesystem;
namespace mgmt = quicether::mgmt;

/// How long a daemon may take until its control socket answers: names may have to be looked up.
constexpr int kReadySeconds = 30;
constexpr int kPollMilliseconds = 50;

/// qed beside this program, else by PATH.
std::string daemon_program() {
  std::error_code error;
  const auto self = fs::read_symlink("/proc/self/exe", error);
  if (const auto beside = self.parent_path() / "qed"; !error && fs::exists(beside)) {
    return beside.string();
  }
  return "qed";
}

std::vector<char*> to_argv(std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (auto& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  return argv;
}

int start_in_foreground(std::vector<std::string> words) {
  auto argv = to_argv(words);
  ::execvp(argv[0], argv.data());
  fmt::print(stderr, "quicether: cannot run {}: {}\n", words[0], std::strerror(errno));
  return kUnavailable;
}

/// The exit code of a child that has ended; waits at most `milliseconds`.
bool ended(int process, int milliseconds, int& exit_code) {
  const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  pollfd exit{descriptor, POLLIN, 0};
  const bool gone = descriptor < 0 || ::poll(&exit, 1, milliseconds) == 1;
  if (descriptor >= 0) {
    ::close(descriptor);
  }
  if (!gone) {
    return false;
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : kUnavailable;
  return true;
}

int start_in_background(std::vector<std::string> words, const fs::path& socket) {
  auto argv = to_argv(words);
  posix_spawnattr_t attributes{};
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_t files{};
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", 0, 0);
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, argv[0], &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    fmt::print(stderr, "quicether: cannot run {}: {}\n", words[0], std::strerror(failed));
    return kUnavailable;
  }
  for (int waited = 0; waited < kReadySeconds * 1000; waited += kPollMilliseconds) {
    int exit_code = kOk;
    if (ended(process, kPollMilliseconds, exit_code)) {
      return exit_code == kOk ? kUnavailable : exit_code;  // It has said why.
    }
    const auto client = mgmt::ControlClient::connect(socket);
    if (client && client->server_process() == process) {
      fmt::print("qed runs as process {}\n", process);
      return kOk;
    }
  }
  fmt::print(stderr, "quicether: process {} is not ready after {} s\n", process, kReadySeconds);
  return kUnavailable;
}

}  // namespace

int run_start(const std::vector<std::string>& arguments) {
  auto words = arguments;
  const bool background = std::erase(words, "--background") != 0;
  const auto flags = mgmt::parse_config_flags(words);
  if (!flags) {
    fmt::print(stderr, "{}\nTry 'quicether help start'.\n", flags.error().to_string());
    return kUsage;
  }
  words.insert(words.begin(), daemon_program());
  if (!background) {
    return start_in_foreground(std::move(words));
  }
  const auto loaded = mgmt::load_config(mgmt::system_config_sources(*flags));
  if (!loaded) {
    fmt::print(stderr, "{}", loaded.error().to_string());
    return loaded.error().usage ? kUsage : kBadConfig;
  }
  return start_in_background(std::move(words), loaded->config.control.socket);
}

}  // namespace cli
