#include <quicether/mgmt/host_resolver.hpp>

#include <boost/asio/io_context.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

using namespace quicether;
using namespace quicether::mgmt;

TEST_CASE("host_resolver: gives the addresses of those that have some", "[mgmt][resolver]") {
  boost::asio::io_context io{1};
  const std::string impossible(300, 'a');  // longer than a name can be: nobody is asked
  std::optional<ResolvedHosts> found;

  async_resolve_hosts(io.get_executor(), {impossible, "localhost"}, [&](ResolvedHosts hosts) {
    found = std::move(hosts);
  });
  CHECK_FALSE(found.has_value());
  io.run();

  REQUIRE(found.has_value());
  CHECK_FALSE(found->contains(impossible));
  REQUIRE(found->contains("localhost"));
  const auto& addresses = found->at("localhost");
  CHECK_FALSE(addresses.empty());
  CHECK(std::ranges::all_of(addresses, [](const auto& one) { return one.is_loopback(); }));
}
