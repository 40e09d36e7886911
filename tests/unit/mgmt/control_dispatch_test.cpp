#include "mgmt/control_dispatch.hpp"

#include "control_support.hpp"

#include <quicether/mgmt/status_json.hpp>
#include <quicether/version.hpp>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

using namespace quicether::mgmt;
using quicether::mgmt::test::FakeDaemon;

// The lines here are those of docs/spec/control-socket.md.
namespace {

ControlAnswer answer_to(FakeDaemon& daemon, std::string_view line) {
  ControlAnswer found;
  answer_request(daemon, line, [&](ControlAnswer answer) { found = std::move(answer); });
  return found;
}

std::string ask(FakeDaemon& daemon, std::string_view method, std::string_view params = "{}") {
  const auto answer = answer_to(
      daemon,
      fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params));
  CHECK(answer.method == method);
  return answer.line;
}

std::string result(std::string_view body) {
  return fmt::format("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}}\n", body);
}

std::string error(std::string_view body) {
  return fmt::format("{{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{}}}\n", body);
}

}  // namespace

TEST_CASE("control: node.status", "[mgmt][control]") {
  FakeDaemon daemon;

  CHECK(
      ask(daemon, "node.status") ==
      result(
          R"({"id":"3fa9c0d1e2f30415263748596a7b8c9daebfc0d1",)"
          R"("key":"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",)"
          R"("name":"laptop","network":"acme","version":"0.1.0",)"
          R"("tun_name":"quicether0","tun_mtu":1380,"shards":1,)"
          R"("overlay_addresses":["100.64.0.1/16","fd00::1/8"],"listen":["[::]:9000"],)"
          R"("peers_connected":1,"paths_active":1,"uptime_us":90061000000,)"
          R"("discovery":{"dht_nodes":12,"dht_mode":"server","external_addresses":["198.51.100.7:9000"],)"
          R"("published_endpoints":["198.51.100.7:9000","192.168.1.5:9000"]},)"
          R"("policy_source":"/etc/quicether/policy.toml","policy_rules":3,)"
          R"("warnings":["node.role: configured but not available in this version"],)"
          R"("counters":{"router.dropped.no_route":7,)"
          R"("router.forwarded":18446744073709551615}})"));
}

TEST_CASE("control: node.peers", "[mgmt][control]") {
  FakeDaemon daemon;
  const std::string home =
      R"({"id":"abc123def4560415263748596a7b8c9daebfc0d1",)"
      R"("key":"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",)"
      R"("name":"home","state":"connected","detail":"","gateway":false,)"
      R"("overlay_addresses":["100.64.0.2"],"subnets":["192.168.1.0/24"],)"
      R"("key_exchange":"X25519MLKEM768","post_quantum":true,)"
      R"("cipher_suite":"TLS_AES_128_GCM_SHA256","connected_us":61000000,"paths":[)"
      R"({"path_id":0,"lane":0,"interface":"eth0",)"
      R"("local":"192.168.1.5:9000","remote":"203.0.113.5:9000","state":"active",)"
      R"("rtt_us":15200,"bandwidth_bps":94000000,"packets_sent":1200000,"packets_received":450000,"packets_lost":3,)"
      R"("bytes_sent":1680000000,"bytes_received":630000000,"datagram_payload_max":1382}]})";
  const std::string colo =
      R"({"id":"def4560000000415263748596a7b8c9daebfc0d1","key":null,"name":"",)"
      R"("state":"waiting","detail":"no answer in time","gateway":true,"overlay_addresses":[],)"
      R"("subnets":[],"key_exchange":"","post_quantum":false,"cipher_suite":"",)"
      R"("connected_us":null,"paths":[]})";

  CHECK(ask(daemon, "node.peers") == result(R"({"total":2,"peers":[)" + home + "," + colo + "]}"));
  CHECK(ask(daemon, "node.peers", R"({"limit":1})") ==
        result(R"({"total":2,"peers":[)" + home + "]}"));
  CHECK(ask(daemon, "node.peers", R"({"offset":1})") ==
        result(R"({"total":2,"peers":[)" + colo + "]}"));
  CHECK(ask(daemon, "node.peers", R"({"offset":99})") == result(R"({"total":2,"peers":[]})"));
  CHECK(ask(daemon, "node.peers", R"({"limit":0})") == result(R"({"total":2,"peers":[]})"));
}

TEST_CASE("control: node.routes", "[mgmt][control]") {
  FakeDaemon daemon;

  CHECK(
      ask(daemon, "node.routes") ==
      result(R"({"total":3,"routes":[)"
             R"({"destination":"100.64.0.1/32","next_hop":null,"next_hop_name":"","kind":"local"},)"
             R"({"destination":"10.0.0.0/16",)"
             R"("next_hop":"abc123def4560415263748596a7b8c9daebfc0d1","next_hop_name":"home",)"
             R"("kind":"direct"},)"
             R"({"destination":"10.1.0.0/16",)"
             R"("next_hop":"def4560000000415263748596a7b8c9daebfc0d1","next_hop_name":"",)"
             R"("kind":"gateway"}]})"));
}

TEST_CASE("control: a page has at most 500 items", "[mgmt][control]") {
  FakeDaemon daemon;
  daemon.more_peers = 1000;

  for (const auto* const params : {"{}", R"({"limit":501})", R"({"limit":18446744073709551615})"}) {
    const auto line = ask(daemon, "node.peers", params);
    CHECK(line.starts_with(R"({"jsonrpc":"2.0","id":1,"result":{"total":1002,)"));
    CHECK(line.size() < (1U << 20U));
    std::size_t items = 0;
    for (auto at = line.find("\"id\":\""); at != std::string::npos;
         at = line.find("\"id\":\"", at + 1)) {
      ++items;
    }
    CHECK(items == 500);
  }
}

TEST_CASE("control: wrong pages are refused", "[mgmt][control]") {
  FakeDaemon daemon;
  const auto refused = error(R"({"code":-32602,"message":"\"offset\" must be a whole number"})");

  for (const auto* const value : {"-1", "1.5", "\"1\"", "null", "[]", "{}", "1e300"}) {
    CAPTURE(value);
    CHECK(ask(daemon, "node.peers", fmt::format(R"({{"offset":{}}})", value)) == refused);
    CHECK(ask(daemon, "node.routes", fmt::format(R"({{"offset":{}}})", value)) == refused);
  }
}

TEST_CASE("control: node.netcheck", "[mgmt][control]") {
  FakeDaemon daemon;
  CHECK(ask(daemon, "node.netcheck") ==
        result(R"({"discovery":true,"families":[{"family":"ipv4",)"
               R"("local":"192.168.1.5:9000","external":"198.51.100.7:9000",)"
               R"("mapping":"endpoint-independent","reach":"unreachable","dht_nodes":12},)"
               R"({"family":"ipv6","local":null,"external":null,"mapping":"unknown",)"
               R"("reach":"unknown","dht_nodes":0}],)"
               R"("bootstrap":[{"address":"203.0.113.5:9000","rtt_us":15200},)"
               R"({"address":"203.0.113.6:9000","rtt_us":null}],"tun_mtu":1380,)"
               R"("datagram_payload_min":1382,"udp_send_offload":true,)"
               R"("udp_receive_offload":true,"tun_offload":true,"verdict":"behind-nat",)"
               R"("advice":["Forward the UDP port on the router."]})"));
}

TEST_CASE("control: node.config", "[mgmt][control]") {
  FakeDaemon daemon;
  CHECK(ask(daemon, "node.config") == result(R"({"network":{"mtu":1380}})"));
}

TEST_CASE("control: node.reload says what applies, what waits and what is wrong",
          "[mgmt][control]") {
  FakeDaemon daemon;
  CHECK(ask(daemon, "node.reload") ==
        result(R"({"applied":["peers.allowed"],"needs_restart":["network.mtu"],)"
               R"("warnings":["a warning"]})"));

  daemon.outcome = {{}, {}, {}, {"c.toml:1:1: x: unknown", "c.toml:2:1: y: unknown"}};
  CHECK(ask(daemon, "node.reload") ==
        error(R"({"code":-32002,)"
              R"("message":"the configuration is wrong; the old one stays in effect",)"
              R"("data":{"errors":["c.toml:1:1: x: unknown","c.toml:2:1: y: unknown"]}})"));
}

TEST_CASE("control: node.stop asks for the stop and leaves it to the server", "[mgmt][control]") {
  FakeDaemon daemon;
  const auto answer = answer_to(daemon, R"({"jsonrpc":"2.0","id":"a","method":"node.stop"})");

  CHECK(answer.line == "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{\"stopping\":true}}\n");
  CHECK(answer.stop);
  CHECK_FALSE(daemon.stopped);
}

TEST_CASE("control: rpc.version agrees on a version or refuses", "[mgmt][control]") {
  FakeDaemon daemon;
  const auto version = result(fmt::format(
      R"({{"protocol":1,"software":"{}","methods":["rpc.version","node.status",)"
      R"("node.peers","node.routes","node.netcheck","node.config","node.reload","node.stop",)"
      R"("network.create","network.join","network.leave","network.show","invite.create",)"
      R"("node.resolve","node.ping","discover.node","discover.subnet"]}})",
      quicether::kVersion));

  CHECK(ask(daemon, "rpc.version") == version);
  CHECK(ask(daemon, "rpc.version", R"({"protocol":1})") == version);
  CHECK(ask(daemon, "rpc.version", R"({"protocol":2})") ==
        error(R"({"code":-32001,"message":"this daemon speaks version 1 of the control protocol, )"
              R"(not 2","data":{"protocol":1}})"));
  CHECK(ask(daemon, "rpc.version", R"({"protocol":"1"})") ==
        error(R"({"code":-32602,"message":"\"protocol\" must be a whole number"})"));
}

TEST_CASE("control: what is no request is answered with its reason", "[mgmt][control]") {
  FakeDaemon daemon;

  struct Case {
    std::string_view line;
    std::string_view answer;  // from the id on
  };

  for (const auto& [line, answer] : {
           Case{R"({"jsonrpc":"2.0","id":1,"method":"node.frobnicate"})",
                R"("id":1,"error":{"code":-32601,"message":"no such method: node.frobnicate"}})"},
           Case{R"({"jsonrpc":"1.0","id":1,"method":"node.status"})",
                R"("id":1,"error":{"code":-32600,"message":"\"jsonrpc\" must be \"2.0\""}})"},
           Case{R"({"id":1,"method":"node.status"})",
                R"("id":1,"error":{"code":-32600,"message":"\"jsonrpc\" must be \"2.0\""}})"},
           Case{R"({"jsonrpc":2.0,"id":1,"method":"node.status"})",
                R"("id":1,"error":{"code":-32600,"message":"\"jsonrpc\" must be \"2.0\""}})"},
           Case{R"({"jsonrpc":"2.0","method":"node.stop"})",
                R"("id":null,"error":{"code":-32600,)"
                R"("message":"\"id\" must be an integer or a short text"}})"},
           Case{R"({"jsonrpc":"2.0","id":null,"method":"node.stop"})",
                R"("id":null,"error":{"code":-32600,)"
                R"("message":"\"id\" must be an integer or a short text"}})"},
           Case{R"({"jsonrpc":"2.0","id":1.5,"method":"node.stop"})",
                R"("id":null,"error":{"code":-32600,)"
                R"("message":"\"id\" must be an integer or a short text"}})"},
           Case{R"({"jsonrpc":"2.0","id":{"a":1},"method":"node.stop"})",
                R"("id":null,"error":{"code":-32600,)"
                R"("message":"\"id\" must be an integer or a short text"}})"},
           Case{R"({"jsonrpc":"2.0","id":1})",
                R"("id":1,"error":{"code":-32600,"message":"\"method\" must be a short text"}})"},
           Case{R"({"jsonrpc":"2.0","id":1,"method":5})",
                R"("id":1,"error":{"code":-32600,"message":"\"method\" must be a short text"}})"},
           Case{R"({"jsonrpc":"2.0","id":1,"method":"node.status","params":[]})",
                R"("id":1,"error":{"code":-32602,"message":"\"params\" must be an object"}})"},
           Case{R"([{"jsonrpc":"2.0","id":1,"method":"node.stop"}])",
                R"("id":null,"error":{"code":-32600,)"
                R"("message":"expected one object; batches are not taken"}})"},
           Case{"7",
                R"("id":null,"error":{"code":-32600,)"
                R"("message":"expected one object; batches are not taken"}})"},
           Case{R"({"jsonrpc":"2.0","id":"<\u001b[31m>","method":"x\u202ey"})",
                R"("id":"<\u001b[31m>","error":{"code":-32601,)"
                R"("message":"no such method: x\u202ey"}})"},
       }) {
    CAPTURE(line);
    const auto found = answer_to(daemon, line);
    CHECK(found.line == fmt::format("{{\"jsonrpc\":\"2.0\",{}\n", answer));
    CHECK_FALSE(found.stop);
  }
}

TEST_CASE("control: what is no JSON is refused without an id", "[mgmt][control]") {
  FakeDaemon daemon;
  const std::string deep = R"({"jsonrpc":"2.0","id":1,"method":"a","params":)" +
                           std::string(1000, '[') + std::string(1000, ']') + "}";
  const std::string long_id =
      R"({"jsonrpc":"2.0","id":")" + std::string(129, 'x') + R"(","method":"node.status"})";
  const std::string long_method =
      R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(60000, 'x') + R"("})";

  for (const std::string_view line : {std::string_view{""},
                                      std::string_view{"{"},
                                      std::string_view{"GET / HTTP/1.1\r"},
                                      std::string_view{"{\"id\":\"\xff\"}"},
                                      std::string_view{"\0\0\0", 3},
                                      std::string_view{deep}}) {
    const auto answer = answer_to(daemon, line);
    CHECK(answer.line.starts_with(
        R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not JSON: )"));
  }
  CHECK(answer_to(daemon, long_id).line.find("-32600") != std::string::npos);
  CHECK(answer_to(daemon, long_method).line.size() < 200);
}

TEST_CASE("status_json: reads what it writes", "[mgmt][control]") {
  FakeDaemon daemon;
  const auto status = daemon.status();
  const auto peers = daemon.peers();
  const auto routes = daemon.routes();

  CHECK(to_json(node_status_from_json(to_json(status)).value()) == to_json(status));
  CHECK(to_json(peers_from_json(to_json(peers)).value()) == to_json(peers));
  CHECK(to_json(routes_from_json(to_json(routes)).value()) == to_json(routes));
  CHECK(node_status_from_json(to_json(status)).value().counters == status.counters);
  CHECK(peers_from_json(to_json(peers)).value()[0].paths[0].rtt == peers[0].paths[0].rtt);
  CHECK(routes_from_json(to_json(routes)).value()[1].next_hop == routes[1].next_hop);
}

TEST_CASE("status_json: skips what a later version added and refuses what is missing",
          "[mgmt][control]") {
  const std::string route =
      R"({"destination":"10.0.0.0/16","next_hop":null,"next_hop_name":"","kind":"local"})";

  CHECK(routes_from_json("[" + route + "]").has_value());
  CHECK(
      routes_from_json(
          R"([{"destination":"10.0.0.0/16","next_hop":null,"next_hop_name":"","kind":"local","x":{}}])")
          .has_value());
  for (const auto* const text :
       {"",
        "{}",
        "[1]",
        "[{}]",
        R"([{"destination":"10.0.0.0/16"}])",
        R"([{"destination":"10.0.0.1/16","next_hop":null,"next_hop_name":"","kind":"local"}])",
        R"([{"destination":"10.0.0.0/16","next_hop":"abc","next_hop_name":"","kind":"local"}])",
        R"([{"destination":"10.0.0.0/16","next_hop":null,"next_hop_name":5,"kind":"local"}])"}) {
    CAPTURE(text);
    CHECK(routes_from_json(text).error() == quicether::errc::malformed);
  }
  CHECK(node_status_from_json("{}").error() == quicether::errc::malformed);
  CHECK(peers_from_json("[{}]").error() == quicether::errc::malformed);
}

TEST_CASE("status_json: hostile names stay valid JSON and safe to print", "[mgmt][control]") {
  FakeDaemon daemon;
  auto peers = daemon.peers();
  for (const std::string name :
       {"a\nb", "\x1b[2J", "\xff\xfe", "\xe2\x80\xae", "\"},{", "%n", "\xc2\x9b", "\xf0\x9f"}) {
    peers[0].name = name;
    peers[0].detail = name;
    const auto text = to_json(peers);
    CAPTURE(text);
    CHECK(peers_from_json(text).has_value());
    for (const char c : text) {
      CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
    }
    CHECK(text.find("\xc2\x9b") == std::string::npos);
    CHECK(text.find("\xe2\x80\xae") == std::string::npos);
  }
}

TEST_CASE("control: networks and invites", "[mgmt][control]") {
  FakeDaemon daemon;

  CHECK(ask(daemon, "network.create", R"({"name":"acme"})") == result(R"({"name":"acme"})"));
  CHECK(ask(daemon, "network.create", R"({"name":""})") ==
        error(R"({"code":-32006,"message":"a name is not empty"})"));
  CHECK(ask(daemon, "network.create") ==
        error(R"({"code":-32602,"message":"\"name\" must be a text"})"));
  CHECK(ask(daemon, "network.join", R"({"invite":"qe1-abc"})") == result(R"({"name":"home"})"));
  CHECK(ask(daemon, "network.leave") == result(R"({"name":"home"})"));
  CHECK(ask(daemon, "network.show") ==
        result(R"({"network":{"name":"acme","problem":"","listed":true,"invites":2,)"
               R"("members":[{"id":"abc123def4560415263748596a7b8c9daebfc0d1",)"
               R"("key":"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",)"
               R"("name":"home","connected":true,"until":1800086400}]}})"));
  CHECK(ask(daemon, "invite.create", R"({"once":true,"lifetime_ms":3600000})") ==
        result(R"({"invite":"qe1-abc","once":true,"expires":1800000000})"));
  CHECK(ask(daemon, "invite.create", R"({"once":1})") ==
        error(R"({"code":-32602,"message":"\"once\" must be true or false"})"));
  CHECK(ask(daemon, "invite.create", R"({"lifetime_ms":0})") ==
        error(R"({"code":-32602,"message":"\"lifetime_ms\" must be from 1 to 31622400000"})"));
}

TEST_CASE("control: names and pings", "[mgmt][control]") {
  FakeDaemon daemon;

  CHECK(ask(daemon, "node.resolve", R"({"name":"home"})") ==
        result(R"({"node":{"id":"abc123def4560415263748596a7b8c9daebfc0d1","name":"home",)"
               R"("configured":false},"self":false,"others":[]})"));
  CHECK(ask(daemon, "node.ping", R"({"name":"home","timeout_ms":500})") ==
        result(R"({"node":{"id":"abc123def4560415263748596a7b8c9daebfc0d1","name":"home",)"
               R"("configured":false},"reply":{"rtt_us":15200,"remote":"203.0.113.5:9000"}})"));
  CHECK(ask(daemon, "node.ping", R"({"name":"nobody"})") ==
        error(R"({"code":-32006,"message":"nobody is known as \"nobody\""})"));
  CHECK(ask(daemon, "node.ping", "{}") ==
        error(R"({"code":-32602,"message":"\"name\" must be a text"})"));
}

TEST_CASE("control: discoveries", "[mgmt][control]") {
  FakeDaemon daemon;

  CHECK(ask(daemon, "discover.subnet", R"({"subnet":"10.0.0.0/16"})") ==
        result(R"({"subnet":"10.0.0.0/16",)"
               R"("owners":[{"id":"abc123def4560415263748596a7b8c9daebfc0d1",)"
               R"("key":"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",)"
               R"("name":"home","made_at":1800000000,"until":1800086400,"entitled":true}],)"
               R"("gateways":[{"id":"def4560000000415263748596a7b8c9daebfc0d1",)"
               R"("key":"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",)"
               R"("name":"","made_at":1800000000,"until":1800086400,"entitled":false}]})"));
  CHECK(ask(daemon, "discover.subnet", R"({"subnet":"10.0.0.0/33"})") ==
        error(R"({"code":-32602,"message":"\"subnet\" must be a CIDR block"})"));
  CHECK(ask(daemon, "discover.subnet", "{}") ==
        error(R"({"code":-32602,"message":"\"subnet\" must be a text"})"));
  CHECK(ask(daemon, "discover.node", R"({"name":"home"})") ==
        result(R"({"node":{"id":"abc123def4560415263748596a7b8c9daebfc0d1",)"
               R"("key":"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",)"
               R"("name":"home","version":1800000000,"gateway":false,)"
               R"("endpoints":["203.0.113.5:9000"],)"
               R"("gateways":[{"id":"def4560000000415263748596a7b8c9daebfc0d1",)"
               R"("key":"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",)"
               R"("name":"","made_at":1800000000,"until":1800086400,"entitled":false}]}})"));
  CHECK(ask(daemon, "discover.node", R"({"name":"silent"})") == result(R"({"node":null})"));
  CHECK(ask(daemon, "discover.node", R"({"name":"nobody"})") ==
        error(R"({"code":-32006,"message":"nobody is known as \"nobody\""})"));
  CHECK(ask(daemon, "discover.node", "{}") ==
        error(R"({"code":-32602,"message":"\"name\" must be a text"})"));
}
