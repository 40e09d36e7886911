#ifndef QUICETHER_APPS_QUICETHER_DAEMON_HPP
#define QUICETHER_APPS_QUICETHER_DAEMON_HPP

#include "arguments.hpp"
#include "command.hpp"

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/control_client.hpp>
#include <quicether/mgmt/network_state.hpp>

#include <boost/system/result.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace cli {

/// Options of every command that asks the daemon.
[[nodiscard]] std::vector<OptionSpec> daemon_options();

/// The daemon's socket: --control-socket, or what the configuration says.
[[nodiscard]] std::filesystem::path find_socket(const Arguments& arguments);

/// Connects to the running daemon.
[[nodiscard]] boost::system::result<quicether::mgmt::ControlClient, Failure> connect(
    const Arguments& arguments);

/// An error of the daemon in words for the user.
[[nodiscard]] Failure to_failure(const quicether::mgmt::ControlError& error);

/// Errors of the configuration in words for the user.
[[nodiscard]] Failure to_failure(const quicether::mgmt::ConfigErrors& errors);

/// The sources of the configuration, with --config if it was given.
[[nodiscard]] quicether::mgmt::ConfigSources config_sources(const Arguments& arguments);

/// The state directory of a daemon that does not run, and the network in it.
struct StateFolder {
  std::unique_ptr<quicether::Store> store{};
  std::optional<quicether::mgmt::NetworkState> network{};
};

/// Takes the state directory, as the daemon does, so that none can start meanwhile.
///
/// **Errors:** the configuration names a network; it is in use; it cannot be read.
[[nodiscard]] boost::system::result<StateFolder, Failure> open_state(const Arguments& arguments);

[[nodiscard]] Failure save_failure(const quicether::error_code& error);

/// True when connect() failed because no daemon is there, and the state directory tells what its
/// network is. Who names a socket means the daemon there and no other.
[[nodiscard]] bool may_act_offline(const Failure& failure, const Arguments& arguments);

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_DAEMON_HPP
