#include "mgmt/network_keeper.hpp"

#include <quicether/core/policy/rule.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether::mgmt {

namespace {

/// Between attempts to redeem an invite that is left over.
constexpr std::chrono::seconds kRedeemIntervalMin{2};
constexpr std::chrono::seconds kRedeemIntervalMax{60};

constexpr std::string_view kNoInviter =
    "the inviter does not answer: it must run, and be reachable by UDP where the invite says";

}  // namespace

NodeControl::NetworkKeeper::NetworkKeeper(Environment& environment,
                                          Node& node,
                                          NodeProgram& program,
                                          std::optional<NetworkState> state)
    : environment_{environment},
      node_{node},
      program_{program},
      state_{std::move(state)},
      redeem_again_{environment.make_timer()},
      interval_{kRedeemIntervalMin} {}

std::optional<Refusal> NodeControl::NetworkKeeper::why_no_other() const {
  const auto& configured = program_.configuration().network.name;
  if (!configured.empty()) {
    return Refusal{
        fmt::format("the configuration says which network: network.name is \"{}\"", configured)};
  }
  if (state_) {
    return Refusal{
        fmt::format("this node {} the network \"{}\": leave it first, with quicether network leave",
                    pending() ? "is to join" : "is in",
                    state_->name)};
  }
  return std::nullopt;
}

Answer<std::string> NodeControl::NetworkKeeper::enter(NetworkState state) {
  if (const auto saved = save_network_state(environment_.store(), state); !saved) {
    return Refusal{"the network cannot be saved: " + saved.error().message()};
  }
  state_ = std::move(state);
  ++changes_;
  redeem_again_->cancel();
  if (const auto used = program_.use_network(state_); !used) {
    return used.error();
  }
  return state_->name;
}

Answer<std::string> NodeControl::NetworkKeeper::create(const std::string& name) {
  if (const auto refusal = why_no_other()) {
    return *refusal;
  }
  if (!policy::is_node_name(name)) {
    return Refusal{"a network's name is 1 to 63 of A-Z a-z 0-9 . _ -"};
  }
  return enter(make_network(name, environment_.random()));
}

void NodeControl::NetworkKeeper::join(const std::string& text, AnswerHandler<std::string> done) {
  const auto invite = record::parse_invite(text);
  if (!invite) {
    done(Refusal{std::string{record::explain_invite(invite.error())}});
    return;
  }
  // An invite that came to nothing does not stand in the way of the next one.
  if (const auto refusal = pending() ? std::nullopt : why_no_other()) {
    const bool same = state_ && state_->name == invite->network;
    done(same ? Refusal{fmt::format("this node is in a network \"{}\" already: to join another one "
                                    "of that name leave it first, with quicether network leave",
                                    state_->name)}
              : *refusal);
    return;
  }
  node_.async_redeem(
      *invite,
      [weak = weak_from_this(), turn = changes_, invite = *invite, done = std::move(done)](
          error_code error, const wire::Grant& grant) {
        const auto self = weak.lock();
        if (!self) {
          return;
        }
        if (error) {
          done(Refusal{error == errc::timed_out ? std::string{kNoInviter} : error.message()});
        } else if (turn != self->changes_) {
          done(Refusal{"another command about the network came in between"});
        } else {
          done(self->enter({grant.network, grant.secret, invite, {}}));
        }
      });
}

Answer<std::string> NodeControl::NetworkKeeper::leave() {
  if (!state_) {
    const auto& configured = program_.configuration().network.name;
    return Refusal{configured.empty() ? "this node is in no network"
                                      : "the configuration says which network: take network.name "
                                        "and network.secret_file out of it"};
  }
  if (const auto removed = remove_network_state(environment_.store()); !removed) {
    return Refusal{"the network cannot be removed: " + removed.error().message()};
  }
  const auto name = std::exchange(state_, std::nullopt)->name;
  ++changes_;
  redeem_again_->cancel();
  if (const auto used = program_.use_network(state_); !used) {
    return used.error();
  }
  return name;
}

std::optional<NetworkStatus> NodeControl::NetworkKeeper::status() const {
  auto status = node_.network();
  if (!status && state_) {
    status.emplace();
    status->name = state_->name;
    status->problem = state_->refused.empty() ? "the inviter was not reached yet" : state_->refused;
  }
  return status;
}

std::string NodeControl::NetworkKeeper::why_no_member() const {
  const auto entering = status();
  return entering ? fmt::format("this node is not a member of the network {} yet: {}",
                                entering->name,
                                entering->problem)
                  : "this node is in no network: make one with quicether network create NAME, or "
                    "join one";
}

Answer<NewInvite> NodeControl::NetworkKeeper::create_invite(bool once, Duration lifetime) {
  std::vector<IpAddress> addresses;
  for (const auto& interface : environment_.interfaces()) {
    if (interface.up && interface.name != program_.configuration().network.tun_name) {
      std::ranges::transform(
          interface.addresses, std::back_inserter(addresses), &InterfaceAddress::address);
    }
  }
  const auto invite = node_.create_invite({lifetime, once, addresses});
  if (invite) {
    return NewInvite{record::to_text(*invite), invite->once, invite->expires};
  }
  if (invite.error() == errc::not_open) {
    return Refusal{why_no_member()};
  }
  if (invite.error() == errc::no_address) {
    return Refusal{"nobody could reach this node: it has no address but its own machine's"};
  }
  return Refusal{invite.error().message()};
}

void NodeControl::NetworkKeeper::redeem_pending() {
  if (!pending() || !state_->refused.empty()) {
    return;
  }
  node_.async_redeem(
      *state_->invite,
      [weak = weak_from_this(), turn = changes_](error_code error, const wire::Grant& grant) {
        if (const auto self = weak.lock(); self && turn == self->changes_) {
          self->on_pending_answer(error, grant);
        }
      });
}

void NodeControl::NetworkKeeper::on_pending_answer(error_code error, const wire::Grant& grant) {
  if (!error) {
    const auto entered = enter({grant.network, grant.secret, state_->invite, {}});
    report(entered ? Severity::info : Severity::error,
           grant.network,
           entered ? "" : entered.error().message);
    return;
  }
  report(Severity::warning, state_->name, error.message());
  if (record::is_refusal(error)) {
    state_->refused = error.message();
    (void)save_network_state(environment_.store(), *state_);
    return;
  }
  redeem_again_->async_wait(environment_.now() + interval_,
                            [weak = weak_from_this()](error_code cancelled) {
                              if (const auto self = weak.lock(); self && !cancelled) {
                                self->redeem_pending();
                              }
                            });
  interval_ = std::min<Duration>(2 * interval_, kRedeemIntervalMax);
}

void NodeControl::NetworkKeeper::report(Severity severity,
                                        const std::string& network,
                                        const std::string& reason) {
  environment_.events().on_event(
      {severity == Severity::info ? "network.joined" : "network.not_joined",
       severity,
       {{"network", network}, {"reason", reason}}});
}

}  // namespace quicether::mgmt
