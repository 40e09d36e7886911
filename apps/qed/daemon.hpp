#ifndef QUICETHER_APPS_QED_DAEMON_HPP
#define QUICETHER_APPS_QED_DAEMON_HPP

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/control_server.hpp>
#include <quicether/mgmt/log.hpp>
#include <quicether/mgmt/monitoring_server.hpp>
#include <quicether/mgmt/network_state.hpp>
#include <quicether/mgmt/node_config.hpp>
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
class Daemon final : public quicether::mgmt::ControlHandler {
 public:
  /// `flags` are applied again at each reload.
  Daemon(boost::asio::io_context& io,
         quicether::mgmt::ParsedFlags flags,
         quicether::mgmt::LoadedConfig loaded);
  ~Daemon() override;

  /// Starts, serves until told to stop, and returns the exit code.
  int run();

  quicether::NodeStatus status() override;
  std::vector<quicether::PeerStatus> peers() override;
  std::vector<quicether::RouteStatus> routes() override;
  quicether::Netcheck netcheck() override;
  quicether::mgmt::ReloadOutcome reload() override;
  std::string config() override;
  quicether::mgmt::Answer<std::string> create_network(const std::string& name) override;
  void join_network(const std::string& invite,
                    quicether::mgmt::AnswerHandler<std::string> done) override;
  quicether::mgmt::Answer<std::string> leave_network() override;
  std::optional<quicether::NetworkStatus> network() override;
  quicether::mgmt::Answer<quicether::mgmt::NewInvite> create_invite(
      bool once, quicether::Duration lifetime) override;
  quicether::NameAnswer resolve(const std::string& text) override;
  void ping(const std::string& text,
            quicether::Duration timeout,
            quicether::mgmt::AnswerHandler<quicether::mgmt::PingAnswer> done) override;
  void discover_node(
      const std::string& text,
      quicether::mgmt::AnswerHandler<std::optional<quicether::FoundNode>> done) override;
  void discover_subnet(const quicether::Prefix& subnet,
                       quicether::mgmt::AnswerHandler<quicether::FoundSubnet> done) override;
  void stop() override;

 private:
  /// What a configuration comes to: a Node's, or why not.
  struct Prepared {
    std::optional<quicether::NodeConfig> node{};
    std::vector<std::string> warnings{};
    std::vector<std::string> errors{};
  };

  [[nodiscard]] Prepared prepare(const quicether::mgmt::LoadedConfig& loaded) const;
  int fail(int code, const std::string& message);
  boost::asio::awaitable<void> start();
  boost::asio::awaitable<void> keep_resolving();
  void use_hosts(quicether::mgmt::ResolvedHosts hosts);
  boost::asio::awaitable<void> watch_signals();
  [[nodiscard]] int open_node();
  void warn(const std::vector<std::string>& warnings);
  [[nodiscard]] bool load_network();
  [[nodiscard]] std::optional<quicether::mgmt::Refusal> why_no_other_network() const;
  /// For a node that is in no network, or waits for the one that it is to join.
  [[nodiscard]] std::string why_no_member();
  [[nodiscard]] quicether::mgmt::Answer<std::string> enter_network(
      quicether::mgmt::NetworkState state);
  [[nodiscard]] quicether::mgmt::Answer<std::string> apply_network();
  void on_granted(const quicether::record::Invite& invite, const quicether::wire::Grant& grant);
  boost::asio::awaitable<void> redeem_pending();
  void shut_down();

  boost::asio::io_context& io_;
  quicether::mgmt::ParsedFlags flags_;
  quicether::mgmt::LoadedConfig loaded_;
  quicether::mgmt::ResolvedHosts hosts_{};
  quicether::mgmt::LogSink log_;
  std::unique_ptr<quicether::Environment> environment_{};
  std::optional<quicether::Identity> identity_{};
  std::unique_ptr<quicether::Node> node_{};
  std::unique_ptr<quicether::mgmt::MonitoringServer> monitoring_{};
  std::unique_ptr<quicether::mgmt::ControlServer> control_{};
  boost::asio::signal_set signals_;
  boost::asio::steady_timer resolve_again_;
  boost::asio::steady_timer redeem_again_;
  std::optional<quicether::mgmt::NetworkState> network_{};
  std::uint64_t network_changes_ = 0;  ///< what was asked before the last one is void
  std::vector<std::string> warnings_{};
  int exit_code_ = 0;
  bool stopping_ = false;
};

}  // namespace qed

#endif  // QUICETHER_APPS_QED_DAEMON_HPP
