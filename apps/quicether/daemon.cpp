#include "daemon.hpp"

#include <quicether/mgmt/text.hpp>
#include <quicether/system_environment.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <system_error>
#include <utility>

namespace cli {
namespace {

using quicether::mgmt::ConfigErrors;
using quicether::mgmt::ConfigSources;
using quicether::mgmt::ControlClient;
using quicether::mgmt::ControlError;
using quicether::mgmt::printable;

ExitCode exit_code_of(const ControlError& error) {
  switch (error.kind) {
    case ControlError::Kind::not_running:
      return ExitCode::unavailable;
    case ControlError::Kind::not_permitted:
      return ExitCode::not_permitted;
    case ControlError::Kind::timed_out:
      return ExitCode::try_again;
    case ControlError::Kind::incompatible:
    case ControlError::Kind::broken:
      return ExitCode::protocol;
    case ControlError::Kind::declined:
      return ExitCode::declined;
    case ControlError::Kind::refused:
      return error.details.empty() ? ExitCode::try_again : ExitCode::config;
  }
  return ExitCode::software;
}

std::string advice_for(const ControlError& error) {
  switch (error.kind) {
    case ControlError::Kind::not_running:
      return "start it: quicether start";
    case ControlError::Kind::not_permitted:
      return "run this as root or as the user that runs qed";
    case ControlError::Kind::timed_out:
      return "see what the daemon logs";
    case ControlError::Kind::incompatible:
      return "quicether and qed are of different releases: update both, restart qed";
    case ControlError::Kind::broken:
      return "is this the socket of qed?";
    case ControlError::Kind::declined:
    case ControlError::Kind::refused:
      return {};
  }
  return {};
}

bool may_exist(const std::filesystem::path& path) {
  std::error_code unknown;  // a folder that this user may not look into
  return std::filesystem::exists(path, unknown) || unknown;
}

}  // namespace

std::vector<OptionSpec> daemon_options() {
  return {
      {"control-socket", "PATH", "where the daemon listens", Offer::files, {}},
      {"config", "FILE", "find the socket by this configuration", Offer::files, {}},
      {"json", "", "print JSON", Offer::nothing, {}},
      {"help", "", "print this help", Offer::nothing, {}},
  };
}

ConfigSources config_sources(const Arguments& arguments) {
  quicether::mgmt::ParsedFlags flags;
  if (const auto file = arguments.value("config")) {
    flags.config_file = *file;
  }
  auto sources = quicether::mgmt::system_config_sources(std::move(flags));
  sources.read_secrets = false;
  return sources;
}

std::filesystem::path find_socket(const Arguments& arguments) {
  if (const auto path = arguments.value("control-socket")) {
    return *path;
  }
  const auto sources = config_sources(arguments);
  const auto loaded = load_config(sources);
  // A wrong configuration must not keep anyone from stopping the daemon that still runs.
  auto own =
      loaded ? loaded->config.control.socket : quicether::mgmt::default_control_socket(sources);
  ConfigSources of_system;
  of_system.superuser = true;
  auto system = quicether::mgmt::default_control_socket(of_system);
  return !sources.superuser && !may_exist(own) && may_exist(system) ? system : own;
}

boost::system::result<ControlClient, Failure> connect(const Arguments& arguments) {
  auto client = ControlClient::connect(find_socket(arguments));
  if (!client) {
    return to_failure(client.error());
  }
  return std::move(*client);
}

Failure to_failure(const ControlError& error) {
  Failure failure{exit_code_of(error), printable(error.message), advice_for(error), {}};
  for (const auto& detail : error.details) {
    failure.details.push_back(printable(detail, 4096));
  }
  return failure;
}

boost::system::result<StateFolder, Failure> open_state(const Arguments& arguments) {
  const auto loaded = load_config(config_sources(arguments));
  if (!loaded) {
    return to_failure(loaded.error());
  }
  if (const auto& name = loaded->config.network.name; !name.empty()) {
    return Failure{
        ExitCode::config,
        fmt::format("the configuration says which network: network.name is \"{}\"", name),
        {},
        {}};
  }
  const auto folder = loaded->config.node.state_dir.string();
  auto store = quicether::open_state_directory(folder);
  if (!store) {
    const auto& error = store.error();
    return Failure{error == quicether::errc::permission_denied ? ExitCode::not_permitted
                                                               : ExitCode::io_failure,
                   quicether::explain_state_directory(error, folder),
                   {},
                   {}};
  }
  auto state = quicether::mgmt::load_network_state(**store);
  if (!state) {
    return Failure{
        ExitCode::config, quicether::mgmt::explain_network_state(state.error(), folder), {}, {}};
  }
  return StateFolder{std::move(*store), std::move(*state)};
}

Failure save_failure(const quicether::error_code& error) {
  return {ExitCode::io_failure, "the network cannot be saved: " + error.message(), {}, {}};
}

bool may_act_offline(const Failure& failure, const Arguments& arguments) {
  return failure.code == ExitCode::unavailable && !arguments.has("control-socket");
}

Failure to_failure(const ConfigErrors& errors) {
  Failure failure{errors.usage ? ExitCode::usage : ExitCode::config,
                  errors.usage ? "wrong flags" : "the configuration is wrong",
                  {},
                  {}};
  for (const auto& error : errors.errors) {
    failure.details.push_back(error.to_string());
  }
  return failure;
}

}  // namespace cli
