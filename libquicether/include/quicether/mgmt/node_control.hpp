#ifndef QUICETHER_MGMT_NODE_CONTROL_HPP
#define QUICETHER_MGMT_NODE_CONTROL_HPP

#include <quicether/mgmt/config.hpp>
#include <quicether/mgmt/control_server.hpp>
#include <quicether/mgmt/network_state.hpp>
#include <quicether/node.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quicether::mgmt {

/// What a NodeControl leaves to the program around the Node: its configuration and its end.
/// Called on the Environment's thread.
class NodeProgram {
 public:
  NodeProgram() = default;
  NodeProgram(const NodeProgram&) = delete;
  NodeProgram& operator=(const NodeProgram&) = delete;
  virtual ~NodeProgram() = default;

  /// The configuration in effect.
  [[nodiscard]] virtual const Config& configuration() const = 0;

  /// What is remarkable about it, for status().
  [[nodiscard]] virtual std::vector<std::string> warnings() const = 0;

  /// Loads the configuration again and applies what it can, all or nothing.
  [[nodiscard]] virtual ReloadOutcome reload() = 0;

  /// Reloads the Node for the network that it is in now: make_node_config() takes `network`.
  [[nodiscard]] virtual Answer<void> use_network(const std::optional<NetworkState>& network) = 0;

  /// Begins to stop. Not from inside the call: the answer to a request is still to be sent.
  virtual void stop() = 0;
};

/// Answers what the control socket and the monitoring ports ask about a Node.
///
/// The Node's network is made, joined and left here: kept in the Environment's Store, handed to
/// the program, and an invite that was given while nothing ran is redeemed, again and again until
/// its inviter answers. Neither copyable nor movable. Threads: the Environment's.
class NodeControl final : public ControlHandler {
 public:
  /// `network`: as load_network_state() gave it when `node` was configured; all the others outlive
  /// the NodeControl. Destroy it before the Node stops.
  NodeControl(Environment& environment,
              Node& node,
              NodeProgram& program,
              std::optional<NetworkState> network);
  NodeControl(const NodeControl&) = delete;
  NodeControl& operator=(const NodeControl&) = delete;

  /// Requests about the network that are not answered yet are never answered.
  ~NodeControl() override;

  /// What commands made of the Node's network. What the configuration says comes before it.
  [[nodiscard]] const std::optional<NetworkState>& network_state() const noexcept;

  NodeStatus status() override;
  std::vector<PeerStatus> peers() override;
  std::vector<RouteStatus> routes() override;
  Netcheck netcheck() override;
  ReloadOutcome reload() override;
  std::string config() override;
  Answer<std::string> create_network(const std::string& name) override;
  void join_network(const std::string& invite, AnswerHandler<std::string> done) override;
  Answer<std::string> leave_network() override;
  std::optional<NetworkStatus> network() override;
  Answer<NewInvite> create_invite(bool once, Duration lifetime) override;
  NameAnswer resolve(const std::string& text) override;
  void ping(const std::string& text, Duration timeout, AnswerHandler<PingAnswer> done) override;
  void discover_node(const std::string& text,
                     AnswerHandler<std::optional<FoundNode>> done) override;
  void discover_subnet(const Prefix& subnet, AnswerHandler<FoundSubnet> done) override;
  void stop() override;

 private:
  class NetworkKeeper;

  Node& node_;
  NodeProgram& program_;
  std::shared_ptr<NetworkKeeper> keeper_;
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_NODE_CONTROL_HPP
