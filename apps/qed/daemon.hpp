#ifndef QUICETHER_APPS_QED_DAEMON_HPP
#define QUICETHER_APPS_QED_DAEMON_HPP

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/control_server.hpp>
#include <quicether/mgmt/log.hpp>
#include <quicether/mgmt/monitoring_server.hpp>
#include <quicether/mgmt/node_config.hpp>
#include <quicether/mgmt/node_control.hpp>
#include <quicether/node.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace qed {

/// One running daemon: a Node, its log and its control socket, and what signals ask of them.
class Daemon final : public quicether::mgmt::NodeProgram {
 public:
  /// `flags` are applied again at each reload.
  Daemon(boost::asio::io_context& io,
         quicether::mgmt::ParsedFlags flags,
         quicether::mgmt::LoadedConfig loaded);
  ~Daemon() override;

  /// Starts, serves until told to stop, and returns the exit code.
  int run();

  const quicether::mgmt::Config& configuration() const override;
  std::vector<std::string> warnings() const override;
  quicether::mgmt::ReloadOutcome reload() override;
  quicether::mgmt::Answer<void> use_network(
      const std::optional<quicether::mgmt::NetworkState>& network) override;
  void stop() override;

 private:
  /// What a configuration comes to: a Node's, or why not.
  struct Prepared {
    std::optional<quicether::NodeConfig> node{};
    std::vector<std::string> warnings{};
    std::vector<std::string> errors{};
  };

  [[nodiscard]] Prepared prepare(const quicether::mgmt::LoadedConfig& loaded,
                                 const std::optional<quicether::mgmt::NetworkState>& network) const;
  int fail(int code, const std::string& message);
  boost::asio::awaitable<void> start();
  boost::asio::awaitable<void> keep_resolving();
  void use_hosts(quicether::mgmt::ResolvedHosts hosts);
  boost::asio::awaitable<void> watch_signals();
  [[nodiscard]] int open_node();
  [[nodiscard]] int open_ports();
  void warn(const std::vector<std::string>& warnings);
  void shut_down();

  boost::asio::io_context& io_;
  quicether::mgmt::ParsedFlags flags_;
  quicether::mgmt::LoadedConfig loaded_;
  quicether::mgmt::ResolvedHosts hosts_{};
  quicether::mgmt::LogSink log_;
  std::unique_ptr<quicether::Environment> environment_{};
  std::optional<quicether::Identity> identity_{};
  std::unique_ptr<quicether::Node> node_{};
  std::unique_ptr<quicether::mgmt::NodeControl> control_{};
  std::unique_ptr<quicether::mgmt::MonitoringServer> monitoring_{};
  std::unique_ptr<quicether::mgmt::ControlServer> control_server_{};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer resolve_again_;
  std::vector<std::string> warnings_{};
  int exit_code_ = 0;
  bool stopping_ = false;
};

}  // namespace qed

#endif  // QUICETHER_APPS_QED_DAEMON_HPP
