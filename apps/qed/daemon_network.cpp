#include "daemon.hpp"
#include "exit_code.hpp"

#include <quicether/mgmt/text.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace qed {

namespace asio = boost::asio;
namespace mgmt = quicether::mgmt;
namespace record = quicether::record;
using quicether::condition;
using quicether::errc;
using quicether::error_code;
using quicether::NameAnswer;

namespace {

/// Between attempts to redeem an invite that was given while the daemon did not run.
constexpr std::chrono::seconds kRedeemIntervalMin{2};
constexpr std::chrono::seconds kRedeemIntervalMax{60};

constexpr std::size_t kShownMax = 8;

constexpr std::string_view kNoInviter =
    "the inviter does not answer: it must run, and be reachable by UDP where the invite says";

bool is_final(error_code error) {
  return error == errc::invite_unknown || error == errc::invite_expired ||
         error == errc::invite_used;
}

/// Why a name means nobody; empty: it does mean somebody.
std::string why_not(const NameAnswer& answer, std::string_view text) {
  if (answer.node) {
    return {};
  }
  if (answer.others.empty()) {
    return fmt::format(
        "nobody is known as {}: quicether network show and quicether peers say who is",
        mgmt::quote(text, 128));
  }
  std::vector<std::string> names;
  for (const auto& one : answer.others) {
    if (names.size() < kShownMax) {
      names.push_back(fmt::format("{}~{}", one.name, one.id.short_string()));
    }
  }
  return fmt::format("{} nodes are called {}: say which, as {}",
                     answer.others.size(),
                     mgmt::quote(text, 128),
                     fmt::join(names, " or "));
}

/// Why a search in the DHT came to nothing.
std::string explain_search(error_code error) {
  return error == errc::not_open    ? "discovery is off: there is nobody to be asked"
         : error == errc::timed_out ? "nobody in the DHT answers: see quicether netcheck"
                                    : error.message();
}

}  // namespace

bool Daemon::load_network() {
  auto state = mgmt::load_network_state(environment_->store());
  if (!state) {
    (void)fail(kBadConfig,
               mgmt::explain_network_state(state.error(), loaded_.config.node.state_dir));
    return false;
  }
  network_ = std::move(*state);
  return true;
}

std::optional<mgmt::Refusal> Daemon::why_no_other_network() const {
  if (!loaded_.config.network.name.empty()) {
    return mgmt::Refusal{fmt::format("the configuration says which network: network.name is \"{}\"",
                                     loaded_.config.network.name)};
  }
  if (network_) {
    return mgmt::Refusal{
        fmt::format("this node {} the network \"{}\": leave it first, with quicether network leave",
                    network_->secret.empty() ? "is to join" : "is in",
                    network_->name)};
  }
  return std::nullopt;
}

/// The node takes up what `network_` says now.
mgmt::Answer<std::string> Daemon::apply_network() {
  auto prepared = prepare(loaded_);
  if (!prepared.node) {
    return mgmt::Refusal{fmt::format("{}", fmt::join(prepared.errors, "; "))};
  }
  if (const auto done = node_->reload(std::move(*prepared.node)); !done) {
    return mgmt::Refusal{fmt::format("{}: {}", node_->error_detail(), done.error().message())};
  }
  warnings_ = std::move(prepared.warnings);
  return network_ ? network_->name : std::string{};
}

mgmt::Answer<std::string> Daemon::enter_network(mgmt::NetworkState state) {
  if (const auto saved = mgmt::save_network_state(environment_->store(), state); !saved) {
    return mgmt::Refusal{"the network cannot be saved: " + saved.error().message()};
  }
  network_ = std::move(state);
  ++network_changes_;
  return apply_network();
}

mgmt::Answer<std::string> Daemon::create_network(const std::string& name) {
  if (const auto refusal = why_no_other_network()) {
    return *refusal;
  }
  if (!quicether::policy::is_node_name(name)) {
    return mgmt::Refusal{"a network's name is 1 to 63 of A-Z a-z 0-9 . _ -"};
  }
  return enter_network(mgmt::make_network(name, environment_->random()));
}

void Daemon::join_network(const std::string& text, mgmt::AnswerHandler<std::string> done) {
  const auto invite = record::parse_invite(text);
  if (!invite) {
    done(mgmt::Refusal{std::string{record::explain_invite(invite.error())}});
    return;
  }
  // An invite that came to nothing does not stand in the way of the next one.
  const bool pending = network_ && network_->secret.empty();
  const auto refusal = pending ? std::nullopt : why_no_other_network();
  if (refusal) {
    const bool same = network_ && network_->name == invite->network;
    done(same ? mgmt::Refusal{fmt::format("this node is in a network \"{}\" already: to join "
                                          "another one of that name leave it first, with "
                                          "quicether network leave",
                                          network_->name)}
              : *refusal);
    return;
  }
  node_->async_redeem(
      *invite,
      [this, turn = network_changes_, invite = *invite, done = std::move(done)](
          error_code error, const quicether::wire::Grant& grant) {
        if (error || stopping_) {
          done(mgmt::Refusal{error == errc::timed_out ? std::string{kNoInviter} : error.message()});
        } else if (turn != network_changes_) {
          done(mgmt::Refusal{"another command about the network came in between"});
        } else {
          done(enter_network({grant.network, grant.secret, invite, {}}));
        }
      });
}

mgmt::Answer<std::string> Daemon::leave_network() {
  if (!network_) {
    const auto& name = loaded_.config.network.name;
    return mgmt::Refusal{name.empty() ? std::string{"this node is in no network"}
                                      : "the configuration says which network: take network.name "
                                        "and network.secret_file out of it"};
  }
  if (const auto removed = mgmt::remove_network_state(environment_->store()); !removed) {
    return mgmt::Refusal{"the network cannot be removed: " + removed.error().message()};
  }
  const auto name = std::exchange(network_, std::nullopt)->name;
  ++network_changes_;
  redeem_again_.cancel();
  const auto applied = apply_network();
  return applied ? mgmt::Answer<std::string>{name} : applied;
}

std::optional<quicether::NetworkStatus> Daemon::network() {
  auto status = node_->network();
  if (!status && network_) {
    status.emplace();
    status->name = network_->name;
    status->problem =
        network_->refused.empty() ? "the inviter was not reached yet" : network_->refused;
  }
  return status;
}

std::string Daemon::why_no_member() {
  const auto entering = network();
  return entering ? fmt::format("this node is not a member of the network {} yet: {}",
                                entering->name,
                                entering->problem)
                  : "this node is in no network: make one with quicether network create NAME, or "
                    "join one";
}

mgmt::Answer<mgmt::NewInvite> Daemon::create_invite(bool once, quicether::Duration lifetime) {
  std::vector<quicether::IpAddress> addresses;
  for (const auto& interface : environment_->interfaces()) {
    if (interface.up && interface.name != loaded_.config.network.tun_name) {
      std::ranges::transform(interface.addresses,
                             std::back_inserter(addresses),
                             &quicether::InterfaceAddress::address);
    }
  }
  const auto invite = node_->create_invite({lifetime, once, addresses});
  if (invite) {
    return mgmt::NewInvite{record::to_text(*invite), invite->once, invite->expires};
  }
  if (invite.error() == errc::not_open) {
    return mgmt::Refusal{why_no_member()};
  }
  if (invite.error() == errc::no_address) {
    return mgmt::Refusal{"nobody could reach this node: it has no address but its own machine's"};
  }
  return mgmt::Refusal{invite.error().message()};
}

NameAnswer Daemon::resolve(const std::string& text) {
  return node_->resolve(text);
}

void Daemon::ping(const std::string& text,
                  quicether::Duration timeout,
                  mgmt::AnswerHandler<mgmt::PingAnswer> done) {
  const auto answer = node_->resolve(text);
  if (auto problem = answer.self ? fmt::format("{} is this node", mgmt::quote(text, 128))
                                 : why_not(answer, text);
      !problem.empty()) {
    done(mgmt::Refusal{std::move(problem)});
    return;
  }
  node_->async_ping(answer.node->id,
                    quicether::PingOptions{timeout},
                    [node = *answer.node, done = std::move(done)](
                        error_code error, const quicether::PingReply& reply) {
                      done(error ? mgmt::Answer<mgmt::PingAnswer>{mgmt::Refusal{error.message()}}
                                 : mgmt::PingAnswer{node, reply});
                    });
}

void Daemon::discover_node(const std::string& text,
                           mgmt::AnswerHandler<std::optional<quicether::FoundNode>> done) {
  const auto answer = node_->resolve(text);
  if (auto problem = why_not(answer, text); !problem.empty()) {
    done(mgmt::Refusal{std::move(problem)});
    return;
  }
  node_->async_discover(
      answer.node->id,
      [done = std::move(done)](error_code error, const quicether::FoundNode& found) {
        if (error == errc::not_found) {
          done(std::optional<quicether::FoundNode>{});
        } else if (error) {
          done(mgmt::Refusal{explain_search(error)});
        } else {
          done(std::optional{found});
        }
      });
}

void Daemon::discover_subnet(const quicether::Prefix& subnet,
                             mgmt::AnswerHandler<quicether::FoundSubnet> done) {
  if (!node_->network()) {
    done(mgmt::Refusal{why_no_member()});
    return;
  }
  node_->async_discover_subnet(
      subnet, [done = std::move(done)](error_code error, const quicether::FoundSubnet& found) {
        done(error ? mgmt::Answer<quicether::FoundSubnet>{mgmt::Refusal{explain_search(error)}}
                   : mgmt::Answer<quicether::FoundSubnet>{found});
      });
}

/// An invite that was given while the daemon did not run is redeemed when the inviter is there.
asio::awaitable<void> Daemon::redeem_pending() {
  auto interval = kRedeemIntervalMin;
  while (!stopping_ && network_ && network_->secret.empty() && network_->refused.empty()) {
    const auto invite = *network_->invite;
    auto [error, grant] = co_await node_->async_redeem(invite, asio::as_tuple(asio::use_awaitable));
    if (stopping_ || !network_ || network_->invite != invite || !network_->secret.empty()) {
      co_return;
    }
    if (!error) {
      on_granted(invite, grant);
      co_return;
    }
    log_.on_event({"network.not_joined",
                   quicether::Severity::warning,
                   {{"network", network_->name}, {"reason", error.message()}}});
    if (is_final(error)) {
      network_->refused = error.message();
      (void)mgmt::save_network_state(environment_->store(), *network_);
      co_return;
    }
    redeem_again_.expires_after(interval);
    interval = std::min(2 * interval, kRedeemIntervalMax);
    auto [cancelled] = co_await redeem_again_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (cancelled) {
      co_return;
    }
  }
}

void Daemon::on_granted(const record::Invite& invite, const quicether::wire::Grant& grant) {
  const auto entered = enter_network({grant.network, grant.secret, invite, {}});
  log_.on_event({entered ? "network.joined" : "network.not_joined",
                 entered ? quicether::Severity::info : quicether::Severity::error,
                 {{"network", grant.network},
                  {"reason", entered ? std::string{} : entered.error().message}}});
}

}  // namespace qed
