#include "console.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <string>

using cli::ExitCode;
using cli::test::Console;
using quicether::test::TemporaryFolder;

namespace {

struct World {
  TemporaryFolder folder{};
  std::string file = folder.write("c.toml", "[network]\nmtu = 1380 # ours\n").string();
  Console console{};
};

}  // namespace

TEST_CASE("cli: config get prints one value", "[cli]") {
  World world;
  const auto get = [&](const std::string& key) {
    CHECK(world.console.run({"config", "get", key, "--config", world.file}) == ExitCode::ok);
    return world.console.out;
  };

  CHECK(get("network.mtu") == "1380\n");
  CHECK(get("network.tun_name") == "quicether0\n");
  CHECK(get("network.advertise_subnets") == "[]\n");
  CHECK(get("node.name") == "null\n");
  CHECK(
      world.console.run({"config", "get", "network.tun_name", "--json", "--config", world.file}) ==
      ExitCode::ok);
  CHECK(world.console.out == "\"quicether0\"\n");
  CHECK(world.console.run({"config", "get", "network.mut", "--config", world.file}) ==
        ExitCode::usage);
  CHECK(world.console.run({"config", "get"}) == ExitCode::usage);
}

TEST_CASE("cli: config show prints a file that loads again", "[cli]") {
  World world;
  CHECK(world.console.run({"config", "show", "--config", world.file}) == ExitCode::ok);
  const auto shown = world.console.out;
  const auto again = world.folder.write("again.toml", shown).string();

  CHECK(world.console.run({"config", "show", "--config", again}) == ExitCode::ok);
  CHECK(world.console.out == shown);
  CHECK(world.console.run({"config", "show", "--origins", "--config", world.file}) == ExitCode::ok);
  CHECK(world.console.out.find("mtu = 1380  # " + world.file + ":2:1\n") != std::string::npos);
  CHECK(world.console.run({"config", "show", "--json", "--config", world.file}) == ExitCode::ok);
  CHECK(world.console.out.find("\"mtu\":1380") != std::string::npos);
}

TEST_CASE("cli: config check lists errors with their places", "[cli]") {
  World world;
  CHECK(world.console.run({"config", "check", world.file}) == ExitCode::ok);
  CHECK(world.console.out == "The configuration is good.\n");

  world.folder.write("c.toml", "[network]\nmtu = 1\n[node]\nroel = \"node\"\n");
  CHECK(world.console.run({"config", "check", world.file}) == ExitCode::config);
  CHECK(world.console.err ==
        "quicether: the configuration is wrong\n"
        "  " +
            world.file +
            ":2:7: network.mtu: found 1, expected an integer from 1280 to 65535\n"
            "  " +
            world.file + ":4:1: node.roel: unknown key; did you mean \"role\"?\n");

  world.folder.write("c.toml", "[node]\nrole = \"gateway\"\n");
  CHECK(world.console.run({"config", "check", "--config", world.file}) == ExitCode::ok);
  CHECK(
      world.console.out.starts_with("Warning: " + world.file + ":2:1: node.role: configured but "));
  CHECK(world.console.run({"config", "check", world.file, "--json"}) == ExitCode::ok);
  CHECK(world.console.out.starts_with("{\"ok\":true,\"warnings\":[\""));
  CHECK(world.console.run({"config", "check", "/nonexistent.toml"}) == ExitCode::config);
}

TEST_CASE("cli: config set changes the file and leaves the rest", "[cli]") {
  World world;
  CHECK(world.console.run({"config", "set", "network.mtu", "1400", "--config", world.file}) ==
        ExitCode::ok);
  CHECK(world.folder.read("c.toml") == "[network]\nmtu = 1400 # ours\n");
  CHECK(world.console.out == "Changed " + world.file + "\nTo apply it: quicether reload\n");

  CHECK(world.console.run({"config", "set", "network.mtu", "1", "--config", world.file}) ==
        ExitCode::config);
  CHECK(world.console.err ==
        "quicether: the configuration is wrong\n"
        "  value: network.mtu: found 1, expected an integer from 1280 to 65535\n");
  CHECK(world.folder.read("c.toml") == "[network]\nmtu = 1400 # ours\n");
  CHECK(world.console.run({"config", "set", "network.mtu", "--config", world.file}) ==
        ExitCode::usage);
  CHECK(world.console.run({"config", "set", "--config", world.file}) == ExitCode::usage);
}

TEST_CASE("cli: config set takes gateways, one more each time", "[cli]") {
  World world;
  CHECK(world.console.run(
            {"config", "set", "--gateway-prefer", "3fa9c0d1", "--config", world.file}) ==
        ExitCode::ok);
  CHECK(
      world.console.run({"config", "set", "--gateway-allow", "abcdef12", "--config", world.file}) ==
      ExitCode::ok);
  CHECK(world.console.run({"config", "set", "--gateway-allow", "colo", "--config", world.file}) ==
        ExitCode::ok);

  CHECK(world.folder.read("c.toml") ==
        "[network]\nmtu = 1380 # ours\n\n[gateway]\nallow = [\"node_abcdef12\", \"colo\"]\n"
        "prefer = \"3fa9c0d1\"\n");
}

TEST_CASE("cli: keygen makes a private key and never loses one", "[cli]") {
  World world;
  const auto key = (world.folder.path() / "node.key").string();

  CHECK(world.console.run({"keygen", "--output", key}) == ExitCode::ok);
  CHECK(world.console.out.starts_with("Node ID: "));
  CHECK(world.console.out.find("Key File: " + key + "\n") != std::string::npos);
  struct stat status{};
  REQUIRE(::stat(key.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  const auto first = world.folder.read("node.key");

  CHECK(world.console.run({"keygen", "--output", key}) == ExitCode::cannot_create);
  CHECK(world.console.err.starts_with("quicether: " + key + " is there already\n"));
  CHECK(world.folder.read("node.key") == first);

  CHECK(world.console.run({"keygen", "--output", key, "--force", "--json"}) == ExitCode::ok);
  CHECK(world.console.out.starts_with("{\"node_id\":\""));
  CHECK(world.folder.read("node.key.old") == first);
  const auto second = world.folder.read("node.key");
  CHECK(second != first);
  CHECK(world.console.run({"keygen", "--output", key, "--force"}) == ExitCode::ok);
  CHECK(world.folder.read("node.key.old.2") == second);
}

TEST_CASE("cli: keygen writes into the state directory of the configuration", "[cli]") {
  World world;
  world.folder.write("c.toml", "[node]\nstate_dir = \"state\"\n");

  CHECK(world.console.run({"keygen", "--config", world.file}) == ExitCode::ok);

  struct stat status{};
  REQUIRE(::stat((world.folder.path() / "state").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0700U);
  CHECK(std::filesystem::exists(world.folder.path() / "state/node.key"));
}

TEST_CASE("cli: keygen tells when it cannot write", "[cli]") {
  World world;
  CHECK(world.console.run({"keygen", "--output", world.file + "/node.key"}) != ExitCode::ok);
  CHECK_FALSE(world.console.err.empty());
  CHECK(world.console.run({"keygen", "--output", "/nonexistent/node.key"}) == ExitCode::io_failure);
}
