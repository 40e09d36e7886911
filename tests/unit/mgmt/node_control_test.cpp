#include "support/simulate.hpp"

#include <quicether/mgmt/network_state.hpp>
#include <quicether/mgmt/node_config.hpp>
#include <quicether/mgmt/node_control.hpp>
#include <quicether/sim/host.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace quicether;
using namespace quicether::mgmt;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

/// A simulated machine with what qed is made of, but for its sockets and signals.
class Machine final : public NodeProgram {
 public:
  Machine(sim::Simulation& simulation, const std::string& name, const IpAddress& address)
      : host{simulation.network().add_host(name)}, identity_{Identity::generate(host.random())} {
    sim::InterfaceOptions interface;
    interface.addresses = {{address, 24}};
    host.add_interface(interface);
    config.node.name = name;
    config.node.listen = {address, 9000};
  }

  void start() {
    const auto network = load_network_state(host.store()).value();
    node = std::make_unique<Node>(host, identity_, configure(network));
    REQUIRE(node->start().has_value());
    control = std::make_unique<NodeControl>(host, *node, *this, network);
  }

  void kill() {
    host.kill();
    control.reset();
    node.reset();
  }

  void restart() {
    host.restart();
    start();
  }

  const Config& configuration() const override { return config; }

  std::vector<std::string> warnings() const override { return {"of the configuration"}; }

  ReloadOutcome reload() override { return {{"everything"}, {}, {}, {}}; }

  Answer<void> use_network(const std::optional<NetworkState>& network) override {
    REQUIRE(node->reload(configure(network)).has_value());
    return {};
  }

  void stop() override { stopped = true; }

  /// Leaves an invite that the next start finds, as `quicether join` does while qed does not run.
  void leave_invite(const std::string& text) {
    const auto invite = record::parse_invite(text).value();
    REQUIRE(save_network_state(host.store(), {invite.network, {}, invite, {}}).has_value());
  }

  [[nodiscard]] std::string problem() const {
    const auto network = control->network();
    return network ? network->problem : "none";
  }

  sim::Host& host;
  Config config{};
  std::unique_ptr<Node> node{};
  std::unique_ptr<NodeControl> control{};
  bool stopped = false;

 private:
  [[nodiscard]] NodeConfig configure(const std::optional<NetworkState>& network) const {
    return make_node_config(config, {}, {}, network).value();
  }

  Identity identity_;
};

/// A machine whose node made the network "home", and one that may become a member, 20 ms away.
struct Pair {
  explicit Pair(sim::Simulation& world)
      : simulation{world},
        alice{world, "alice", IpAddress::v4({20, 1, 0, 1})},
        bob{world, "bob", IpAddress::v4({20, 2, 0, 1})} {
    sim::LinkModel line;
    line.delay = 10ms;
    world.network().set_path(alice.host, bob.host, line);
    alice.start();
    CHECK(alice.control->create_network("home").value() == "home");
  }

  [[nodiscard]] std::string invite(Duration lifetime = 1h) {
    return alice.control->create_invite(false, lifetime).value().text;
  }

  /// The network that bob entered, or why he did not.
  std::string join(const std::string& invite) {
    answer.clear();
    begin_join(invite);
    REQUIRE(simulation.run_until([&] { return !answer.empty(); }, 20s));
    return answer;
  }

  void begin_join(const std::string& invite) {
    bob.control->join_network(invite, [this](const Answer<std::string>& one) {
      answer = one ? *one : "refused: " + one.error().message;
    });
  }

  [[nodiscard]] bool bob_is_member() const { return bob.node->network().has_value(); }

  sim::Simulation& simulation;
  Machine alice;
  Machine bob;
  std::string answer{};
};

std::string why(const Answer<std::string>& answer) {
  return answer ? "entered " + *answer : answer.error().message;
}

}  // namespace

TEST_CASE("node_control: who joins finds the inviter by name, keeps the network, and leaves",
          "[mgmt][network]") {
  simulate(3, [](sim::Simulation& simulation) {
    Pair pair{simulation};
    pair.bob.start();
    CHECK(pair.join(pair.invite()) == "home");
    REQUIRE(simulation.run_until(
        [&] { return pair.bob.control->resolve("alice").node.has_value(); }, 5s));

    std::optional<Answer<PingAnswer>> pinged;
    pair.bob.control->ping("alice", 5s, [&](const auto& answer) { pinged = answer; });
    REQUIRE(simulation.run_until([&] { return pinged.has_value(); }, 5s));
    REQUIRE(pinged->has_value());
    CHECK((*pinged)->node.name == "alice");
    CHECK((*pinged)->reply.rtt >= 20ms);

    pair.bob.kill();
    pair.bob.restart();
    CHECK(pair.bob_is_member());
    CHECK(pair.bob.control->leave_network().value() == "home");
    CHECK_FALSE(pair.bob_is_member());
    CHECK(pair.bob.problem() == "none");
    pair.bob.kill();
    pair.bob.restart();
    CHECK_FALSE(pair.bob_is_member());
  });
}

TEST_CASE("node_control: an invite that was left is redeemed once its inviter answers",
          "[mgmt][network]") {
  simulate(3, [](sim::Simulation& simulation) {
    Pair pair{simulation};
    pair.bob.leave_invite(pair.invite());
    pair.alice.kill();

    pair.bob.start();
    simulation.run_for(60s);
    CHECK_FALSE(pair.bob_is_member());
    CHECK(pair.bob.problem() == "the inviter was not reached yet");
    const auto warnings = pair.bob.control->status().warnings;
    CHECK(std::ranges::find(warnings, "of the configuration") != warnings.end());
    CHECK(warnings.back().starts_with("this node is not a member of the network home yet"));
    const auto attempts = pair.bob.host.recorded().count("network.not_joined");
    CHECK(attempts >= 2);
    CHECK(attempts <= 4);  // 15 s each, and pauses that double

    pair.alice.restart();
    REQUIRE(simulation.run_until([&] { return pair.bob_is_member(); }, 90s));
    CHECK(pair.bob.host.recorded().count("network.joined") == 1);
    CHECK(pair.bob.problem().empty());
    CHECK(load_network_state(pair.bob.host.store()).value() == pair.bob.control->network_state());
  });
}

TEST_CASE("node_control: an invite that is refused is not redeemed again, and stops no other",
          "[mgmt][network]") {
  simulate(3, [](sim::Simulation& simulation) {
    Pair pair{simulation};
    pair.bob.leave_invite(pair.invite(1s));
    simulation.run_for(5s);

    pair.bob.start();
    simulation.run_for(60s);
    CHECK(pair.bob.problem() == make_error_code(errc::invite_expired).message());
    pair.bob.kill();
    pair.bob.restart();
    simulation.run_for(60s);
    CHECK(pair.bob.problem() == make_error_code(errc::invite_expired).message());
    CHECK(pair.bob.host.recorded().count("network.not_joined") == 1);
    CHECK(why(pair.bob.control->create_network("other")) ==
          "this node is to join the network \"home\": leave it first, with quicether network "
          "leave");

    CHECK(pair.join(pair.invite()) == "home");
    CHECK(pair.bob_is_member());
  });
}

TEST_CASE("node_control: of two commands about the network the first to be done counts",
          "[mgmt][network]") {
  simulate(1, [](sim::Simulation& simulation) {
    Pair pair{simulation};
    pair.bob.start();
    pair.begin_join(pair.invite());
    CHECK(pair.bob.control->create_network("own").value() == "own");

    REQUIRE(simulation.run_until([&] { return !pair.answer.empty(); }, 20s));
    CHECK(pair.answer == "refused: another command about the network came in between");
    CHECK(pair.bob.control->network()->name == "own");
  });
}

TEST_CASE("node_control: a join that is under way dies with it", "[mgmt][network]") {
  simulate(1, [](sim::Simulation& simulation) {
    Pair pair{simulation};
    pair.bob.start();
    pair.begin_join(pair.invite());
    pair.bob.control.reset();

    simulation.run_for(20s);
    CHECK(pair.answer.empty());
    CHECK_FALSE(load_network_state(pair.bob.host.store()).value().has_value());
  });
}

TEST_CASE("node_control: what cannot be saved does not happen", "[mgmt][network]") {
  simulate(1, [](sim::Simulation& simulation) {
    Pair pair{simulation};
    pair.bob.start();
    pair.bob.host.memory_store().fail_change(1);
    CHECK(
        why(pair.bob.control->create_network("own")).starts_with("the network cannot be saved: "));
    CHECK_FALSE(pair.bob_is_member());
    CHECK(pair.bob.problem() == "none");

    pair.alice.host.memory_store().fail_change(1);
    CHECK(why(pair.alice.control->leave_network()).starts_with("the network cannot be removed: "));
    CHECK(pair.alice.node->network().has_value());
    CHECK(pair.alice.control->leave_network().value() == "home");
  });
}

TEST_CASE("node_control: a network that was granted and cannot be saved is an error",
          "[mgmt][network]") {
  simulate(1, [](sim::Simulation& simulation) {
    Pair pair{simulation};
    pair.bob.leave_invite(pair.invite());
    pair.bob.start();
    pair.bob.host.memory_store().set_frozen(true);
    simulation.run_for(5s);

    CHECK_FALSE(pair.bob_is_member());
    const auto* reported = pair.bob.host.recorded().last("network.not_joined");
    REQUIRE(reported != nullptr);
    CHECK(reported->severity == Severity::error);
    CHECK(reported->field("reason").starts_with("the network cannot be saved: "));
  });
}

TEST_CASE("node_control: says why there is no network to be made, joined or left",
          "[mgmt][network]") {
  simulate(1, [](sim::Simulation& simulation) {
    Pair pair{simulation};
    const auto invite = pair.invite();
    pair.bob.start();
    const auto& bob = pair.bob.control;

    CHECK(why(bob->leave_network()) == "this node is in no network");
    CHECK(
        bob->create_invite(false, 1h).error().message.starts_with("this node is in no network: "));
    CHECK(why(bob->create_network("no name")).starts_with("a network's name is "));
    CHECK(pair.join("qe1-nonsense").starts_with("refused: this is no invite"));
    REQUIRE(bob->create_network("home").has_value());
    CHECK(why(bob->create_network("other")).starts_with("this node is in the network \"home\""));
    CHECK(pair.join(invite).starts_with("refused: this node is in a network \"home\" already"));

    REQUIRE(bob->leave_network().has_value());
    pair.bob.config.network.name = "fixed";
    CHECK(why(bob->create_network("other")) ==
          "the configuration says which network: network.name is \"fixed\"");
    CHECK(why(bob->leave_network()).starts_with("the configuration says which network: take "));
  });
}

TEST_CASE("node_control: names that mean nobody, this node or nothing found are answered in words",
          "[mgmt][network]") {
  simulate(1, [](sim::Simulation& simulation) {
    Pair pair{simulation};
    const auto& alice = pair.alice.control;
    std::vector<std::string> refusals;
    const auto keep = [&](const auto& answer) { refusals.push_back(answer.error().message); };

    alice->ping("alice", 5s, keep);
    alice->ping("no\nbody", 5s, keep);
    alice->discover_node("nobody", keep);
    REQUIRE(alice->leave_network().has_value());
    alice->discover_subnet(Prefix::parse("10.0.0.0/8").value(), keep);

    REQUIRE(refusals.size() == 4);
    CHECK(refusals[0] == "\"alice\" is this node");
    CHECK(refusals[1].starts_with("nobody is known as \"no\\nbody\": "));
    CHECK(refusals[2].starts_with("nobody is known as \"nobody\": "));
    CHECK(refusals[3].starts_with("this node is in no network: "));
    CHECK(alice->reload().applied == std::vector<std::string>{"everything"});
    alice->stop();
    CHECK(pair.alice.stopped);
  });
}
