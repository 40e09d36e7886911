#include <quicether/mgmt/host_resolver.hpp>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace quicether;
using namespace quicether::mgmt;

namespace {

ResolvedHosts resolve(std::vector<std::string> names, ResolvedHosts known) {
  boost::asio::io_context io{1};
  std::optional<ResolvedHosts> found;
  async_resolve_hosts(
      io.get_executor(), std::move(names), std::move(known), [&](ResolvedHosts hosts) {
        found = std::move(hosts);
      });
  CHECK_FALSE(found.has_value());
  io.run();
  REQUIRE(found.has_value());
  return *found;
}

/// Longer than a name can be: nobody is asked.
const std::string kImpossible(300, 'a');

}  // namespace

TEST_CASE("host_resolver: gives the addresses of those that have some", "[mgmt][resolver]") {
  const auto found = resolve({kImpossible, "localhost"}, {});

  CHECK_FALSE(found.contains(kImpossible));
  REQUIRE(found.contains("localhost"));
  const auto& addresses = found.at("localhost");
  CHECK_FALSE(addresses.empty());
  CHECK(std::ranges::all_of(addresses, [](const auto& one) { return one.is_loopback(); }));
}

TEST_CASE("host_resolver: a name without an answer keeps its addresses", "[mgmt][resolver]") {
  const auto address = IpAddress::parse("192.0.2.1").value();
  const ResolvedHosts known{
      {kImpossible, {address}}, {"localhost", {address}}, {"another", {address}}};

  const auto found = resolve({kImpossible, "localhost"}, known);

  CHECK(found.at(kImpossible) == std::vector{address});
  CHECK(found.at("localhost").front().is_loopback());
  CHECK_FALSE(found.contains("another"));
}
