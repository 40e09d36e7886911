#include <quicether/mgmt/network_state.hpp>
#include <quicether/sim/memory_store.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace quicether;
using namespace quicether::mgmt;

namespace {

NetworkState joined() {
  NetworkState state;
  state.name = "home";
  state.secret = "a secret\nof two lines";
  record::Invite invite;
  invite.network = "home";
  invite.inviter.bytes.fill(7);
  invite.endpoints = {SocketAddress::parse("192.0.2.1:9000").value()};
  state.invite = invite;
  return state;
}

}  // namespace

TEST_CASE("network_state: what is written is read", "[mgmt][network]") {
  auto state = joined();
  CHECK(decode_network_state(encode(state)).value() == state);

  state.secret.clear();
  state.refused = "the invite has expired";
  CHECK(decode_network_state(encode(state)).value() == state);
}

TEST_CASE("network_state: a new network has a secret of its own", "[mgmt][network]") {
  SeededRandom random{1};

  const auto one = make_network("home", random);
  const auto other = make_network("home", random);

  CHECK(one.name == "home");
  CHECK(one.secret.size() == 64);
  CHECK(one.secret != other.secret);
}

TEST_CASE("network_state: damaged text is refused", "[mgmt][network]") {
  const std::string heading = "quicether-network 1\n";
  for (const auto& text : {std::string{},
                           std::string{"nonsense"},
                           heading,
                           heading + "name home\n",
                           heading + "name ho me\nsecret 00\n",
                           heading + "name home\nsecret 0\n",
                           heading + "name home\nsecret xy\n",
                           heading + "name home\ninvite qe1-aaaa\n",
                           heading + "secret 00\n"}) {
    CAPTURE(text);
    CHECK(decode_network_state(text).error() == errc::malformed);
  }
  CHECK(decode_network_state("quicether-network 2\n").error() == errc::unsupported);
}

TEST_CASE("network_state: is kept in the state directory", "[mgmt][network]") {
  sim::MemoryStore store;
  CHECK_FALSE(load_network_state(store).value().has_value());

  REQUIRE(save_network_state(store, joined()));
  CHECK(load_network_state(store).value() == joined());

  REQUIRE(remove_network_state(store));
  CHECK_FALSE(load_network_state(store).value().has_value());
}

TEST_CASE("network_state: a file that cannot be used is named", "[mgmt][network]") {
  CHECK(explain_network_state(errc::malformed, "/var/lib/quicether") ==
        "/var/lib/quicether/network: " + error_code{errc::malformed}.message() +
            ". Without this file the node is in no network");
}

TEST_CASE("network_state: adds to a configuration that names no network", "[mgmt][network]") {
  const auto config = with_network({}, joined());
  CHECK(config.network.name == "home");
  CHECK(config.network.secret == joined().secret);
  REQUIRE(config.discovery.bootstrap_nodes.size() == 1);
  CHECK(config.discovery.bootstrap_nodes[0].to_string() == "192.0.2.1:9000");

  Config own;
  own.network.name = "office";
  CHECK(with_network(own, joined()) == own);
  CHECK(with_network({}, std::nullopt) == Config{});
  auto pending = joined();
  pending.secret.clear();
  CHECK(with_network({}, pending) == Config{});
}
