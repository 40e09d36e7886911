#include "control_support.hpp"
#include "support/temporary_folder.hpp"

#include <quicether/mgmt/control_server.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace quicether::mgmt;
using quicether::errc;
using quicether::mgmt::test::ControlEnvironment;
using quicether::mgmt::test::FakeDaemon;
using quicether::mgmt::test::RawClient;
using quicether::test::TemporaryFolder;

namespace {

constexpr std::string_view kStatus = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.status\"}\n";
constexpr std::string_view kStop = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.stop\"}\n";
constexpr std::string_view kJoin =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"network.join\",\"params\":{\"invite\":\"qe1-a\"}}"
    "\n";

struct World {
  TemporaryFolder folder{};
  std::filesystem::path path = folder.path() / "run/control.sock";
  ControlEnvironment environment{};
  FakeDaemon daemon{};
  std::unique_ptr<ControlServer> server{};

  void open(ControlLimits limits = {}) {
    auto opened = ControlServer::open(environment, daemon, {path, limits});
    REQUIRE(opened.has_value());
    server = std::move(*opened);
  }

  RawClient connect() {
    RawClient client{path};
    REQUIRE(client.connected());
    environment.settle();
    return client;
  }

  std::string ask(RawClient& client, std::string_view text) {
    CHECK(client.send(text));
    environment.settle();
    return client.receive();
  }
};

bool is_answer(std::string_view text) {
  return text.starts_with("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{") && text.ends_with("}\n");
}

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("control_server: answers on a private socket in a private folder", "[mgmt][control]") {
  World world;
  world.open();
  auto client = world.connect();

  CHECK(is_answer(world.ask(client, kStatus)));

  struct stat status{};
  REQUIRE(::stat(world.path.c_str(), &status) == 0);
  CHECK(S_ISSOCK(status.st_mode));
  CHECK((status.st_mode & 0777U) == 0600U);
  REQUIRE(::stat(world.path.parent_path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0700U);
}

TEST_CASE("control_server: keeps a connection for more requests, one after the other",
          "[mgmt][control]") {
  World world;
  world.open();
  auto client = world.connect();

  for (int i = 0; i < 3; ++i) {
    CHECK(is_answer(world.ask(client, kStatus)));
  }
  const auto three = std::string{kStatus} + "rubbish\n" + std::string{kStatus};
  CHECK(lines_of(world.ask(client, three)) == 3);
  CHECK_FALSE(client.closed());
}

TEST_CASE("control_server: takes a request in pieces", "[mgmt][control]") {
  World world;
  world.open();
  auto client = world.connect();

  for (const char c : kStatus.substr(0, kStatus.size() - 1)) {
    CHECK(world.ask(client, std::string_view{&c, 1}).empty());
  }
  CHECK(is_answer(world.ask(client, "\n")));
}

TEST_CASE("control_server: refuses a request that is too long and closes", "[mgmt][control]") {
  World world;
  world.open();
  auto client = world.connect();

  // Valid JSON may be followed by white space: the longest request that is taken.
  const std::string padding(64 * 1024 - kStatus.size(), ' ');
  const auto longest = std::string{kStatus.substr(0, kStatus.size() - 1)} + padding + "\n";
  REQUIRE(longest.size() == 64 * 1024);
  CHECK(is_answer(world.ask(client, longest)));

  const auto answer = world.ask(client, std::string(64 * 1024, ' '));
  CHECK(
      answer ==
      "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32005,\"message\":\"a request has at "
      "most 65536 bytes\"}}\n");
  CHECK(client.closed());
  CHECK(world.server->connections() == 0);
}

TEST_CASE("control_server: a slow request ends its connection", "[mgmt][control]") {
  World world;
  world.open();
  auto slow = world.connect();
  auto honest = world.connect();

  for (int second = 0; second < 5; ++second) {
    CHECK(slow.send("{"));
    world.environment.advance(999ms);
    CHECK(is_answer(world.ask(honest, kStatus)));
    CHECK(world.server->connections() == 2);
  }
  world.environment.advance(5ms);
  (void)slow.receive();
  CHECK(slow.closed());
  CHECK(world.server->connections() == 1);
  CHECK(is_answer(world.ask(honest, kStatus)));
}

TEST_CASE("control_server: an answer may take longer than a request", "[mgmt][control]") {
  struct Slow final : FakeDaemon {
    void join_network(const std::string& /*invite*/, AnswerHandler<std::string> done) override {
      joined = std::move(done);
    }

    AnswerHandler<std::string> joined{};
  };

  World world;
  Slow daemon;
  auto opened = ControlServer::open(world.environment, daemon, {world.path, {}});
  REQUIRE(opened.has_value());
  world.server = std::move(*opened);
  auto client = world.connect();
  CHECK(client.send(kJoin));
  world.environment.settle();
  REQUIRE(daemon.joined);

  world.environment.advance(2min);
  daemon.joined(std::string{"home"});
  world.environment.settle();

  CHECK(is_answer(client.receive()));
  CHECK(is_answer(world.ask(client, kStatus)));
  world.environment.advance(1min);
  CHECK(world.server->connections() == 0);  // idle
}

TEST_CASE("control_server: an idle connection ends after a minute", "[mgmt][control]") {
  World world;
  world.open();
  auto client = world.connect();

  world.environment.advance(59s);
  CHECK(is_answer(world.ask(client, kStatus)));
  world.environment.advance(59s);
  CHECK(world.server->connections() == 1);
  world.environment.advance(1s);
  CHECK(world.server->connections() == 0);
}

TEST_CASE("control_server: a client that takes no answer is given up", "[mgmt][control]") {
  World world;
  world.daemon.more_peers = 498;  // half a megabyte: more than the system buffers
  world.open();
  auto client = world.connect();

  CHECK(client.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.peers\"}\n"));
  world.environment.advance(9s);
  CHECK(world.server->connections() == 1);
  world.environment.advance(1s);
  CHECK(world.server->connections() == 0);
}

TEST_CASE("control_server: a client that reads slowly gets the whole answer", "[mgmt][control]") {
  World world;
  world.daemon.more_peers = 498;
  world.open();
  auto client = world.connect();

  CHECK(client.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"node.peers\"}\n"));
  std::string answer;
  for (int i = 0; i < 100 && !answer.ends_with("\n"); ++i) {
    world.environment.settle();
    answer += client.receive();
  }
  CHECK(is_answer(answer));
  CHECK(answer.size() > 500'000);
}

TEST_CASE("control_server: of 1000 connections it serves 64 and refuses the rest at once",
          "[mgmt][control]") {
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  const auto before = files;
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
  World world;
  world.open();

  std::vector<RawClient> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(world.connect());
  }

  CHECK(world.server->connections() == 64);
  std::size_t served = 0;
  std::size_t refused = 0;
  for (auto& client : clients) {
    (void)client.send(kStatus);
    world.environment.settle();
    const auto answer = client.receive();
    served += is_answer(answer) ? 1U : 0U;
    refused += answer.find("\"code\":-32004") != std::string::npos && client.closed() ? 1U : 0U;
  }
  CHECK(served == 64);
  CHECK(refused == 936);

  clients.erase(clients.begin());
  world.environment.settle();
  CHECK(world.server->connections() == 63);
  auto next = world.connect();
  CHECK(is_answer(world.ask(next, kStatus)));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}

TEST_CASE("control_server: no single step keeps the daemon from its packets", "[mgmt][control]") {
  World world;
  world.open();
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(world.path);  // some only wait in the queue
  }
  for (auto& client : clients) {
    (void)client.send(std::string(65536, '['));
    (void)client.send("\n");
  }

  // Processor time of this thread, so that a busy machine does not matter.
  const auto used = [] {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return std::chrono::seconds{usage.ru_utime.tv_sec + usage.ru_stime.tv_sec} +
           std::chrono::microseconds{usage.ru_utime.tv_usec + usage.ru_stime.tv_usec};
  };
  std::chrono::microseconds longest{0};
  world.environment.loop().restart();
  for (auto start = used(); world.environment.loop().poll_one() > 0; start = used()) {
    longest = std::max(longest, used() - start);
  }
  CHECK(longest < 5ms);
}

TEST_CASE("control_server: survives having no file descriptor left", "[mgmt][control]") {
  World world;
  world.open();
  RawClient client{world.path};
  REQUIRE(client.connected());
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  const auto before = files;
  files.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);

  world.environment.settle();  // ends: it does not try again at once
  CHECK(world.server->connections() == 0);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  world.environment.settle();
  CHECK(world.server->connections() == 0);
  world.environment.advance(100ms);

  CHECK(world.server->connections() == 1);
  CHECK(is_answer(world.ask(client, kStatus)));
}

TEST_CASE("control_server: refuses other users whatever the mode of the socket",
          "[mgmt][control]") {
  if (::geteuid() != 0) {
    SKIP("needs root to become another user");
  }
  World world;
  world.open();
  std::filesystem::permissions(world.folder.path(), std::filesystem::perms{0755});
  std::filesystem::permissions(world.path.parent_path(), std::filesystem::perms{0755});
  std::filesystem::permissions(world.path, std::filesystem::perms{0666});
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // Blocks until the parent answers: only plain calls here.
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) {
      ::_exit(1);
    }
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    world.path.native().copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      ::_exit(2);
    }
    std::string answer(256, '\0');
    const auto size = ::recv(socket, answer.data(), answer.size(), 0);
    const bool denied = size > 0 && answer.find("\"code\":-32003") != std::string::npos;
    const bool ended = ::recv(socket, answer.data(), answer.size(), 0) == 0;
    ::_exit(denied && ended ? 0 : 3);
  }

  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    world.environment.loop().restart();
    world.environment.loop().run_one_for(10ms);
  }

  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(world.server->connections() == 0);
  CHECK(world.environment.reported() == std::vector<std::string>{"control.denied"});
}

TEST_CASE("control_server: sends the answer to stop before the daemon stops", "[mgmt][control]") {
  World world;
  world.open();
  auto client = world.connect();

  CHECK(is_answer(world.ask(client, kStop)));

  CHECK(world.daemon.stopped);
  CHECK(world.environment.reported() == std::vector<std::string>{"control.request node.stop"});
}

TEST_CASE("control_server: a daemon may close it from inside stop()", "[mgmt][control]") {
  struct Suicidal final : FakeDaemon {
    void stop() override { server->reset(); }

    std::unique_ptr<ControlServer>* server = nullptr;
  };

  World world;
  Suicidal daemon;
  daemon.server = &world.server;
  auto opened = ControlServer::open(world.environment, daemon, {world.path, {}});
  REQUIRE(opened.has_value());
  world.server = std::move(*opened);
  auto client = world.connect();

  CHECK(is_answer(world.ask(client, kStop)));

  CHECK(client.closed());
  CHECK(world.server == nullptr);
  CHECK_FALSE(std::filesystem::exists(world.path));
}

TEST_CASE("control_server: closing ends connections and removes the socket", "[mgmt][control]") {
  World world;
  world.open();
  auto client = world.connect();
  auto busy = world.connect();
  CHECK(busy.send("{"));
  world.environment.settle();

  world.server.reset();

  CHECK_FALSE(std::filesystem::exists(world.path));
  world.environment.settle();
  (void)client.receive();
  CHECK(client.closed());
  world.open();
  auto again = world.connect();
  CHECK(is_answer(world.ask(again, kStatus)));
}

TEST_CASE("control_server: a second daemon is refused, a dead one's socket replaced",
          "[mgmt][control]") {
  World world;
  world.open();
  CHECK(ControlServer::open(world.environment, world.daemon, {world.path, {}}).error() ==
        errc::already_open);
  world.server.reset();

  const int dead = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  world.path.native().copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  REQUIRE(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::listen(dead, 1) == 0);
  CHECK(ControlServer::open(world.environment, world.daemon, {world.path, {}}).error() ==
        errc::already_open);  // another program's, alive
  ::close(dead);
  REQUIRE(std::filesystem::exists(world.path));

  world.open();
  auto client = world.connect();
  CHECK(is_answer(world.ask(client, kStatus)));
}

TEST_CASE("control_server: touches nothing that is no socket", "[mgmt][control]") {
  World world;
  const auto file = world.folder.write("file", "precious");

  CHECK(ControlServer::open(world.environment, world.daemon, {file, {}}).error() ==
        errc::invalid_argument);
  CHECK(world.folder.read("file") == "precious");
  CHECK(ControlServer::open(world.environment, world.daemon, {std::string(200, 'x'), {}}).error() ==
        errc::invalid_argument);
  CHECK(ControlServer::open(world.environment, world.daemon, {"", {}}).error() ==
        errc::invalid_argument);
  CHECK(ControlServer::open(world.environment, world.daemon, {file / "control.sock", {}}).error() ==
        boost::system::errc::not_a_directory);
}
