#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

TEST_CASE("endpoint: two nodes agree on keys, group and exporter", "[quic][handshake]") {
  Pair pair;

  REQUIRE(pair.connect());

  const auto here = pair.client.last<HandshakeCompleted>().value();
  const auto there = pair.server.last<HandshakeCompleted>().value();
  CHECK(here.role == Role::client);
  CHECK(there.role == Role::server);
  CHECK(here.peer == pair.server.key.public_key());
  CHECK(there.peer == pair.client.key.public_key());
  CHECK(here.exporter == there.exporter);
  CHECK(here.exporter != std::array<std::uint8_t, 32>{});
  CHECK(here.group == there.group);
  CHECK_FALSE(here.resumed);
}

TEST_CASE("endpoint: datagrams and a stream cross in both directions", "[quic]") {
  Pair pair;
  REQUIRE(pair.connect());

  CHECK(pair.send(pair.client, pair.at_client, {1, 2, 3}));
  CHECK(pair.send(pair.server, pair.at_server, {4, 5}));
  const auto stream = pair.client.endpoint->open_stream(pair.at_client).value();
  const auto request = as_bytes("hello");
  CHECK(pair.client.endpoint->write_stream(pair.at_client, stream, request, true).value() == 5);
  REQUIRE(pair.world.run([&] {
    return !pair.server.all<StreamReadable>().empty() && !pair.client.datagrams.empty() &&
           !pair.server.datagrams.empty();
  }));

  CHECK(pair.server.datagrams.at(0).second == ByteVector{1, 2, 3});
  CHECK(pair.client.datagrams.at(0).second == ByteVector{4, 5});
  std::array<std::uint8_t, 16> buffer{};
  auto& server = *pair.server.endpoint;
  REQUIRE(server.read_stream(pair.at_server, stream, buffer).value() == 5);
  CHECK(as_text(ConstBytes{buffer}.first(5)) == "hello");
  CHECK(server.read_stream(pair.at_server, stream, buffer).error() == errc::end_of_stream);
}

}  // namespace
}  // namespace quicether::quic::test
