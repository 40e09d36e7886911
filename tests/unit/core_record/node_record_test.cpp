#include <quicether/base/hex.hpp>
#include <quicether/core/record/node_record.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace quicether;
using record::NodeRecord;

namespace {

SocketAddress endpoint(std::string_view text) {
  return SocketAddress::parse(text).value();
}

/// A bencoded string with these bytes.
ByteVector value_of(std::string_view content) {
  const auto text = std::to_string(content.size()) + ':' + std::string{content};
  const auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("node_record: golden bytes", "[core_record]") {
  NodeRecord record;
  record.capabilities = record::kCapabilityGateway;
  record.endpoints = {endpoint("192.0.2.1:9000"), endpoint("[2001:db8::1]:9000")};

  const auto value = record::encode(record);

  CHECK(to_hex(value) ==
        "33343a514e01010101"
        "02062328c0000201"
        "0212232820010db8000000000000000000000001");
  CHECK(record::decode_node_record(value).value() == record);
}

TEST_CASE("node_record: the largest one fits an item", "[core_record]") {
  NodeRecord record;
  record.capabilities = (std::uint64_t{1} << 62U) - 1;
  for (std::uint16_t port = 1; port <= 20; ++port) {
    record.endpoints.push_back({endpoint("[2001:db8::1]:1").address, port});
  }

  const auto value = record::encode(record);

  CHECK(value.size() <= 1000);
  const auto read = record::decode_node_record(value).value();
  CHECK(read.endpoints.size() == record::kEndpointsMax);
  CHECK(read.endpoints.front() == record.endpoints.front());
  CHECK(read.capabilities == record.capabilities);
}

TEST_CASE("node_record: special addresses are neither written nor read", "[core_record]") {
  for (const auto* text : {"127.0.0.1:1",
                           "0.0.0.0:1",
                           "0.1.2.3:1",
                           "224.0.0.1:1",
                           "255.255.255.255:1",
                           "169.254.1.1:1",
                           "192.0.2.1:0",
                           "[::]:1",
                           "[::1]:1",
                           "[ff02::1]:1",
                           "[fe80::1]:1",
                           "[::ffff:192.0.2.1]:1"}) {
    INFO(text);
    CHECK_FALSE(record::is_dialable(endpoint(text)));
    CHECK(record::decode_node_record(record::encode({0, {endpoint(text)}}))->endpoints.empty());
  }
  // Port 9 at 127.0.0.1, then one that may be dialled, by somebody who does not use encode().
  using namespace std::string_view_literals;
  const auto read = record::decode_node_record(
      value_of("QN\x01\x02\x06\x00\x09\x7f\x00\x00\x01\x02\x06\x00\x09\x0a\x00\x00\x01"sv));
  REQUIRE(read.has_value());
  CHECK(read->endpoints == std::vector{endpoint("10.0.0.1:9")});
}

TEST_CASE("node_record: unknown fields are skipped, wrong ones refused", "[core_record]") {
  using namespace std::string_view_literals;
  const auto read = [](std::string_view content) {
    return record::decode_node_record(value_of(content));
  };
  CHECK(read("QN\x01"sv).value() == NodeRecord{});
  CHECK(read("QN\x01\x40\x99\x02hi\x01\x01\x01"sv)->capabilities == 1);
  CHECK(read("QN\x02"sv).error() == errc::unsupported);
  CHECK(read("QN"sv).error() == errc::malformed);
  CHECK(read("XN\x01"sv).error() == errc::malformed);
  CHECK(read("QN\x01\x02\x06\x00\x09\x0a"sv).error() == errc::truncated);
  CHECK(read("QN\x01\x02\x03\x00\x09\x0a"sv).error() == errc::malformed);
  CHECK(read("QN\x01\x01\x02\x01\x01"sv).error() == errc::malformed);
  CHECK(record::decode_node_record(as_bytes("i5e")).error() == errc::malformed);
  CHECK(record::decode_node_record({}).error() == errc::malformed);
}
