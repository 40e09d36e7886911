#include "mgmt/network_keeper.hpp"

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/node_control.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <cstddef>
#include <string_view>
#include <utility>

namespace quicether::mgmt {

namespace {

constexpr std::size_t kShownMax = 8;

/// Why a name means nobody; empty: it does mean somebody.
std::string why_not(const NameAnswer& answer, std::string_view text) {
  if (answer.node) {
    return {};
  }
  if (answer.others.empty()) {
    return fmt::format(
        "nobody is known as {}: quicether network show and quicether peers say who is",
        quote(text, 128));
  }
  std::vector<std::string> names;
  for (const auto& one : answer.others) {
    if (names.size() < kShownMax) {
      names.push_back(fmt::format("{}~{}", one.name, one.id.short_string()));
    }
  }
  return fmt::format("{} nodes are called {}: say which, as {}",
                     answer.others.size(),
                     quote(text, 128),
                     fmt::join(names, " or "));
}

/// Why a search in the DHT came to nothing.
std::string explain_search(error_code error) {
  return error == errc::not_open    ? "discovery is off: there is nobody to be asked"
         : error == errc::timed_out ? "nobody in the DHT answers: see quicether netcheck"
                                    : error.message();
}

}  // namespace

NodeControl::NodeControl(Environment& environment,
                         Node& node,
                         NodeProgram& program,
                         std::optional<NetworkState> network)
    : node_{node},
      program_{program},
      keeper_{std::make_shared<NetworkKeeper>(environment, node, program, std::move(network))} {
  keeper_->redeem_pending();
}

NodeControl::~NodeControl() = default;

const std::optional<NetworkState>& NodeControl::network_state() const noexcept {
  return keeper_->state();
}

NodeStatus NodeControl::status() {
  auto status = node_.status();
  const auto more = program_.warnings();
  status.warnings.insert(status.warnings.end(), more.begin(), more.end());
  if (network_state() && !status.network) {
    status.warnings.push_back(keeper_->why_no_member());
  }
  return status;
}

std::vector<PeerStatus> NodeControl::peers() {
  return node_.peers();
}

std::vector<RouteStatus> NodeControl::routes() {
  return node_.routes();
}

Netcheck NodeControl::netcheck() {
  return node_.netcheck();
}

ReloadOutcome NodeControl::reload() {
  return program_.reload();
}

std::string NodeControl::config() {
  return config_json(program_.configuration());
}

Answer<std::string> NodeControl::create_network(const std::string& name) {
  return keeper_->create(name);
}

void NodeControl::join_network(const std::string& invite, AnswerHandler<std::string> done) {
  keeper_->join(invite, std::move(done));
}

Answer<std::string> NodeControl::leave_network() {
  return keeper_->leave();
}

std::optional<NetworkStatus> NodeControl::network() {
  return keeper_->status();
}

Answer<NewInvite> NodeControl::create_invite(bool once, Duration lifetime) {
  return keeper_->create_invite(once, lifetime);
}

NameAnswer NodeControl::resolve(const std::string& text) {
  return node_.resolve(text);
}

void NodeControl::ping(const std::string& text, Duration timeout, AnswerHandler<PingAnswer> done) {
  const auto answer = node_.resolve(text);
  if (auto problem =
          answer.self ? fmt::format("{} is this node", quote(text, 128)) : why_not(answer, text);
      !problem.empty()) {
    done(Refusal{std::move(problem)});
    return;
  }
  node_.async_ping(
      answer.node->id,
      PingOptions{timeout},
      [node = *answer.node, done = std::move(done)](error_code error, const PingReply& reply) {
        done(error ? Answer<PingAnswer>{Refusal{error.message()}} : PingAnswer{node, reply});
      });
}

void NodeControl::discover_node(const std::string& text,
                                AnswerHandler<std::optional<FoundNode>> done) {
  const auto answer = node_.resolve(text);
  if (auto problem = why_not(answer, text); !problem.empty()) {
    done(Refusal{std::move(problem)});
    return;
  }
  node_.async_discover(answer.node->id,
                       [done = std::move(done)](error_code error, const FoundNode& found) {
                         if (error == errc::not_found) {
                           done(std::optional<FoundNode>{});
                         } else if (error) {
                           done(Refusal{explain_search(error)});
                         } else {
                           done(std::optional{found});
                         }
                       });
}

void NodeControl::discover_subnet(const Prefix& subnet, AnswerHandler<FoundSubnet> done) {
  if (!node_.network()) {
    done(Refusal{keeper_->why_no_member()});
    return;
  }
  node_.async_discover_subnet(subnet,
                              [done = std::move(done)](error_code error, const FoundSubnet& found) {
                                done(error ? Answer<FoundSubnet>{Refusal{explain_search(error)}}
                                           : Answer<FoundSubnet>{found});
                              });
}

void NodeControl::stop() {
  program_.stop();
}

}  // namespace quicether::mgmt
