#include <quicether/core/path/path_plan.hpp>
#include <quicether/core/path/scheduler.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

using namespace quicether;
using namespace quicether::path;

namespace {

SocketAddress at(std::string_view text) {
  return {IpAddress::parse(text).value(), 9000};
}

Uplink uplink(std::uint32_t index, std::vector<std::string_view> addresses) {
  Uplink made;
  made.index = index;
  for (const auto text : addresses) {
    made.addresses.push_back(InterfaceAddress::parse(text).value());
  }
  return made;
}

PathUse session(std::uint8_t path_id, std::string_view local, std::string_view remote) {
  return {path_id, true, IpAddress::parse(local).value(), at(remote)};
}

AddressPair pair(std::string_view local, std::string_view remote) {
  return {{IpAddress::parse(local).value(), 0}, at(remote)};
}

/// The pair that each planned path begins with, as text, in order of path ids.
std::vector<std::string> firsts(const std::vector<PlannedPath>& plan) {
  std::vector<std::string> texts;
  for (const auto& path : plan) {
    texts.push_back(std::to_string(path.path_id) + " " +
                    path.pairs.front().local.address.to_string() + " " +
                    path.pairs.front().remote.address.to_string());
  }
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("path_plan: each uplink has a path to a server with one address", "[path][path_plan]") {
  const std::vector uplinks{uplink(1, {"10.0.1.2/24"}), uplink(2, {"10.0.2.2/24"})};
  const std::vector remotes{at("203.0.113.1")};
  const std::vector up{session(0, "10.0.1.2", "203.0.113.1")};

  const auto plan = plan_paths(uplinks, remotes, up, {});

  CHECK(firsts(plan) == Texts{"0 10.0.1.2 203.0.113.1", "1 10.0.2.2 203.0.113.1"});
  CHECK(plan[0].uplink == 1);
  CHECK(plan[1].uplink == 2);
}

TEST_CASE("path_plan: one uplink has a path to each address of the peer", "[path][path_plan]") {
  const std::vector uplinks{uplink(1, {"10.0.1.2/24"})};
  const std::vector remotes{at("203.0.113.1"), at("203.0.113.2"), at("203.0.113.3")};
  const std::vector up{session(0, "10.0.1.2", "203.0.113.1")};

  CHECK(firsts(plan_paths(uplinks, remotes, up, {})) ==
        Texts{"0 10.0.1.2 203.0.113.1", "1 10.0.1.2 203.0.113.2", "2 10.0.1.2 203.0.113.3"});
}

TEST_CASE("path_plan: networks that both have come first", "[path][path_plan]") {
  const std::vector uplinks{
      uplink(1, {"10.0.1.2/24"}), uplink(2, {"10.0.2.2/24"}), uplink(3, {"10.0.3.2/24"})};
  const std::vector remotes{at("10.0.1.1"), at("10.0.3.1"), at("10.0.2.1")};
  const std::vector up{session(0, "10.0.1.2", "10.0.1.1")};

  CHECK(firsts(plan_paths(uplinks, remotes, up, {})) ==
        Texts{"0 10.0.1.2 10.0.1.1", "1 10.0.2.2 10.0.2.1", "2 10.0.3.2 10.0.3.1"});
}

TEST_CASE("path_plan: uplinks begin with different addresses", "[path][path_plan]") {
  const std::vector uplinks{uplink(1, {"10.0.1.2/24"}), uplink(2, {"10.0.2.2/24"})};
  const std::vector remotes{at("203.0.113.1"), at("198.51.100.1")};
  const std::vector up{session(0, "10.0.1.2", "203.0.113.1")};

  const auto plan = plan_paths(uplinks, remotes, up, {});

  CHECK(firsts(plan) == Texts{"0 10.0.1.2 203.0.113.1", "1 10.0.2.2 198.51.100.1"});
  CHECK(plan[1].pairs ==
        std::vector{pair("10.0.2.2", "198.51.100.1"), pair("10.0.2.2", "203.0.113.1")});
}

TEST_CASE("path_plan: a path that never answers leaves its address to others",
          "[path][path_plan]") {
  const std::vector uplinks{uplink(1, {"10.0.1.2/24"}), uplink(2, {"172.17.0.1/16"})};
  const std::vector remotes{at("203.0.113.1"), at("198.51.100.1")};
  const std::vector up{session(0, "10.0.1.2", "203.0.113.1")};
  auto plan = plan_paths(uplinks, remotes, up, {});
  REQUIRE(plan.size() == 2);
  plan[1].failed = true;

  CHECK(firsts(plan_paths(uplinks, remotes, up, plan)) ==
        Texts{"0 10.0.1.2 203.0.113.1", "1 172.17.0.1 198.51.100.1", "2 10.0.1.2 198.51.100.1"});
}

TEST_CASE("path_plan: paths keep their ids while uplinks go and come", "[path][path_plan]") {
  const auto one = uplink(1, {"10.0.1.2/24"});
  const auto two = uplink(2, {"10.0.2.2/24"});
  const auto three = uplink(3, {"10.0.3.2/24"});
  const std::vector remotes{at("203.0.113.1")};
  const std::vector all{one, two, three};
  const std::vector both{session(0, "10.0.1.2", "203.0.113.1"),
                         session(2, "10.0.3.2", "203.0.113.1")};
  const auto first = plan_paths(all, remotes, std::vector{both[0]}, {});
  REQUIRE(firsts(first) ==
          Texts{"0 10.0.1.2 203.0.113.1", "1 10.0.2.2 203.0.113.1", "2 10.0.3.2 203.0.113.1"});

  // The second uplink is gone, and the path over the third one is up.
  const auto without = plan_paths(std::vector{one, three}, remotes, both, first);
  CHECK(firsts(without) == Texts{"0 10.0.1.2 203.0.113.1", "2 10.0.3.2 203.0.113.1"});

  // The first path is lost with its uplink.
  const auto rest = plan_paths(std::vector{two, three}, remotes, std::vector{both[1]}, without);
  CHECK(firsts(rest) == Texts{"0 10.0.2.2 203.0.113.1", "2 10.0.3.2 203.0.113.1"});
}

TEST_CASE("path_plan: a lost path is looked for where it was", "[path][path_plan]") {
  const std::vector uplinks{uplink(1, {"10.0.1.2/24"}), uplink(2, {"10.0.2.2/24"})};
  const std::vector remotes{at("203.0.113.1"), at("198.51.100.1")};
  const std::vector both{session(0, "10.0.1.2", "203.0.113.1"),
                         session(1, "10.0.2.2", "203.0.113.1")};
  const auto plan = plan_paths(uplinks, remotes, both, {});

  const auto after = plan_paths(uplinks, remotes, std::vector{both[0]}, plan);

  CHECK(firsts(after)[1] == "1 10.0.2.2 203.0.113.1");
}

TEST_CASE("path_plan: sessions of the peer's own count, and keep their ids", "[path][path_plan]") {
  const std::vector uplinks{
      uplink(1, {"10.0.1.2/24"}), uplink(2, {"10.0.2.2/24"}), uplink(3, {"10.0.3.2/24"})};
  const std::vector remotes{at("203.0.113.1")};
  std::vector up{session(0, "10.0.1.2", "203.0.113.1"), session(1, "10.0.3.2", "198.51.100.7")};
  up[1].dialled_here = false;

  CHECK(firsts(plan_paths(uplinks, remotes, up, {})) ==
        Texts{"0 10.0.1.2 203.0.113.1", "2 10.0.2.2 203.0.113.1"});
}

TEST_CASE("path_plan: the other family is no line of its own", "[path][path_plan]") {
  const std::vector uplinks{uplink(1, {"10.0.1.2/24", "2001:db8:1::2/64"}),
                            uplink(2, {"2001:db8:2::2/64"})};
  const std::vector remotes{at("203.0.113.1"), at("2001:db8:9::1")};
  const std::vector up{session(0, "10.0.1.2", "203.0.113.1")};

  // But an uplink that has nothing else uses it.
  CHECK(firsts(plan_paths(uplinks, remotes, up, {})) ==
        Texts{"0 10.0.1.2 203.0.113.1", "1 2001:db8:2::2 2001:db8:9::1"});
}

TEST_CASE("path_plan: a path is superfluous when others have its uplink and its address",
          "[path][path_plan]") {
  const std::vector uplinks{uplink(1, {"10.0.1.2/24"}), uplink(2, {"10.0.2.2/24"})};
  const auto near_one = session(0, "10.0.1.2", "10.0.1.1");
  const auto crossed = session(1, "10.0.2.2", "10.0.1.1");
  const auto near_two = session(2, "10.0.2.2", "10.0.2.1");

  CHECK(redundant_path(uplinks, std::vector{near_one, crossed, near_two}) == 1);
  CHECK(redundant_path(uplinks, std::vector{near_one, near_two}) == std::nullopt);
  CHECK(redundant_path(uplinks, std::vector{near_one, crossed}) == std::nullopt);
  CHECK(redundant_path(uplinks, std::vector{crossed, near_two}) == std::nullopt);
  // The same twice, as after crossed dials.
  CHECK(redundant_path(uplinks, std::vector{near_one, session(3, "10.0.1.2", "10.0.1.1")}) == 3);
}

TEST_CASE("path_plan: is bounded, and the same for the same", "[path][path_plan]") {
  std::vector<Uplink> uplinks;
  std::vector<SocketAddress> remotes;
  for (std::uint8_t i = 0; i < 40; ++i) {
    Uplink one;
    one.index = i + 1U;
    one.addresses = {{IpAddress::v4({10, 0, i, 2}), 24}};
    uplinks.push_back(one);
    remotes.push_back({IpAddress::v4({203, 0, 113, i}), 9000});
  }
  const std::vector up{session(0, "10.0.0.2", "203.0.113.0")};

  const auto plan = plan_paths(uplinks, remotes, up, {});

  CHECK(plan.size() == kPathsMax);
  for (const auto& path : plan) {
    CHECK(path.pairs.size() <= kPairsMax);
    CHECK(path.path_id < kPathsMax);
  }
  CHECK(plan_paths(uplinks, remotes, up, plan) == plan);
}

TEST_CASE("path_plan: begins where the system would, then through the other uplinks",
          "[path][path_plan]") {
  const std::vector uplinks{uplink(1, {"10.0.1.2/24"}), uplink(2, {"10.0.2.2/24"})};
  const std::vector remotes{at("203.0.113.1"), at("127.0.0.1")};

  CHECK(first_pairs(uplinks,
                    remotes,
                    std::vector{IpAddress::parse("10.0.2.2").value(),
                                IpAddress::parse("127.0.0.1").value()}) ==
        std::vector{pair("10.0.2.2", "203.0.113.1"),
                    pair("127.0.0.1", "127.0.0.1"),
                    pair("10.0.1.2", "203.0.113.1")});
  // The system has no route, or one through an interface that is not to be used.
  CHECK(first_pairs(
            uplinks, std::vector{remotes[0]}, std::vector{IpAddress::parse("10.0.9.9").value()}) ==
        std::vector{pair("10.0.1.2", "203.0.113.1"), pair("10.0.2.2", "203.0.113.1")});
}
