#include "mgmt/config_merge.hpp"
#include "mgmt/file_io.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace quicether::mgmt {
namespace {

constexpr std::size_t kErrorsShownMax = 100;

std::string describe_secret_error(const error_code& error) {
  if (error == errc::is_symlink) {
    return "is a symbolic link, expected the file itself";
  }
  if (error == errc::wrong_owner) {
    return "belongs to another user, expected this one or root";
  }
  if (error == errc::insecure_permissions) {
    return "can be read or written by others, expected mode 0600: chmod 600 it";
  }
  if (error == errc::malformed) {
    return "is no regular file";
  }
  if (error == errc::empty_file) {
    return "is empty";
  }
  if (error == errc::truncated) {
    return "has fewer than 8 bytes, too few for a secret";
  }
  if (error == errc::too_large) {
    return "has more than 1024 bytes";
  }
  return "cannot be read: " + error.message();
}

}  // namespace

void ConfigMerge::set_defaults(const ConfigSources& sources) {
  auto& config = loaded_.config;
  if (config.node.state_dir.empty()) {
    config.node.state_dir = default_state_dir(sources);
  }
  if (config.control.socket.empty()) {
    config.control.socket = default_control_socket(sources);
  }
}

// DHT and QUIC share one UDP port, so either key may give it.
void ConfigMerge::check_ports() {
  auto& config = loaded_.config;
  const auto dht_port = config.discovery.dht_port;
  if (!dht_port) {
    return;
  }
  if (!has_origin("node.listen")) {
    config.node.listen.port = *dht_port;
  } else if (config.node.listen.port != *dht_port) {
    fail_key("discovery.dht_port",
             fmt::format("found {}, expected {}, the port of node.listen ({})",
                         *dht_port,
                         config.node.listen.port,
                         origin_of("node.listen")));
  }
}

void ConfigMerge::check_timeouts() {
  const auto& transport = loaded_.config.transport;
  if (transport.keep_alive >= transport.idle_timeout) {
    const bool own = has_origin("transport.keep_alive");
    fail_key(own ? "transport.keep_alive" : "transport.idle_timeout",
             "keep_alive must be shorter than idle_timeout, or idle sessions would end");
  }
}

// Within one source the names were compared already, with a better place.
void ConfigMerge::check_peer_names() {
  if (!errors_.empty()) {
    return;
  }
  std::map<std::string_view, std::size_t> count;
  for (const auto& peer : loaded_.config.peer) {
    if (!peer.name.empty() && ++count[peer.name] == 2) {
      fail({origin_of("peer"), {}},
           "peer.name",
           fmt::format("found {} for two peers, expected one", quote(peer.name)));
    }
  }
}

void ConfigMerge::check_network(bool read_secrets) {
  auto& network = loaded_.config.network;
  if (!network.secret_file) {
    if (!network.name.empty()) {
      warn_key("network.name", "without network.secret_file it admits nobody");
    }
    return;
  }
  if (network.name.empty()) {
    fail_key("network.secret_file", "needs network.name: the name and the secret make the network");
  }
  if (!read_secrets) {
    return;
  }
  auto secret = read_secret_file(*network.secret_file);
  if (!secret) {
    fail_key(
        "network.secret_file",
        fmt::format(
            "{} {}", quote(network.secret_file->string()), describe_secret_error(secret.error())));
    return;
  }
  network.secret = std::move(*secret);
}

// Whoever can connect can read, so that only this machine may.
void ConfigMerge::check_monitoring() {
  const auto check = [this](std::string_view key, const std::optional<SocketAddress>& address) {
    if (address && !address->address.is_loopback()) {
      fail_key(key,
               fmt::format("found {}, expected a loopback address such as 127.0.0.1:{}: it asks "
                           "nobody for a password",
                           quote(address->to_string()),
                           address->port));
    }
  };
  check("monitoring.metrics_addr", loaded_.config.monitoring.metrics_addr);
  check("monitoring.health_addr", loaded_.config.monitoring.health_addr);
}

void ConfigMerge::check_availability() {
  for (const auto& spec : config_schema()) {
    if (spec.availability == Availability::available || !spec.is_set(loaded_.config)) {
      continue;
    }
    const auto text = fmt::format("configured but not available in this version: {}", spec.effect);
    if (spec.availability == Availability::ignored) {
      warn_key(spec.name, text);
    } else {
      fail_key(spec.name, text + "; refusing to start less safe than configured");
    }
  }
}

ConfigResult ConfigMerge::finish(const ConfigSources& sources) && {
  set_defaults(sources);
  check_ports();
  check_timeouts();
  check_peer_names();
  check_network(sources.read_secrets);
  check_monitoring();
  check_availability();
  if (errors_.empty()) {
    return std::move(loaded_);
  }
  ConfigErrors errors;
  errors.usage = std::all_of(errors_.begin(), errors_.end(), [](const Found& found) {
    return found.diagnostic.where.starts_with("flag ");
  });
  const auto shown = std::min(errors_.size(), kErrorsShownMax);
  for (std::size_t i = 0; i < shown; ++i) {
    errors.errors.push_back(std::move(errors_[i].diagnostic));
  }
  if (shown < errors_.size()) {
    errors.errors.push_back(
        {"configuration", {}, fmt::format("{} more errors are not shown", errors_.size() - shown)});
  }
  return errors;
}

}  // namespace quicether::mgmt
