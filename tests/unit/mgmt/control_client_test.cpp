#include "control_support.hpp"
#include "support/temporary_folder.hpp"

#include <quicether/mgmt/control_client.hpp>
#include <quicether/mgmt/status_json.hpp>
#include <quicether/version.hpp>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch_test_macros.hpp>

#include <sys/wait.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using namespace quicether::mgmt;
using quicether::mgmt::test::ControlEnvironment;
using quicether::mgmt::test::FakeDaemon;
using quicether::test::TemporaryFolder;
using Kind = ControlError::Kind;

namespace {

/// A daemon on a thread of its own, as a client that blocks needs it.
class RunningDaemon {
 public:
  explicit RunningDaemon(FakeDaemon& daemon) {
    auto opened = ControlServer::open(environment_, daemon, {path(), {}});
    REQUIRE(opened.has_value());
    server_ = std::move(*opened);
    thread_ = std::thread{[this] { environment_.loop().run(); }};
  }

  RunningDaemon(const RunningDaemon&) = delete;
  RunningDaemon& operator=(const RunningDaemon&) = delete;

  ~RunningDaemon() {
    boost::asio::post(environment_.loop(), [this] { server_.reset(); });
    thread_.join();  // ends when the server's last operation has
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "control.sock"; }

 private:
  TemporaryFolder folder_{};
  ControlEnvironment environment_{};
  std::unique_ptr<ControlServer> server_{};
  std::thread thread_{};
};

/// Answers one connection with fixed lines, whatever it is asked.
class FixedServer {
 public:
  explicit FixedServer(std::string answers) : answers_{std::move(answers)} {
    acceptor_.async_accept(socket_, [this](quicether::error_code failed) {
      if (!failed) {
        boost::asio::write(socket_, boost::asio::buffer(answers_), failed);
        socket_.shutdown(Socket::shutdown_send, failed);
      }
    });
    thread_ = std::thread{[this] { loop_.run(); }};
  }

  FixedServer(const FixedServer&) = delete;
  FixedServer& operator=(const FixedServer&) = delete;

  ~FixedServer() {
    boost::asio::post(loop_, [this] { acceptor_.close(); });
    thread_.join();
  }

  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "control.sock"; }

 private:
  using Protocol = boost::asio::local::stream_protocol;
  using Socket = Protocol::socket;

  TemporaryFolder folder_{};
  std::string answers_;
  boost::asio::io_context loop_{1};
  Protocol::acceptor acceptor_{loop_, Protocol::endpoint{path().string()}};
  Socket socket_{loop_};
  std::thread thread_{};
};

}  // namespace

TEST_CASE("control_client: reads all a daemon has to tell", "[mgmt][control]") {
  FakeDaemon daemon;
  daemon.more_peers = 1500;  // several pages
  const RunningDaemon running{daemon};

  auto client = ControlClient::connect(running.path());

  REQUIRE(client.has_value());
  CHECK(client->software() == quicether::kVersion);
  CHECK(client->server_process() == ::getpid());
  CHECK(to_json(client->status().value()) == to_json(daemon.status()));
  CHECK(to_json(client->peers().value()) == to_json(daemon.peers()));
  CHECK(to_json(client->routes().value()) == to_json(daemon.routes()));
  CHECK(client->config().value() == R"({"network":{"mtu":1380}})");
  const auto outcome = client->reload().value();
  CHECK(outcome.applied == daemon.outcome.applied);
  CHECK(outcome.needs_restart == daemon.outcome.needs_restart);
  CHECK(outcome.warnings == daemon.outcome.warnings);
}

TEST_CASE("control_client: tells why a reload was refused", "[mgmt][control]") {
  FakeDaemon daemon;
  daemon.outcome = {{}, {}, {}, {"c.toml:1:1: x: unknown section"}};
  const RunningDaemon running{daemon};

  const auto refused = ControlClient::connect(running.path()).value().reload();

  REQUIRE_FALSE(refused.has_value());
  const auto error = refused.error();
  CHECK(error.kind == Kind::refused);
  CHECK(error.details == std::vector<std::string>{"c.toml:1:1: x: unknown section"});
}

TEST_CASE("control_client: stops a daemon", "[mgmt][control]") {
  FakeDaemon daemon;
  {
    const RunningDaemon running{daemon};
    auto client = ControlClient::connect(running.path()).value();
    CHECK(client.stop().has_value());
    CHECK(client.status().has_value());  // served after stop() was called
  }
  CHECK(daemon.stopped);
}

TEST_CASE("control_client: tells a missing daemon from a forbidden one", "[mgmt][control]") {
  const TemporaryFolder folder;
  const auto kind_of = [](const std::filesystem::path& path) {
    const auto client = ControlClient::connect(path, 1s);
    REQUIRE_FALSE(client.has_value());
    return client.error().kind;
  };

  CHECK(kind_of(folder.path() / "none.sock") == Kind::not_running);
  CHECK(kind_of(folder.write("file", "")) == Kind::not_running);
  CHECK(kind_of(std::string(500, 'x')) == Kind::broken);
}

TEST_CASE("control_client: tells that a socket is another user's", "[mgmt][control]") {
  if (::geteuid() != 0) {
    SKIP("needs root to become another user");
  }
  ControlEnvironment environment;
  FakeDaemon daemon;
  const TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0755});
  const auto path = folder.path() / "control.sock";
  const auto server = ControlServer::open(environment, daemon, {path, {}});
  REQUIRE(server.has_value());
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) {
      ::_exit(1);
    }
    const auto client = ControlClient::connect(path, 1s);
    ::_exit(!client && client.error().kind == Kind::not_permitted ? 0 : 2);
  }

  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);

  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("control_client: understands a daemon of another version and one that is busy",
          "[mgmt][control]") {
  {
    const FixedServer server{
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32001,\"message\":\"version 2 "
        "here\"}}\n"};
    const auto client = ControlClient::connect(server.path(), 5s);
    REQUIRE_FALSE(client.has_value());
    CHECK(client.error().kind == Kind::incompatible);
    CHECK(client.error().message == "version 2 here");
  }
  {
    const FixedServer server{
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32004,\"message\":\"busy\"}}\n"};
    CHECK(ControlClient::connect(server.path(), 5s).error().kind == Kind::refused);
  }
  {
    const FixedServer server{
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32003,\"message\":\"no\"}}\n"};
    CHECK(ControlClient::connect(server.path(), 5s).error().kind == Kind::not_permitted);
  }
}

TEST_CASE("control_client: survives answers that are none", "[mgmt][control]") {
  for (const std::string answer :
       {"",
        "\n",
        "rubbish\n",
        "{}\n",
        "[]\n",
        "{\"jsonrpc\":\"2.0\"}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":5}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"x\",\"message\":\"y\"}}\n",
        "half a line"}) {
    CAPTURE(answer);
    const FixedServer server{answer};
    const auto client = ControlClient::connect(server.path(), 5s);
    REQUIRE_FALSE(client.has_value());
    CHECK(client.error().kind == Kind::broken);
  }
}

TEST_CASE("control_client: gives up on a daemon that does not answer", "[mgmt][control]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "control.sock";
  boost::asio::io_context never_run;
  using Protocol = boost::asio::local::stream_protocol;
  const Protocol::acceptor listening{never_run, Protocol::endpoint{path.string()}};

  const auto client = ControlClient::connect(path, 20ms);

  REQUIRE_FALSE(client.has_value());
  CHECK(client.error().kind == Kind::timed_out);
}
