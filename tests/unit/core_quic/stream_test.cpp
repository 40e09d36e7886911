#include "unit/core_quic/world.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::quic::test {
namespace {

/// Reads a stream to where it stops. Returns what stopped it.
error_code drain(Node& node, ConnectionHandle handle, StreamId stream, ByteVector& into) {
  std::array<std::uint8_t, 3000> buffer{};
  for (;;) {
    const auto got = node.endpoint->read_stream(handle, stream, buffer);
    if (!got) {
      return got.error();
    }
    into.insert(into.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

ByteVector pattern(std::size_t bytes) {
  SeededRandom random{7};
  ByteVector made(bytes);
  random.fill(made);
  return made;
}

/// Sends `data` over a new stream while both drivers do their part; returns what arrived.
ByteVector transfer(Pair& pair,
                    Node& from,
                    ConnectionHandle from_handle,
                    Node& to,
                    ConnectionHandle to_handle,
                    const ByteVector& data) {
  const auto stream = from.endpoint->open_stream(from_handle).value();
  ConstBytes rest{data};
  bool finished = false;
  ByteVector arrived;
  error_code state{};
  const bool done = pair.world.run(
      [&] {
        if (!finished) {
          const auto taken = from.endpoint->write_stream(from_handle, stream, rest, true).value();
          rest = rest.subspan(taken);
          finished = rest.empty();
        }
        if (to.all<StreamOpened>().empty()) {
          return false;
        }
        state = drain(to, to_handle, stream, arrived);
        return state == errc::end_of_stream;
      },
      seconds{600});
  CHECK(done);
  return arrived;
}

TEST_CASE("stream: a megabyte arrives byte-exact in either direction", "[quic][stream]") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto data = pattern(1'000'000);

  SECTION("from the client") {
    CHECK(transfer(pair, pair.client, pair.at_client, pair.server, pair.at_server, data) == data);
  }
  SECTION("from the server") {
    CHECK(transfer(pair, pair.server, pair.at_server, pair.client, pair.at_client, data) == data);
  }
  SECTION("over a lossy, reordering path") {
    pair.world.link.loss = 0.05;
    pair.world.link.jitter = milliseconds{5};
    pair.world.link.duplication = 0.05;
    CHECK(transfer(pair, pair.client, pair.at_client, pair.server, pair.at_server, data) == data);
  }
}

TEST_CASE("stream: an empty stream that is finished at once arrives", "[quic][stream]") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto stream = pair.client.endpoint->open_stream(pair.at_client).value();

  CHECK(pair.client.endpoint->write_stream(pair.at_client, stream, {}, true).value() == 0);
  REQUIRE(pair.world.run([&] { return !pair.server.all<StreamReadable>().empty(); }));

  ByteVector arrived;
  CHECK(drain(pair.server, pair.at_server, stream, arrived) == errc::end_of_stream);
  CHECK(arrived.empty());
}

TEST_CASE("stream: the send buffer is bounded and says when it has room", "[quic][stream]") {
  EndpointConfig config;
  config.limits.stream_send_bytes = 10'000;
  Pair pair{1, config, {}};
  REQUIRE(pair.connect());
  const auto stream = pair.client.endpoint->open_stream(pair.at_client).value();
  const auto data = pattern(25'000);

  CHECK(pair.client.endpoint->write_stream(pair.at_client, stream, data, false).value() == 10'000);
  CHECK(pair.client.endpoint->write_stream(pair.at_client, stream, data, false).value() == 0);
  CHECK(pair.client.all<StreamWritable>().empty());
  REQUIRE(pair.world.run([&] { return !pair.client.all<StreamWritable>().empty(); }));

  CHECK(pair.client.endpoint->write_stream(pair.at_client, stream, data, false).value() >= 2500);
  CHECK(pair.client.all<StreamWritable>().size() == 1);
}

TEST_CASE("stream: a reader that does not read stops the sender", "[quic][stream]") {
  EndpointConfig server_config;
  server_config.limits.stream_receive_bytes = 20'000;
  Pair pair{1, {}, server_config};
  REQUIRE(pair.connect());
  const auto data = pattern(100'000);
  const auto stream = pair.client.endpoint->open_stream(pair.at_client).value();
  REQUIRE(pair.client.endpoint->write_stream(pair.at_client, stream, data, true).value() ==
          100'000);

  pair.world.run_for(seconds{5});
  ByteVector arrived;
  CHECK(drain(pair.server, pair.at_server, stream, arrived) == errc::would_block);
  CHECK(arrived.size() == 20'000);

  REQUIRE(pair.world.run(
      [&] { return drain(pair.server, pair.at_server, stream, arrived) == errc::end_of_stream; }));
  CHECK(arrived == data);
}

TEST_CASE("stream: the connection's window bounds all streams together", "[quic][stream]") {
  EndpointConfig server_config;
  server_config.limits.connection_receive_bytes = 50'000;
  Pair pair{1, {}, server_config};
  REQUIRE(pair.connect());
  const auto data = pattern(30'000);
  std::vector<StreamId> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(pair.client.endpoint->open_stream(pair.at_client).value());
    REQUIRE(
        pair.client.endpoint->write_stream(pair.at_client, streams.back(), data, true).value() ==
        30'000);
  }

  pair.world.run_for(seconds{5});
  std::size_t total = 0;
  std::vector<ByteVector> arrived(4);
  for (std::size_t i = 0; i < 4; ++i) {
    (void)drain(pair.server, pair.at_server, streams[i], arrived[i]);
    total += arrived[i].size();
  }
  CHECK(total == 50'000);

  std::size_t ended = 0;
  REQUIRE(pair.world.run([&] {
    ended = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      (void)drain(pair.server, pair.at_server, streams[i], arrived[i]);
      ended += arrived[i].size() == 30'000 ? 1U : 0U;
    }
    return ended == 4;
  }));
  for (const auto& bytes : arrived) {
    CHECK(bytes == data);
  }
}

TEST_CASE("stream: the peer limits how many are open, and more follow when some end",
          "[quic][stream]") {
  EndpointConfig server_config;
  server_config.limits.streams_max = 3;
  Pair pair{1, {}, server_config};
  REQUIRE(pair.connect());
  std::vector<StreamId> streams;
  for (int i = 0; i < 3; ++i) {
    streams.push_back(pair.client.endpoint->open_stream(pair.at_client).value());
    (void)pair.client.endpoint->write_stream(pair.at_client, streams.back(), ByteVector{1}, true);
  }
  CHECK(pair.client.endpoint->open_stream(pair.at_client).error() == errc::limit_reached);
  pair.world.run_for(seconds{1});

  // The first one ends in both directions and both readers learn it.
  ByteVector ignored;
  CHECK(drain(pair.server, pair.at_server, streams[0], ignored) == errc::end_of_stream);
  (void)pair.server.endpoint->write_stream(pair.at_server, streams[0], {}, true);
  pair.world.run_for(seconds{1});
  CHECK(drain(pair.client, pair.at_client, streams[0], ignored) == errc::end_of_stream);

  CHECK(pair.client.endpoint->open_stream(pair.at_client).has_value());
  CHECK(pair.client.endpoint->open_stream(pair.at_client).error() == errc::limit_reached);
  CHECK(pair.client.endpoint->read_stream(pair.at_client, streams[0], ignored).error() ==
        errc::not_found);
}

TEST_CASE("stream: a reset reaches reader and writer of the other side", "[quic][stream]") {
  Pair pair;
  REQUIRE(pair.connect());
  const auto stream = pair.client.endpoint->open_stream(pair.at_client).value();
  (void)pair.client.endpoint->write_stream(pair.at_client, stream, pattern(1000), false);
  REQUIRE(pair.world.run([&] { return !pair.server.all<StreamReadable>().empty(); }));

  pair.client.endpoint->reset_stream(pair.at_client, stream, 42);
  pair.world.run_for(seconds{1});

  std::array<std::uint8_t, 100> buffer{};
  CHECK(pair.server.endpoint->read_stream(pair.at_server, stream, buffer).error() ==
        errc::stream_reset);
  const auto write =
      pair.server.endpoint->write_stream(pair.at_server, stream, ByteVector{1}, false);
  CHECK(write.has_error());
  CHECK((write.error() == errc::stream_reset || write.error() == errc::not_found));
  CHECK(pair.client.endpoint->write_stream(pair.at_client, stream, {}, false).error() ==
        errc::not_found);
}

TEST_CASE("stream: a writer blocked by flow control learns of the peer's reset", "[quic][stream]") {
  EndpointConfig server_config;
  server_config.limits.stream_receive_bytes = 10'000;
  Pair pair{1, {}, server_config};
  REQUIRE(pair.connect());
  const auto stream = pair.client.endpoint->open_stream(pair.at_client).value();
  const auto data = pattern(400'000);
  const auto taken =
      pair.client.endpoint->write_stream(pair.at_client, stream, data, false).value();
  REQUIRE(taken < data.size());
  pair.world.run_for(seconds{1});
  REQUIRE(pair.client.all<StreamWritable>().empty());

  pair.server.endpoint->reset_stream(pair.at_server, stream, 1);
  REQUIRE(pair.world.run([&] { return !pair.client.all<StreamWritable>().empty(); }, seconds{2}));

  CHECK(pair.client.endpoint->write_stream(pair.at_client, stream, data, false).error() ==
        errc::stream_reset);
}

TEST_CASE("stream: misuse is told apart", "[quic][stream]") {
  Pair pair;
  REQUIRE(pair.connect());
  auto& endpoint = *pair.client.endpoint;
  std::array<std::uint8_t, 10> buffer{};
  const ConnectionHandle unknown{4711};

  CHECK(endpoint.open_stream(unknown).error() == errc::no_session);
  CHECK(endpoint.write_stream(unknown, 0, {}, false).error() == errc::no_session);
  CHECK(endpoint.read_stream(unknown, 0, buffer).error() == errc::no_session);
  CHECK(endpoint.write_stream(pair.at_client, 400, {}, false).error() == errc::not_found);
  CHECK(endpoint.read_stream(pair.at_client, 400, buffer).error() == errc::not_found);
  endpoint.reset_stream(pair.at_client, 400, 0);
  endpoint.reset_stream(unknown, 0, 0);
  const auto stream = endpoint.open_stream(pair.at_client).value();
  CHECK(endpoint.read_stream(pair.at_client, stream, buffer).error() == errc::would_block);
  CHECK(endpoint.write_stream(pair.at_client, stream, ByteVector{1}, true).value() == 1);
  CHECK(endpoint.write_stream(pair.at_client, stream, ByteVector{1}, false).error() ==
        errc::invalid_argument);
}

TEST_CASE("stream: many streams share the connection fairly", "[quic][stream]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.link.bits_per_second = 20e6;
  const auto data = pattern(200'000);
  std::vector<StreamId> streams;
  for (int i = 0; i < 4; ++i) {
    streams.push_back(pair.client.endpoint->open_stream(pair.at_client).value());
    REQUIRE(
        pair.client.endpoint->write_stream(pair.at_client, streams.back(), data, true).has_value());
  }
  std::vector<ByteVector> arrived(4);

  REQUIRE(pair.world.run([&] {
    for (std::size_t i = 0; i < 4; ++i) {
      if (pair.server.all<StreamOpened>().size() > i) {
        (void)drain(pair.server, pair.at_server, streams[i], arrived[i]);
      }
    }
    return std::ranges::any_of(arrived, [&](const auto& bytes) { return bytes.size() == 200'000; });
  }));

  for (const auto& bytes : arrived) {
    CHECK(bytes.size() >= 150'000);
  }
}

TEST_CASE("stream: datagrams are not starved by a bulk stream", "[quic][stream][datagram]") {
  Pair pair;
  REQUIRE(pair.connect());
  pair.world.link.bits_per_second = 10e6;
  pair.world.link.queue = seconds{1};
  const auto stream = pair.client.endpoint->open_stream(pair.at_client).value();
  const auto data = pattern(250'000);
  REQUIRE(pair.client.endpoint->write_stream(pair.at_client, stream, data, true).has_value());
  pair.world.run_for(milliseconds{100});
  const ByteVector payload(1000);
  const std::vector<OutgoingDatagram> batch(50, OutgoingDatagram{{}, payload});

  CHECK(pair.client.endpoint->send_datagrams(pair.world.now(), pair.at_client, batch) == 50);
  ByteVector arrived;
  REQUIRE(pair.world.run([&] {
    (void)drain(pair.server, pair.at_server, stream, arrived);
    return pair.server.datagrams.size() >= 45;
  }));

  CHECK(arrived.size() < data.size());
}

}  // namespace
}  // namespace quicether::quic::test
