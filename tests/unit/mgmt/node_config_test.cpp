#include <quicether/mgmt/node_config.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

using namespace quicether;
using namespace quicether::mgmt;

TEST_CASE("node_config: discovery is off unless there is somebody to begin with", "[mgmt]") {
  Config config;
  CHECK_FALSE(make_node_config(config, {}, {})->discovery.has_value());
  config.discovery.public_ip = "198.51.100.7";
  CHECK_FALSE(make_node_config(config, {}, {})->discovery.has_value());
  config.discovery.bootstrap_mode = true;
  CHECK(make_node_config(config, {}, {})->discovery.has_value());
}

TEST_CASE("node_config: links are spoken to in a network with a secret, or on demand", "[mgmt]") {
  Config config;
  CHECK_FALSE(make_node_config(config, {}, {})->lan.has_value());
  config.discovery.lan = true;
  CHECK(make_node_config(config, {}, {})->lan.has_value());
  config.discovery.lan.reset();
  config.network.name = "office";
  config.network.secret = "correct horse";
  CHECK(make_node_config(config, {}, {})->lan.has_value());
  config.discovery.lan = false;
  CHECK_FALSE(make_node_config(config, {}, {})->lan.has_value());
}

TEST_CASE("node_config: bootstrap nodes and the public address may be names", "[mgmt]") {
  const auto one = IpAddress::parse("192.0.2.1").value();
  const auto other = IpAddress::parse("2001:db8::1").value();
  Config config;
  config.discovery.bootstrap_nodes = {{"boot.example.com", 9000}, {"192.0.2.9", 9001}};
  config.discovery.public_ip = "here.example.com";

  CHECK(host_names(config) == std::vector<std::string>{"boot.example.com", "here.example.com"});
  const auto unresolved = make_node_config(config, {}, {}).value();
  CHECK(unresolved.discovery->dht.bootstrap.size() == 1);
  CHECK(unresolved.discovery->dht.node.external.empty());
  const ResolvedHosts hosts{{"boot.example.com", {one, other}}, {"here.example.com", {other}}};
  const auto node = make_node_config(config, hosts, {}).value();
  CHECK(node.discovery->dht.bootstrap ==
        std::vector<SocketAddress>{
            {one, 9000}, {other, 9000}, {*IpAddress::parse("192.0.2.9"), 9001}});
  CHECK(node.discovery->dht.node.external == std::vector{other});
}
