#include "command.hpp"
#include "daemon.hpp"
#include "process.hpp"

#include <fmt/format.h>

#include <poll.h>

#include <chrono>

namespace cli {
namespace {

using quicether::mgmt::ControlClient;
using quicether::mgmt::ControlError;

constexpr std::chrono::milliseconds kStep{50};

// Without a handle on the process: until nobody serves the socket.
bool socket_closed_within(const std::filesystem::path& socket, std::chrono::milliseconds limit) {
  for (std::chrono::milliseconds waited{0}; waited < limit; waited += kStep) {
    const auto client = ControlClient::connect(socket, std::chrono::seconds{1});
    if (!client && client.error().kind == ControlError::Kind::not_running) {
      return true;
    }
    ::poll(nullptr, 0, static_cast<int>(kStep.count()));
  }
  return false;
}

}  // namespace

ExitCode run_stop(const Arguments& arguments, Output& output) {
  const auto limit = parse_wait(arguments.value("wait"), std::chrono::seconds{30});
  if (!limit) {
    return output.fail(limit.error());
  }
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const int process = client->server_process();
  const auto watch = ProcessWatch::open(process);
  const auto asked = client->stop();
  if (!asked) {
    return output.fail(to_failure(asked.error()));
  }
  const bool gone =
      watch ? watch->ended_within(*limit) : socket_closed_within(find_socket(arguments), *limit);
  if (!gone) {
    return output.fail(
        {ExitCode::try_again,
         fmt::format("qed (process {}) is still stopping after {} s", process, limit->count()),
         "see what it logs",
         {}});
  }
  output.print(arguments.has("json") ? fmt::format("{{\"stopped\":true,\"process\":{}}}\n", process)
                                     : fmt::format("qed (process {}) has stopped\n", process));
  return ExitCode::ok;
}

}  // namespace cli
