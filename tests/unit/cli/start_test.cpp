#include "console.hpp"
#include "process.hpp"
#include "support/temporary_folder.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>

using namespace std::chrono_literals;
using cli::ExitCode;
using cli::test::Console;
using quicether::test::TemporaryFolder;

namespace {

/// A folder with a `qed` of the test's own in front of PATH.
struct World {
  TemporaryFolder folder{};
  std::string path_before = ::getenv("PATH");
  std::string state = (folder.path() / "state").string();
  std::string socket = (folder.path() / "control.sock").string();
  Console console{};

  World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  ~World() { ::setenv("PATH", path_before.c_str(), 1); }

  void install_qed(std::string_view script) const {
    const auto file = folder.write("qed", fmt::format("#!/bin/sh\n{}\n", script));
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    ::setenv("PATH", (folder.path().string() + ":" + path_before).c_str(), 1);
  }

  ExitCode start(std::vector<std::string> more) {
    std::vector<std::string> words{
        "start", "--background", "--state-dir", state, "--control-socket", socket};
    words.insert(words.end(), more.begin(), more.end());
    return console.run(words);
  }
};

}  // namespace

TEST_CASE("start: in the background passes the flags on and tells why qed failed", "[cli]") {
  World world;
  world.install_qed("echo \"flags: $*\"; echo 'the key file is empty' >&2; exit 78");

  CHECK(world.start({"--mtu", "1400", "--bootstrap-mode"}) == ExitCode::config);

  const auto log = world.state + "/qed.log";
  CHECK(world.console.err ==
        fmt::format("quicether: qed ended with exit code 78\n"
                    "  flags: --state-dir {} --control-socket {} --mtu 1400 --bootstrap-mode\n"
                    "  the key file is empty\n"
                    "  its log is {}\n",
                    world.state,
                    world.socket,
                    log));
  struct stat status{};
  REQUIRE(::stat(log.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);

  world.install_qed("echo second; exit 69");
  CHECK(world.start({"--json"}) == ExitCode::unavailable);
  CHECK(world.console.out.starts_with("{\"error\":{\"exit_code\":69,"));
  CHECK(world.folder.read("state/qed.log") == "second\n");
  CHECK(world.folder.read("state/qed.log.1").ends_with("the key file is empty\n"));
}

TEST_CASE("start: a qed that ends without an error has not started either", "[cli]") {
  World world;
  world.install_qed("exit 0");
  CHECK(world.start({}) == ExitCode::unavailable);
}

TEST_CASE("start: hostile output of qed is printed harmlessly", "[cli]") {
  World world;
  world.install_qed("printf 'a\\033[2Jb\\n'; exit 1");
  CHECK(world.start({}) == ExitCode{1});
  CHECK(world.console.err.find("  a\\x1b[2Jb\n") != std::string::npos);
}

TEST_CASE("start: a wrong configuration is refused before qed runs", "[cli]") {
  World world;
  world.install_qed("touch " + (world.folder.path() / "ran").string());
  const auto file = world.folder.write("c.toml", "[network]\nmtu = 1\n").string();

  CHECK(world.start({"--config", file}) == ExitCode::config);
  CHECK(world.console.run({"start", "--config", file}) == ExitCode::config);
  CHECK(world.console.err ==
        "quicether: the configuration is wrong\n  " + file +
            ":2:7: network.mtu: found 1, expected an integer from 1280 to 65535\n");
  CHECK_FALSE(std::filesystem::exists(world.folder.path() / "ran"));
}

TEST_CASE("start: tells when there is no qed", "[cli]") {
  World world;
  ::setenv("PATH", world.folder.path().c_str(), 1);
  CHECK(world.start({}) == ExitCode::no_input);
  CHECK(world.console.err ==
        "quicether: cannot run qed: No such file or directory\n"
        "  qed is looked for beside quicether and on PATH\n");
}

TEST_CASE("process_watch: sees a process end, and none that is not there", "[cli]") {
  CHECK_FALSE(cli::ProcessWatch::open(0).has_value());
  CHECK_FALSE(cli::ProcessWatch::open(-1).has_value());
  const TemporaryFolder folder;
  const auto process = cli::spawn("cat", {}, folder.path() / "log");  // ends: its input is empty
  REQUIRE(process.has_value());
  const auto watch = cli::ProcessWatch::open(*process);
  REQUIRE(watch.has_value());
  CHECK(watch->ended_within(10s));
  CHECK(cli::reap(*process) == 0);
  CHECK_FALSE(cli::ProcessWatch::open(*process).has_value());
}
