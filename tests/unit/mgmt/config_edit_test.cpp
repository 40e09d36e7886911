#include "support/temporary_folder.hpp"

#include <quicether/mgmt/config_edit.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <string>
#include <string_view>

using namespace quicether::mgmt;
using quicether::test::TemporaryFolder;

namespace {

std::string edit(std::string_view text, std::string_view key, std::string_view value) {
  const auto edited = edit_config_text("c.toml", text, key, value);
  return edited ? *edited : edited.error().to_string();
}

}  // namespace

TEST_CASE("config_edit: replaces a value and nothing else", "[mgmt][config]") {
  constexpr std::string_view text =
      "# größe\n[node]\n  name   = \"häuslich\" # old\n\n[network]\nmtu=1400# c\n";
  // The name is not valid, so the text is repaired first.
  constexpr std::string_view good =
      "# größe\n[node]\n  name   = \"home\" # ö\n\n[network]\nmtu=1400# c\n";

  CHECK(edit(text, "node.name", "new").starts_with("c.toml:3:12: node.name: found \"häuslich\""));
  CHECK(edit(good, "node.name", "new") ==
        "# größe\n[node]\n  name   = \"new\" # ö\n\n[network]\nmtu=1400# c\n");
  CHECK(edit(good, "network.mtu", "1300") ==
        "# größe\n[node]\n  name   = \"home\" # ö\n\n[network]\nmtu=1300# c\n");
}

TEST_CASE("config_edit: replaces a list over several lines", "[mgmt][config]") {
  CHECK(edit("[network]\nadvertise_subnets = [\n  \"10.0.0.0/16\", # hq\n]\nmtu = 1400\n",
             "network.advertise_subnets",
             "10.1.0.0/16,10.2.0.0/16") ==
        "[network]\nadvertise_subnets = [\"10.1.0.0/16\", \"10.2.0.0/16\"]\nmtu = 1400\n");
}

TEST_CASE("config_edit: adds a key below its section's header", "[mgmt][config]") {
  CHECK(edit("[network] # ours\nmtu = 1400\n\n[node]\nname = \"a\"\n", "network.tun_name", "qe1") ==
        "[network] # ours\ntun_name = \"qe1\"\nmtu = 1400\n\n[node]\nname = \"a\"\n");
  CHECK(edit("[network]", "network.tun_name", "qe1") == "[network]\ntun_name = \"qe1\"\n");
}

TEST_CASE("config_edit: adds a section at the end", "[mgmt][config]") {
  CHECK(edit("", "gateway.prefer", "3fa9") == "[gateway]\nprefer = \"3fa9\"\n");
  CHECK(edit("[node]\nname = \"a\"\n", "gateway.allow", "3fa9,colo") ==
        "[node]\nname = \"a\"\n\n[gateway]\nallow = [\"3fa9\", \"colo\"]\n");
  CHECK(edit("[node]\nname = \"a\"", "network.mtu", "1400") ==
        "[node]\nname = \"a\"\n\n[network]\nmtu = 1400\n");
  CHECK(edit("[multipath.weights]\neth0 = 1.0\n", "multipath.enabled", "true") ==
        "[multipath.weights]\neth0 = 1.0\n\n[multipath]\nenabled = true\n");
}

TEST_CASE("config_edit: leaves unusual forms to a person", "[mgmt][config]") {
  CHECK(edit("network = { mtu = 1400 }\n", "network.tun_name", "qe1") ==
        "c.toml: network.tun_name: has to be edited by hand: it is written in an unusual form\n");
  CHECK(edit("network.mtu = 1400\n", "network.tun_name", "qe1") ==
        "c.toml: network.tun_name: has to be edited by hand: it is written in an unusual form\n");
  CHECK(edit("[multipath.weights]\neth0 = 1.0\n", "multipath.weights", "eth1=2") ==
        "c.toml: multipath.weights: has to be edited by hand: it is written in an unusual form\n");
  CHECK(edit("network = { mtu = 1400 }\n", "network.mtu", "1300") == "network = { mtu = 1300 }\n");
  CHECK(edit("", "peer", "a:1") == "c.toml: peer: has to be edited by hand: these are tables\n");
}

TEST_CASE("config_edit: refuses wrong keys and values", "[mgmt][config]") {
  CHECK(edit("", "network.mut", "1400") ==
        "key: network.mut: unknown key; did you mean network.mtu?\n");
  CHECK(edit("", "network.mtu", "14") ==
        "value: network.mtu: found 14, expected an integer from 1280 to 65535\n");
  CHECK(edit("[network]\nmtu = 1\n", "network.mtu", "1400") ==
        "c.toml:2:7: network.mtu: found 1, expected an integer from 1280 to 65535\n");
  CHECK(edit("[transport]\nidle_timeout = \"30s\"\n", "transport.keep_alive", "1m") ==
        "c.toml:2:1: transport.keep_alive: keep_alive must be shorter than idle_timeout, or idle "
        "sessions would end\n");
}

TEST_CASE("config_edit: replaces the file and keeps its mode", "[mgmt][config]") {
  const TemporaryFolder folder;
  const auto file = folder.write("c.toml", "[network]\nmtu = 1400\n");
  std::filesystem::create_symlink("c.toml", folder.path() / "link.toml");

  REQUIRE(edit_config_file(folder.path() / "link.toml", "network.mtu", "1300").has_value());

  CHECK(folder.read("c.toml") == "[network]\nmtu = 1300\n");
  CHECK(std::filesystem::is_symlink(folder.path() / "link.toml"));
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
}

TEST_CASE("config_edit: makes a file that is missing", "[mgmt][config]") {
  const TemporaryFolder folder;

  REQUIRE(edit_config_file(folder.path() / "new/c.toml", "network.mtu", "1300").has_value());

  CHECK(folder.read("new/c.toml") == "[network]\nmtu = 1300\n");
}

TEST_CASE("config_edit: a failed edit leaves the file alone", "[mgmt][config]") {
  const TemporaryFolder folder;
  const auto file = folder.write("c.toml", "[network]\nmtu = 1400\n");

  REQUIRE_FALSE(edit_config_file(file, "network.mtu", "1").has_value());

  CHECK(folder.read("c.toml") == "[network]\nmtu = 1400\n");
  CHECK(std::distance(std::filesystem::directory_iterator{folder.path()}, {}) == 1);
}
