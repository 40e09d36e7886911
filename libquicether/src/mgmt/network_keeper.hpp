#ifndef QUICETHER_SRC_MGMT_NETWORK_KEEPER_HPP
#define QUICETHER_SRC_MGMT_NETWORK_KEEPER_HPP

#include <quicether/base/event.hpp>
#include <quicether/core/wire/control_message.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/mgmt/node_control.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace quicether::mgmt {

/// The network of a node: what NodeControl does about it.
class NodeControl::NetworkKeeper : public std::enable_shared_from_this<NetworkKeeper> {
 public:
  NetworkKeeper(Environment& environment,
                Node& node,
                NodeProgram& program,
                std::optional<NetworkState> state);

  [[nodiscard]] const std::optional<NetworkState>& state() const noexcept { return state_; }

  [[nodiscard]] Answer<std::string> create(const std::string& name);
  void join(const std::string& text, AnswerHandler<std::string> done);
  [[nodiscard]] Answer<std::string> leave();
  [[nodiscard]] Answer<NewInvite> create_invite(bool once, Duration lifetime);

  /// Of the network that the node is in, or waits for.
  [[nodiscard]] std::optional<NetworkStatus> status() const;

  /// For a node that is in no network, or waits for the one that it is to join.
  [[nodiscard]] std::string why_no_member() const;

  /// Redeems the invite that is left over, if one is.
  void redeem_pending();

 private:
  /// True while an invite waits to be redeemed.
  [[nodiscard]] bool pending() const noexcept { return state_ && state_->secret.empty(); }

  [[nodiscard]] std::optional<Refusal> why_no_other() const;
  [[nodiscard]] Answer<std::string> enter(NetworkState state);
  void on_pending_answer(error_code error, const wire::Grant& grant);
  /// `severity`: info when the network was joined.
  void report(Severity severity, const std::string& network, const std::string& reason);

  Environment& environment_;
  Node& node_;
  NodeProgram& program_;
  std::optional<NetworkState> state_;
  std::uint64_t changes_ = 0;  ///< what was asked before the last one is void
  std::unique_ptr<Timer> redeem_again_;
  Duration interval_;
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_NETWORK_KEEPER_HPP
