#include "console.hpp"
#include "support/sample_status.hpp"
#include "support/temporary_folder.hpp"
#include "unit/mgmt/control_support.hpp"

#include <quicether/mgmt/status_json.hpp>

#include <catch2/catch_test_macros.hpp>

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

using cli::ExitCode;
using cli::test::Console;
using quicether::mgmt::ControlServer;
using quicether::mgmt::test::ControlEnvironment;
using quicether::mgmt::test::FakeDaemon;
using quicether::test::TemporaryFolder;

namespace {

/// A daemon on a thread of its own.
struct World {
  TemporaryFolder folder{};
  std::filesystem::path socket = folder.path() / "control.sock";
  FakeDaemon daemon{};
  ControlEnvironment environment{};
  std::unique_ptr<ControlServer> server{};
  std::thread thread{};
  Console console{};

  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  ~World() {
    if (thread.joinable()) {
      boost::asio::post(environment.loop(), [this] { server.reset(); });
      thread.join();
    }
  }

  void open() {
    auto opened = ControlServer::open(environment, daemon, {socket, {}});
    REQUIRE(opened.has_value());
    server = std::move(*opened);
    thread = std::thread{[this] { environment.loop().run(); }};
  }

  ExitCode run(std::vector<std::string> words) {
    words.insert(words.end(), {"--control-socket", socket.string()});
    return console.run(words);
  }
};

}  // namespace

TEST_CASE("cli: asks a daemon and prints what it says", "[cli]") {
  World world;
  world.open();

  CHECK(world.run({"status"}) == ExitCode::ok);
  CHECK(world.console.out.starts_with("Node ID: 3fa9c0d1e2f30415263748596a7b8c9daebfc0d1\n"));
  CHECK(world.run({"peers"}) == ExitCode::ok);
  CHECK(world.console.out.starts_with("NodeID              | Address"));
  CHECK(world.run({"routes"}) == ExitCode::ok);
  CHECK(world.console.out.starts_with("Destination   | Next Hop"));
  CHECK(world.run({"multipath"}) == ExitCode::ok);
  CHECK(world.console.out.starts_with("Interface | Address"));
  CHECK(world.run({"config", "show", "--running"}) == ExitCode::ok);
  CHECK(world.console.out == "{\"network\":{\"mtu\":1380}}\n");
  CHECK(world.run({"reload"}) == ExitCode::ok);
  CHECK(world.console.out ==
        "Applied: peers.allowed\nNeeds a restart: network.mtu\nWarning: a warning\n");
}

TEST_CASE("cli: prints JSON as the daemon sends it", "[cli]") {
  using quicether::mgmt::to_json;
  World world;
  world.open();

  CHECK(world.run({"status", "--json"}) == ExitCode::ok);
  CHECK(world.console.out == to_json(world.daemon.status()) + '\n');
  CHECK(world.run({"peers", "--json"}) == ExitCode::ok);
  CHECK(world.console.out == to_json(world.daemon.peers()) + '\n');
  CHECK(world.run({"routes", "--json"}) == ExitCode::ok);
  CHECK(world.console.out == to_json(world.daemon.routes()) + '\n');
  CHECK(world.run({"netcheck", "--json"}) == ExitCode::ok);
  CHECK(world.console.out == to_json(world.daemon.netcheck()) + '\n');
  CHECK(world.run({"multipath", "--json"}) == ExitCode::ok);
  CHECK(world.console.out == to_json(world.daemon.peers()) + '\n');
  CHECK(world.run({"reload", "--json"}) == ExitCode::ok);
  CHECK(world.console.out ==
        "{\"applied\":[\"peers.allowed\"],\"needs_restart\":[\"network.mtu\"],"
        "\"warnings\":[\"a warning\"]}\n");
}

TEST_CASE("cli: multipath prints again and again", "[cli]") {
  World world;
  world.open();

  CHECK(world.run({"multipath"}) == ExitCode::ok);
  const auto once = world.console.out;
  CHECK(world.run({"multipath", "--watch", "--count", "2"}) == ExitCode::ok);
  CHECK(world.console.out == once + once);
  CHECK(world.run({"multipath", "--count", "0"}) == ExitCode::usage);
}

TEST_CASE("cli: a refused reload prints the errors and ends with 78", "[cli]") {
  World world;
  world.daemon.outcome = {{}, {}, {}, {"c.toml:2:7: network.mtu: found 1", "c.toml:3:1: \x1b[31m"}};
  world.open();

  CHECK(world.run({"reload"}) == ExitCode::config);
  CHECK(world.console.err ==
        "quicether: the configuration is wrong; the old one stays in effect\n"
        "  c.toml:2:7: network.mtu: found 1\n"
        "  c.toml:3:1: \\x1b[31m\n");
}

TEST_CASE("cli: without a daemon says so and ends with 69", "[cli]") {
  World world;
  for (const auto* const command :
       {"status", "peers", "routes", "multipath", "netcheck", "reload", "stop"}) {
    CHECK(world.run({command}) == ExitCode::unavailable);
    CHECK(world.console.err == "quicether: no daemon serves " + world.socket.string() +
                                   "\n  start it: quicether start\n");
  }
  CHECK(world.run({"status", "--json"}) == ExitCode::unavailable);
  CHECK(world.console.out.starts_with("{\"error\":{\"exit_code\":69,"));

  // Who names a socket means that daemon, and not the usual state directory.
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"network", "create", "home"}, {"network", "leave"}, {"network", "show"}, {"invite"}}) {
    CHECK(world.run(words) == ExitCode::unavailable);
  }
}

TEST_CASE("cli: finds the socket by the configuration, also by a wrong one", "[cli]") {
  World world;
  world.open();
  const auto good =
      world.folder.write("good.toml", "[control]\nsocket = \"control.sock\"\n").string();
  const auto wrong = world.folder.write("wrong.toml", "nonsense").string();

  CHECK(world.console.run({"status", "--config", good}) == ExitCode::ok);
  CHECK(
      world.console.run({"status", "--config", wrong, "--control-socket", world.socket.string()}) ==
      ExitCode::ok);
}
