#include "daemon.hpp"

#include "exit_code.hpp"

#include <quicether/core/policy/rule.hpp>
#include <quicether/mgmt/host_resolver.hpp>
#include <quicether/mgmt/policy_file.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>

namespace qed {

namespace asio = boost::asio;
namespace mgmt = quicether::mgmt;
using quicether::condition;
using quicether::errc;

namespace {

/// Host names without an address are looked up again this often.
constexpr std::chrono::seconds kResolveInterval{30};

quicether::UnixSeconds wall_clock() {
  return std::time(nullptr);
}

std::vector<std::string> to_lines(const std::vector<mgmt::Diagnostic>& diagnostics) {
  std::vector<std::string> lines;
  lines.reserve(diagnostics.size());
  for (const auto& diagnostic : diagnostics) {
    lines.push_back(diagnostic.to_string());
  }
  return lines;
}

/// What this machine is called, without its domain; empty: nothing that tells it from others.
std::string machine_name() {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) {
    return {};
  }
  const std::string_view whole{buffer.data()};
  const auto name = whole.substr(0, whole.find('.'));
  return quicether::policy::is_node_name(name) && name != "localhost" ? std::string{name}
                                                                      : std::string{};
}

/// Keeps the process on these CPUs; none: on any.
bool pin(const std::vector<unsigned>& cpus) {
  if (cpus.empty()) {
    return true;
  }
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const auto cpu : cpus) {
    CPU_SET(cpu, &set);
  }
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

int exit_code_for(quicether::error_code error) {
  return error == errc::permission_denied ? kNoPermission : kUnavailable;
}

}  // namespace

Daemon::Daemon(asio::io_context& io, mgmt::ParsedFlags flags, mgmt::LoadedConfig loaded)
    : io_{io},
      flags_{std::move(flags)},
      loaded_{std::move(loaded)},
      log_{mgmt::stderr_log_options(loaded_.config.monitoring, wall_clock)},
      signals_{io, SIGINT, SIGTERM, SIGHUP},
      resolve_again_{io} {}

Daemon::~Daemon() = default;

int Daemon::run() {
  asio::co_spawn(io_, start(), asio::detached);
  io_.run();
  return exit_code_;
}

int Daemon::fail(int code, const std::string& message) {
  fmt::print(stderr, "qed: {}\n", message);
  exit_code_ = code;
  signals_.cancel();
  io_.stop();
  return code;
}

void Daemon::warn(const std::vector<std::string>& warnings) {
  for (const auto& warning : warnings) {
    log_.on_event({"config.warning", quicether::Severity::warning, {{"about", warning}}});
  }
}

/// Turns a configuration and its policy file into a Node's configuration, without side effects.
Daemon::Prepared Daemon::prepare(const mgmt::LoadedConfig& loaded,
                                 const std::optional<mgmt::NetworkState>& network) const {
  Prepared prepared;
  prepared.warnings = to_lines(loaded.warnings);
  std::optional<std::vector<quicether::policy::Rule>> rules;
  if (const auto& path = loaded.config.security.policy_file) {
    auto file = mgmt::load_policy_file(*path, loaded.config);
    if (!file) {
      prepared.errors = to_lines(file.error().errors);
      return prepared;
    }
    const auto more = to_lines(file->warnings);
    prepared.warnings.insert(prepared.warnings.end(), more.begin(), more.end());
    rules = std::move(file->rules);
  }
  auto node = mgmt::make_node_config(loaded.config, hosts_, std::move(rules), network);
  if (!node) {
    prepared.errors.push_back("network: " + node.error().message());
    return prepared;
  }
  prepared.node = std::move(*node);
  if (prepared.node->name.empty()) {
    prepared.node->name = machine_name();
  }
  if (network && !loaded.config.network.name.empty()) {
    prepared.warnings.push_back("network.name: takes the place of the network that was joined");
  }
  return prepared;
}

asio::awaitable<void> Daemon::start() {
  // Names are looked up before the ports open, so that the first dial goes to the right place.
  hosts_ = co_await mgmt::async_resolve_hosts(
      io_.get_executor(), mgmt::host_names(loaded_.config), hosts_, asio::use_awaitable);
  if (open_node() != kOk) {
    co_return;
  }
  asio::co_spawn(io_, watch_signals(), asio::detached);
  asio::co_spawn(io_, keep_resolving(), asio::detached);
}

int Daemon::open_node() {
  if (!pin(loaded_.config.performance.cpu_affinity)) {
    return fail(kBadConfig, "performance.cpu_affinity: this machine has none of these CPUs");
  }
  const auto& state_dir = loaded_.config.node.state_dir.string();
  auto store = quicether::open_state_directory(state_dir);
  if (!store) {
    return fail(exit_code_for(store.error()),
                quicether::explain_state_directory(store.error(), state_dir));
  }
  const auto key_file = state_dir + "/node.key";
  auto identity = quicether::Identity::load_or_create(key_file);
  if (!identity) {
    return fail(
        kBadConfig,
        fmt::format("key file {}: {}", key_file, quicether::Identity::explain(identity.error())));
  }
  identity_.emplace(std::move(*identity));

  quicether::SystemOptions options;
  options.store = std::move(*store);
  options.events = &log_;
  options.shards = loaded_.config.performance.shards;
  options.segmentation_offload = loaded_.config.performance.offload;
  environment_ = quicether::system_environment(io_.get_executor(), std::move(options));

  auto network = mgmt::load_network_state(environment_->store());
  if (!network) {
    return fail(kBadConfig, mgmt::explain_network_state(network.error(), state_dir));
  }
  auto prepared = prepare(loaded_, *network);
  if (!prepared.node) {
    return fail(kBadConfig, fmt::format("{}", fmt::join(prepared.errors, "\nqed: ")));
  }
  warn(prepared.warnings);
  warnings_ = std::move(prepared.warnings);
  node_ = std::make_unique<quicether::Node>(*environment_, *identity_, std::move(*prepared.node));
  if (const auto started = node_->start(); !started) {
    return fail(exit_code_for(started.error()),
                fmt::format("{}: {}", node_->error_detail(), started.error().message()));
  }
  control_ = std::make_unique<mgmt::NodeControl>(*environment_, *node_, *this, std::move(*network));
  return open_ports();
}

int Daemon::open_ports() {
  auto monitoring = mgmt::MonitoringServer::open(
      *environment_, *control_, mgmt::monitoring_options(loaded_.config.monitoring));
  if (!monitoring) {
    return fail(exit_code_for(monitoring.error().code), monitoring.error().message);
  }
  monitoring_ = std::move(*monitoring);
  auto control = mgmt::ControlServer::open(
      *environment_, *control_, {.socket = loaded_.config.control.socket, .limits = {}});
  if (!control) {
    return fail(exit_code_for(control.error()),
                fmt::format("control socket {}: {}",
                            loaded_.config.control.socket.string(),
                            control.error().message()));
  }
  control_server_ = std::move(*control);
  log_.on_event({"node.ready",
                 quicether::Severity::info,
                 {{"id", identity_->node_id().to_string()},
                  {"listen", node_->transport().local_endpoint().to_string()}}});
  return kOk;
}

asio::awaitable<void> Daemon::watch_signals() {
  while (!stopping_) {
    auto [error, signal] = co_await signals_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (error) {
      co_return;
    }
    if (signal == SIGHUP) {
      const auto outcome = reload();
      warn(outcome.errors);
    } else {
      stop();
    }
  }
}

asio::awaitable<void> Daemon::keep_resolving() {
  auto asked = mgmt::host_names(loaded_.config);
  while (!stopping_) {
    resolve_again_.expires_after(
        asked == mgmt::host_names(loaded_.config) ? kResolveInterval : std::chrono::seconds{0});
    quicether::error_code ended;  // by reload() or stop()
    co_await resolve_again_.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (stopping_) {
      co_return;
    }
    asked = mgmt::host_names(loaded_.config);
    auto hosts =
        co_await mgmt::async_resolve_hosts(io_.get_executor(), asked, hosts_, asio::use_awaitable);
    use_hosts(std::move(hosts));
  }
}

void Daemon::use_hosts(mgmt::ResolvedHosts hosts) {
  if (!stopping_ && hosts != hosts_) {
    hosts_ = std::move(hosts);
    (void)use_network(control_->network_state());
  }
}

const mgmt::Config& Daemon::configuration() const {
  return loaded_.config;
}

std::vector<std::string> Daemon::warnings() const {
  return warnings_;
}

mgmt::Answer<void> Daemon::use_network(const std::optional<mgmt::NetworkState>& network) {
  auto prepared = prepare(loaded_, network);
  if (!prepared.node) {
    return mgmt::Refusal{fmt::format("{}", fmt::join(prepared.errors, "; "))};
  }
  if (const auto done = node_->reload(std::move(*prepared.node)); !done) {
    return mgmt::Refusal{fmt::format("{}: {}", node_->error_detail(), done.error().message())};
  }
  warnings_ = std::move(prepared.warnings);
  return {};
}

mgmt::ReloadOutcome Daemon::reload() {
  mgmt::ReloadOutcome outcome;
  auto loaded = mgmt::load_config(mgmt::system_config_sources(flags_));
  if (!loaded) {
    outcome.errors = to_lines(loaded.error().errors);
    return outcome;
  }
  auto prepared = prepare(*loaded, control_->network_state());
  if (!prepared.node) {
    outcome.errors = std::move(prepared.errors);
    return outcome;
  }
  const auto report = node_->reload(std::move(*prepared.node));
  if (!report) {
    outcome.errors.push_back(
        fmt::format("{}: {}", node_->error_detail(), report.error().message()));
    return outcome;
  }
  const auto changes = mgmt::compare_configs(loaded_.config, loaded->config);
  outcome.applied = changes.live;
  outcome.needs_restart = changes.restart;
  outcome.warnings = prepared.warnings;
  // The content of the policy file may change while its name does not.
  for (const auto& key : report->applied) {
    if (std::find(outcome.applied.begin(), outcome.applied.end(), key) == outcome.applied.end()) {
      outcome.applied.push_back(key);
    }
  }
  warnings_ = std::move(prepared.warnings);
  loaded_ = std::move(*loaded);
  resolve_again_.cancel();
  log_.set_level(loaded_.config.monitoring.log_level);
  log_.on_event({"config.reloaded", quicether::Severity::info, {}});
  return outcome;
}

void Daemon::stop() {
  if (std::exchange(stopping_, true)) {
    return;
  }
  signals_.cancel();
  resolve_again_.cancel();
  asio::post(io_, [this] { shut_down(); });
}

void Daemon::shut_down() {
  control_server_.reset();
  monitoring_.reset();
  control_.reset();
  node_->async_stop([this](quicether::error_code) {
    log_.on_event({"node.stopped", quicether::Severity::info, {}});
    io_.stop();
  });
}

}  // namespace qed
