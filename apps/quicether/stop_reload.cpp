// stop and reload: ask the daemon to do something and wait until it is done.
#include "arguments.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cli {

namespace {

using quicether::mgmt::json_quote;
using quicether::mgmt::printable;

/// How long a daemon may take to tell its peers and remove its TUN.
constexpr int kStopMilliseconds = 15000;

/// Waits until a process has ended; false after the time limit.
bool wait_for_end(int process) {
  const auto descriptor = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (descriptor < 0) {
    return true;  // It is gone already.
  }
  pollfd ended{descriptor, POLLIN, 0};
  const auto ready = ::poll(&ended, 1, kStopMilliseconds);
  ::close(descriptor);
  return ready == 1;
}

std::string json_list(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) {
    text += (text.empty() ? "" : ",") + json_quote(item);
  }
  return "[" + text + "]";
}

void print_list(std::string_view title, const std::vector<std::string>& items) {
  for (const auto& item : items) {
    fmt::print("{}: {}\n", title, printable(item, 1024));
  }
}

}  // namespace

int run_stop(const std::vector<std::string>& words) {
  const auto arguments = parse("stop", words);
  if (!arguments) {
    return kUsage;
  }
  int exit_code = kOk;
  auto client = connect(*arguments, exit_code);
  if (!client) {
    return exit_code;
  }
  const auto process = client->server_process();
  if (const auto stopped = client->stop(); !stopped) {
    return report(stopped.error());
  }
  if (process > 0 && !wait_for_end(process)) {
    fmt::print(stderr, "quicether: process {} does not stop\n", process);
    return kUnavailable;
  }
  if (arguments->has("json")) {
    fmt::print("{{\"stopped\":true}}\n");
  }
  return kOk;
}

int run_reload(const std::vector<std::string>& words) {
  const auto arguments = parse("reload", words);
  if (!arguments) {
    return kUsage;
  }
  int exit_code = kOk;
  auto client = connect(*arguments, exit_code);
  if (!client) {
    return exit_code;
  }
  const auto outcome = client->reload();
  if (!outcome) {
    return report(outcome.error());
  }
  if (arguments->has("json")) {
    fmt::print("{{\"applied\":{},\"needs_restart\":{},\"warnings\":{}}}\n",
               json_list(outcome->applied),
               json_list(outcome->needs_restart),
               json_list(outcome->warnings));
    return kOk;
  }
  print_list("applied", outcome->applied);
  print_list("needs a restart", outcome->needs_restart);
  print_list("warning", outcome->warnings);
  if (outcome->applied.empty() && outcome->needs_restart.empty()) {
    fmt::print("nothing changed\n");
  }
  return kOk;
}

}  // namespace cli
