#include "mesh.hpp"

#include <quicether/core/record/invite.hpp>

#include <chrono>
#include <map>

using namespace quicether;
using namespace quicether::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kSecret = "correct horse battery staple";

/// A member that invites, and others who are nothing yet, 20 ms away.
struct Party {
  Party(sim::Simulation& world, std::size_t guests) : simulation{world} {
    sim::LinkModel line;
    line.delay = 10ms;
    for (std::size_t i = 0; i <= guests; ++i) {
      const auto address = IpAddress::v4({20, static_cast<std::uint8_t>(i + 1), 0, 1});
      nodes.push_back(std::make_unique<MeshNode>(world, "n" + std::to_string(i), address));
      if (i > 0) {
        world.network().set_path(*nodes[0]->host, *nodes[i]->host, line);
      }
    }
    nodes[0]->network_secret = kSecret;
    nodes[0]->discovery.emplace();
    for (auto& node : nodes) {
      node->start({});
    }
    simulation.run_for(2s);
  }

  MeshNode& host() { return *nodes[0]; }

  MeshNode& operator[](std::size_t index) { return *nodes[index]; }

  /// What became of redeeming an invite.
  error_code redeem(std::size_t guest, const record::Invite& invite) {
    begin(guest, invite);
    REQUIRE(simulation.run_until([&] { return outcomes.contains(guest); }, 20s));
    return outcomes[guest].first;
  }

  void begin(std::size_t guest, const record::Invite& invite) {
    outcomes.erase(guest);
    nodes[guest]->node->async_redeem(invite,
                                     [this, guest](error_code error, const wire::Grant& grant) {
                                       outcomes[guest] = {error, grant};
                                     });
  }

  record::Invite invite(bool once, Duration lifetime = 1h) {
    return host().node->create_invite({lifetime, once, {}}).value();
  }

  sim::Simulation& simulation;
  std::vector<std::unique_ptr<MeshNode>> nodes{};
  std::map<std::size_t, std::pair<error_code, wire::Grant>> outcomes{};
};

}  // namespace

TEST_CASE("invite: hands out the network once", "[sim][invite]") {
  simulate(5, [](sim::Simulation& simulation) {
    Party party{simulation, 2};
    const auto invite = party.invite(true);

    CHECK_FALSE(party.redeem(1, invite));
    CHECK(party.outcomes[1].second == wire::Grant{"mesh", std::string{kSecret}});
    CHECK(party.redeem(2, invite) == errc::invite_used);
    CHECK_FALSE(party.redeem(1, invite));  // the same node again: its answer may have been lost
  });
}

TEST_CASE("invite: of a hundred who redeem one at the same time, one becomes a member",
          "[sim][invite]") {
  simulate(3, [](sim::Simulation& simulation) {
    Party party{simulation, 100};
    const auto invite = party.invite(true);
    for (std::size_t guest = 1; guest <= 100; ++guest) {
      party.begin(guest, invite);
    }

    REQUIRE(simulation.run_until([&] { return party.outcomes.size() == 100; }, 60s));

    const auto granted =
        std::ranges::count_if(party.outcomes, [](const auto& one) { return !one.second.first; });
    CHECK(granted == 1);
    CHECK(std::ranges::all_of(party.outcomes, [](const auto& one) {
      const auto& error = one.second.first;
      return !error || error == errc::invite_used || error == errc::refused_busy;
    }));
    CHECK(party.host().host->recorded().count("invite.redeemed") == 1);
  });
}

TEST_CASE("invite: expired and foreign ones are refused by name", "[sim][invite]") {
  simulate(3, [](sim::Simulation& simulation) {
    Party party{simulation, 1};
    const auto soon = party.invite(false, 5s);
    auto foreign = party.invite(false);
    foreign.token[0] ^= 1U;
    auto other = party.invite(false);
    other.inviter = party[1].identity.public_key();

    CHECK(party.redeem(1, foreign) == errc::invite_unknown);
    CHECK(party.redeem(1, other) == errc::wrong_node_id);
    simulation.run_for(6s);
    CHECK(party.redeem(1, soon) == errc::invite_expired);
    CHECK(party.redeem(1, party.invite(false)) == error_code{});
  });
}

TEST_CASE("invite: a crash between saving and answering neither loses nor doubles it",
          "[sim][invite]") {
  simulate(10, [](sim::Simulation& simulation) {
    Party party{simulation, 2};
    const auto invite = party.invite(true);
    party.begin(1, invite);
    REQUIRE(simulation.run_until(
        [&] { return party.host().host->recorded().count("invite.redeemed") == 1; }, 5s));
    party.host().kill();  // the answer is on its way at most
    simulation.run_for(20s);
    party.host().restart();
    simulation.run_for(2s);

    CHECK(party.redeem(2, invite) == errc::invite_used);
    CHECK_FALSE(party.redeem(1, invite));
  });
}

TEST_CASE("invite: a node that is in no network redeems nothing", "[sim][invite]") {
  simulate(1, [](sim::Simulation& simulation) {
    Party party{simulation, 2};
    auto invite = party.invite(false);
    invite.inviter = party[1].identity.public_key();
    invite.endpoints = {party[1].underlay};

    simulation.network().set_path(*party[1].host, *party[2].host, {});
    CHECK(party.redeem(2, invite) == errc::invite_unknown);
    CHECK(party[1].node->create_invite({}).error() == errc::not_open);
  });
}

// create, invite, join: what the commands do to running nodes.
TEST_CASE("invite: who redeemed one finds all members, pings by name, and leaves again",
          "[sim][invite]") {
  simulate(5, [](sim::Simulation& simulation) {
    Party party{simulation, 2};
    simulation.network().set_path(*party[1].host, *party[2].host, {});
    for (const std::size_t guest : {1U, 2U}) {
      const auto invite = party.invite(guest == 1);
      REQUIRE_FALSE(party.redeem(guest, invite));
      party[guest].join(invite, party.outcomes[guest].second);
    }

    REQUIRE(simulation.run_until(
        [&] {
          return party[1].connected(party[2]) && party[1].connected(party.host()) &&
                 party[2].node->resolve("N1").node.has_value();
        },
        5s));
    std::optional<error_code> pinged;
    Duration rtt{};
    const auto id = party[2].node->resolve("n1").node->id;
    CHECK(id == party[1].identity.node_id());
    party[2].node->async_ping(id, {}, [&](error_code error, const PingReply& reply) {
      pinged = error;
      rtt = reply.rtt;
    });
    REQUIRE(simulation.run_until([&] { return pinged.has_value(); }, 5s));
    CHECK_FALSE(*pinged);
    CHECK(rtt < 20ms);

    party[2].leave();
    simulation.run_for(5s);
    CHECK_FALSE(party[2].node->network().has_value());
    CHECK_FALSE(party[1].connected(party[2]));
    CHECK(party[1].connected(party.host()));
  });
}

TEST_CASE("names: two members of one name are told apart, and neither hides the other",
          "[sim][names]") {
  simulate(3, [](sim::Simulation& simulation) {
    Party party{simulation, 2};
    simulation.network().set_path(*party[1].host, *party[2].host, {});
    for (const std::size_t guest : {1U, 2U}) {
      const auto invite = party.invite(false);
      REQUIRE_FALSE(party.redeem(guest, invite));
      party[guest].called = "twin";
      party[guest].join(invite, party.outcomes[guest].second);
    }
    REQUIRE(simulation.run_until(
        [&] { return party.host().node->resolve("twin").others.size() == 2; }, 5s));

    CHECK_FALSE(party.host().node->resolve("twin").node.has_value());
    const auto& id = party[1].identity.node_id();
    const auto qualified = "twin~" + id.short_string();
    REQUIRE(party.host().node->resolve(qualified).node.has_value());
    CHECK(party.host().node->resolve(qualified).node->id == id);
    CHECK(party.host().node->resolve(id.to_string()).node->id == id);
    CHECK(party.host().node->resolve(party[1].overlay(true).to_string()).node->id == id);
    CHECK(party.host().node->resolve(party[1].overlay().to_string()).node->id == id);
    CHECK(party.host().node->resolve("n0").self);
    CHECK(party.host().node->resolve("N0.mesh.QE").self);
    REQUIRE(party.host().node->resolve(qualified + ".mesh.qe").node.has_value());
    CHECK(party.host().node->resolve(qualified + ".mesh.qe").node->id == id);
    CHECK_FALSE(party.host().node->resolve("n0.other.qe").node.has_value());
    CHECK_FALSE(party.host().node->resolve(".mesh.qe").node.has_value());
    CHECK_FALSE(party.host().node->resolve("nobody").node.has_value());
  });
}

TEST_CASE("names: what the configuration calls a peer cannot be taken over", "[sim][names]") {
  simulate(1, [](sim::Simulation& simulation) {
    Party party{simulation, 2};
    party.host().reload({party[1].as_peer(false)});  // whom it calls "n1"
    const auto invite = party.invite(false);
    REQUIRE_FALSE(party.redeem(2, invite));
    party[2].called = "n1";
    party[2].join(invite, party.outcomes[2].second);
    REQUIRE(simulation.run_until(
        [&] { return party.host().node->resolve("n1").others.size() == 1; }, 5s));

    const auto answer = party.host().node->resolve("n1");

    REQUIRE(answer.node.has_value());
    CHECK(answer.node->id == party[1].identity.node_id());
    CHECK(answer.node->configured);
    CHECK(answer.others[0].id == party[2].identity.node_id());
  });
}
