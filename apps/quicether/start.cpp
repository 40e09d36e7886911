#include "command.hpp"
#include "daemon.hpp"
#include "process.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace cli {
namespace {

using quicether::mgmt::Config;
using quicether::mgmt::ControlClient;

constexpr std::chrono::milliseconds kStep{50};
constexpr std::size_t kLogLinesShown = 10;

boost::system::result<Config, Failure> load(const Arguments& arguments) {
  auto flags = quicether::mgmt::parse_config_flags(arguments.config_flags);
  if (!flags) {
    return to_failure(flags.error());
  }
  const auto loaded = load_config(quicether::mgmt::system_config_sources(std::move(*flags)));
  if (!loaded) {
    return to_failure(loaded.error());
  }
  return loaded->config;
}

// One earlier log is kept.
std::filesystem::path prepare_log(const Arguments& arguments, const Config& config) {
  const std::filesystem::path log_file =
      arguments.value("log-file").value_or((config.node.state_dir / "qed.log").string());
  std::error_code ignored;  // if it cannot be made, qed cannot be started, which is reported
  std::filesystem::create_directories(log_file.parent_path(), ignored);
  std::filesystem::rename(log_file, log_file.string() + ".1", ignored);
  return log_file;
}

std::vector<std::string> last_lines(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  std::ifstream input{file};
  for (std::string line; std::getline(input, line);) {
    lines.push_back(quicether::mgmt::printable(line, 4096));
    if (lines.size() > kLogLinesShown) {
      lines.erase(lines.begin());
    }
  }
  return lines;
}

ExitCode report_ready(int process, ControlClient& client, Output& output, bool json) {
  const auto status = client.status();
  if (!status) {
    return output.fail(to_failure(status.error()));
  }
  const auto id = status->id.to_string();
  output.print(json ? fmt::format("{{\"process\":{},\"node_id\":\"{}\"}}\n", process, id)
                    : fmt::format("qed runs as process {}\nNode ID: {}\n", process, id));
  return ExitCode::ok;
}

Failure ended_early(int exit_code, const std::filesystem::path& log_file) {
  // qed's exit codes are of the same kind, so the script that called us learns the reason.
  const bool clean = exit_code == 0;
  return {clean ? ExitCode::unavailable : static_cast<ExitCode>(exit_code),
          fmt::format("qed ended with exit code {}", exit_code),
          "its log is " + log_file.string(),
          last_lines(log_file)};
}

ExitCode start_in_background(const Arguments& arguments, const Config& config, Output& output) {
  const auto limit = parse_wait(arguments.value("wait"), std::chrono::seconds{30});
  if (!limit) {
    return output.fail(limit.error());
  }
  const auto& socket = config.control.socket;
  if (const auto running = ControlClient::connect(socket)) {
    return output.fail({ExitCode::cannot_create,
                        fmt::format("qed runs already, as process {}", running->server_process()),
                        "to start another one, give it a state directory and a socket of its own",
                        {}});
  }
  const auto log_file = prepare_log(arguments, config);
  const auto process = spawn(find_qed(), arguments.config_flags, log_file);
  if (!process) {
    return output.fail(process.error());
  }
  const auto watch = ProcessWatch::open(*process);
  for (std::chrono::milliseconds waited{0}; waited < *limit; waited += kStep) {
    if (!watch || watch->ended_within(kStep)) {
      return output.fail(ended_early(reap(*process), log_file));
    }
    auto client = ControlClient::connect(socket);
    if (client && client->server_process() == *process) {
      return report_ready(*process, *client, output, arguments.has("json"));
    }
  }
  return output.fail(
      {ExitCode::try_again,
       fmt::format("qed (process {}) is not ready after {} s", *process, limit->count()),
       "its log is " + log_file.string(),
       last_lines(log_file)});
}

}  // namespace

ExitCode run_start(const Arguments& arguments, Output& output) {
  const auto config = load(arguments);
  if (!config) {
    return output.fail(config.error());
  }
  if (arguments.has("background")) {
    return start_in_background(arguments, *config, output);
  }
  for (const auto* const option : {"log-file", "wait", "json"}) {
    if (arguments.has(option)) {
      return output.fail({ExitCode::usage, fmt::format("--{} needs --background", option), {}, {}});
    }
  }
  return output.fail(replace_process(find_qed(), arguments.config_flags));
}

}  // namespace cli
