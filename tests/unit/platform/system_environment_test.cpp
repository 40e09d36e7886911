#include "support/temporary_folder.hpp"
#include "unit/platform/platform_support.hpp"

#include <quicether/system_environment.hpp>

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace quicether {

namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("system_environment: offers a clock, timers, randomness and an executor",
          "[platform][environment]") {
  boost::asio::io_context io{1};
  const auto environment = system_environment(io.get_executor());
  const Instant before = environment->now();
  const auto timer = environment->make_timer();
  std::optional<error_code> outcome;

  timer->async_wait(before + 1ms, [&](error_code error) { outcome = error; });
  test::run_until(io, [&] { return outcome.has_value(); });

  CHECK_FALSE(*outcome);
  CHECK(environment->now() >= before + 1ms);
  CHECK(environment->random().next() != environment->random().next());
  CHECK(environment->unix_time() > 1'600'000'000);  // 2020
  CHECK(environment->get_executor() == io.get_executor());
}

TEST_CASE("system_environment: knows the interfaces of this host", "[platform][environment]") {
  boost::asio::io_context io{1};
  const auto interfaces = system_environment(io.get_executor())->interfaces();

  const auto lo = std::ranges::find(interfaces, "lo", &HostInterface::name);
  REQUIRE(lo != interfaces.end());
  CHECK(lo->loopback);
  CHECK(lo->index == 1);
  CHECK_FALSE(lo->multicast);
  if (lo->up) {
    CHECK(std::ranges::count(lo->addresses, InterfaceAddress::parse("127.0.0.1/8").value()) == 1);
  }
  for (const auto& one : interfaces) {
    CHECK(std::ranges::count(interfaces, one.name, &HostInterface::name) == 1);
    CHECK(one.index != 0);
  }
}

TEST_CASE("system_environment: sockets of two environments talk, and events reach their sink",
          "[platform][environment]") {
  boost::asio::io_context io{1};
  test::EventLog events;
  SystemOptions plain;
  plain.events = &events;
  plain.segmentation_offload = false;
  const auto one = system_environment(io.get_executor());
  const auto other = system_environment(io.get_executor(), std::move(plain));
  const DatagramSocketOptions options{.bind = SocketAddress::parse("[::1]:0").value()};
  const auto from = one->open_datagram_socket(options).value();
  const auto to = other->open_datagram_socket(options).value();
  const ByteVector bytes{1, 2, 3};
  const OutgoingTrain train{.bytes = bytes, .segment_bytes = 3, .remote = to->local_endpoint()};
  std::array<ReceivedTrain, 1> received;
  bool readable = false;

  CHECK(from->send({&train, 1}) == 1);
  to->wait_readable([&](error_code) { readable = true; });
  test::run_until(io, [&] { return readable; });

  REQUIRE(to->receive(received) == 1);
  CHECK(received[0].remote == from->local_endpoint());
  CHECK_FALSE(to->stats().receive_offload);
  CHECK(other->open_datagram_socket({.bind = to->local_endpoint()}).error() == errc::already_open);
  CHECK(events.count("udp.open_failed") == 1);
  CHECK(&other->events() == &events);
}

TEST_CASE("system_environment: a TUN that cannot be is an error", "[platform][environment]") {
  boost::asio::io_context io{1};
  const auto environment = system_environment(io.get_executor());

  CHECK(environment->open_tun({.name = "a-name-of-16-byt"}).error() == errc::invalid_argument);
  CHECK(environment->open_tun({.name = ""}).error() == errc::invalid_argument);
}

TEST_CASE("system_environment: without a state directory values last as long as it does",
          "[platform][environment]") {
  boost::asio::io_context io{1};
  const auto environment = system_environment(io.get_executor());
  Store& store = environment->store();
  const ByteVector value{1, 2};

  CHECK(store.load("peers").error() == errc::not_found);
  CHECK(store.save("peers", value).has_value());
  CHECK(store.load("peers").value() == value);
  CHECK(store.remove("peers").has_value());
  CHECK(store.remove("peers").has_value());
  CHECK(store.load("peers").error() == errc::not_found);
  CHECK(system_environment(io.get_executor())->store().load("peers").error() == errc::not_found);
}

TEST_CASE("system_environment: values in a state directory survive the environment",
          "[platform][environment]") {
  const test::TemporaryFolder folder;
  boost::asio::io_context io{1};
  const ByteVector value{1, 2};
  for (const bool first : {true, false}) {
    SystemOptions options;
    options.store = open_state_directory((folder.path() / "a/b").string()).value();
    const auto environment = system_environment(io.get_executor(), std::move(options));
    if (first) {
      CHECK(environment->store().save("peers", value).has_value());
    }
    CHECK(environment->store().load("peers").value() == value);
  }
}

TEST_CASE("state_directory: a second holder is refused and told who the first is",
          "[platform][environment]") {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "state").string();
  auto first = open_state_directory(path);
  REQUIRE(first.has_value());

  const auto second = open_state_directory(path);

  CHECK(second.error() == errc::already_open);
  CHECK(explain_state_directory(second.error(), path) ==
        "the state directory " + path + " is in use by process " + std::to_string(::getpid()));
  first->reset();
  CHECK(open_state_directory(path).has_value());
}

TEST_CASE("state_directory: one that others may write into is refused with what to do",
          "[platform][environment]") {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path() / "state").string();
  REQUIRE(open_state_directory(path).has_value());
  std::filesystem::permissions(path, std::filesystem::perms::all);

  const auto refused = open_state_directory(path);

  CHECK(refused.error() == errc::insecure_permissions);
  CHECK(explain_state_directory(refused.error(), path) ==
        "other users may write into the state directory " + path + ": chmod go-w " + path);
  CHECK(explain_state_directory(errc::not_found, path).starts_with("the state directory " + path));
}

TEST_CASE("system_environment: shards have threads of their own and share store and events",
          "[platform][environment][shard]") {
  boost::asio::io_context io{1};
  test::EventLog events;
  SystemOptions options;
  options.events = &events;
  options.shards = 3;
  const auto environment = system_environment(io.get_executor(), std::move(options));
  REQUIRE(environment->shard_count() == 3);
  CHECK(&environment->shard(0) == environment.get());

  std::vector<std::thread::id> threads;
  std::vector<std::unique_ptr<Timer>> timers(3);
  for (std::size_t index = 0; index < 3; ++index) {
    environment->run_on_shard(index, [&] {
      auto& shard = environment->shard(index);
      threads.push_back(std::this_thread::get_id());
      REQUIRE(shard.store().save("shard." + std::to_string(index), as_bytes("x")).has_value());
      shard.events().on_event({"test.shard", Severity::info, {{"index", std::to_string(index)}}});
      timers[index] = shard.make_timer();
    });
  }
  CHECK(threads[0] == std::this_thread::get_id());
  CHECK(std::set(threads.begin(), threads.end()).size() == 3);
  test::run_until(io, [&] { return events.count("test.shard") == 3; });
  for (std::size_t index = 0; index < 3; ++index) {
    CHECK(environment->store().load("shard." + std::to_string(index)).has_value());
    environment->run_on_shard(index, [&] { timers[index].reset(); });
  }
}

}  // namespace quicether
