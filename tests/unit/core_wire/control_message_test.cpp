#include "support/packets.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/wire/control_message.hpp>
#include <quicether/core/wire/varint.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <string_view>

using namespace quicether;
using namespace quicether::test;
using wire::Announce;
using wire::ControlDecoder;
using wire::ControlMessage;
using wire::Hello;

namespace {

// ---- The examples of docs/spec/control-stream.md
// -------------------------------------------------

constexpr std::string_view kHelloBytes =
    "0121"
    "010101"
    "020101"
    "03080102030405060708"
    "04081112131415161718"
    "050103"
    "06024041";

constexpr std::string_view kAnnounceBytes =
    "0233"
    "0106656467652d31"
    "020101"
    "030464400001"
    "0405080a000000"
    "04112020010db8000000000000000000000000"
    "05062328c0000201";

Hello hello_example() {
  return {.boot_id = 0x0102030405060708U,
          .link_id = 0x1112131415161718U,
          .path_id = 3,
          .capabilities = 0x41};
}

Announce announce_example() {
  return {.name = "edge-1",
          .gateway = true,
          .addresses = {address("100.64.0.1")},
          .subnets = {*Prefix::parse("10.0.0.0/8"), *Prefix::parse("2001:db8::/32")},
          .endpoints = {*SocketAddress::parse("192.0.2.1:9000")}};
}

// ---- Helpers
// -------------------------------------------------------------------------------------

ByteVector unhex(std::string_view text) {
  ByteVector bytes(text.size() / 2);
  REQUIRE(from_hex(text, bytes).has_value());
  return bytes;
}

std::string encoded(const ControlMessage& message) {
  ByteVector out;
  wire::encode(message, out);
  return to_hex(out);
}

struct Decoded {
  std::vector<ControlMessage> messages{};
  error_code error{};
};

Decoded decode(ConstBytes bytes, std::size_t piece = 1U << 20U) {
  Decoded decoded;
  ControlDecoder decoder;
  while (!bytes.empty() && !decoded.error) {
    const auto taken = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(taken.size());
    decoder.feed(taken);
    for (;;) {
      const auto message = decoder.poll();
      if (!message) {
        decoded.error = message.error();
        break;
      }
      if (!*message) {
        break;
      }
      decoded.messages.push_back(**message);
    }
  }
  return decoded;
}

Decoded decode(std::string_view text) {
  return decode(unhex(text));
}

// A message with the given fields, each already encoded.
ByteVector message(std::uint64_t type, std::initializer_list<ByteVector> fields) {
  ByteVector body;
  for (const auto& field : fields) {
    append(body, field);
  }
  ByteVector out;
  wire::append_varint(out, type);
  wire::append_varint(out, body.size());
  append(out, body);
  return out;
}

ByteVector field(std::uint64_t tag, ConstBytes value) {
  ByteVector out;
  wire::append_varint(out, tag);
  wire::append_varint(out, value.size());
  append(out, value);
  return out;
}

// The required fields of a HELLO, in tag order.
std::vector<ByteVector> hello_fields() {
  return {field(1, ByteVector{1}),
          field(2, ByteVector{1}),
          field(3, counting_bytes(8)),
          field(4, counting_bytes(8)),
          field(5, ByteVector{0})};
}

ByteVector hello_of(const std::vector<ByteVector>& fields) {
  ByteVector body;
  for (const auto& one : fields) {
    append(body, one);
  }
  return message(1, {body});
}

}  // namespace

TEST_CASE("control_message: HELLO has the golden bytes of the specification", "[wire][control]") {
  CHECK(encoded(hello_example()) == kHelloBytes);

  const auto decoded = decode(kHelloBytes);
  REQUIRE(decoded.messages.size() == 1);
  CHECK(std::get<Hello>(decoded.messages[0]) == hello_example());
}

TEST_CASE("control_message: ANNOUNCE has the golden bytes of the specification",
          "[wire][control]") {
  CHECK(encoded(announce_example()) == kAnnounceBytes);

  const auto decoded = decode(kAnnounceBytes);
  REQUIRE(decoded.messages.size() == 1);
  CHECK(std::get<Announce>(decoded.messages[0]) == announce_example());
}

TEST_CASE("control_message: shards and lane are the last fields of HELLO", "[wire][control]") {
  auto hello = hello_example();
  hello.shards = 4;
  hello.lane = 2;

  const auto text = encoded(hello);

  CHECK(text == "0127" + std::string{kHelloBytes.substr(4)} + "080104090102");
  CHECK(std::get<Hello>(decode(text).messages.at(0)) == hello);
}

TEST_CASE("control_message: a network proof is among the last fields of HELLO", "[wire][control]") {
  auto hello = hello_example();
  hello.network_proof.emplace();
  std::ranges::copy(counting_bytes(32), hello.network_proof->begin());

  const auto text = encoded(hello);

  CHECK(text ==
        "014043" + std::string{kHelloBytes.substr(4)} + "0720" + to_hex(counting_bytes(32)));
  CHECK(std::get<Hello>(decode(text).messages.at(0)) == hello);
}

TEST_CASE("control_message: empty and full messages survive a round trip", "[wire][control]") {
  Announce full;
  full.name = std::string(wire::kNameBytesMax, 'z');
  for (unsigned i = 0; i < wire::kAddressesMax; ++i) {
    full.addresses.push_back(i % 2 == 0 ? IpAddress::v4(i) : address("fd00::1"));
  }
  for (unsigned i = 0; i < wire::kSubnetsMax; ++i) {
    full.subnets.push_back(*Prefix::make(IpAddress::v4(~0U), i % 33));
  }
  for (unsigned i = 1; i <= wire::kEndpointsMax; ++i) {
    full.endpoints.push_back({address("2001:db8::1"), static_cast<std::uint16_t>(i)});
  }

  for (const ControlMessage& one :
       std::vector<ControlMessage>{Hello{},
                                   Hello{.version_max = wire::kVarintMax,
                                         .boot_id = ~std::uint64_t{0},
                                         .path_id = 255,
                                         .capabilities = wire::kVarintMax},
                                   Announce{},
                                   full}) {
    ByteVector bytes;
    wire::encode(one, bytes);
    const auto decoded = decode(bytes);
    REQUIRE(decoded.messages.size() == 1);
    CHECK(decoded.messages[0] == one);
  }
}

TEST_CASE("control_message: lists beyond their bound are cut when sent", "[wire][control]") {
  auto announce = announce_example();
  announce.addresses.assign(wire::kAddressesMax + 1, address("fd00::1"));
  announce.subnets.assign(wire::kSubnetsMax + 1, *Prefix::parse("10.0.0.0/8"));
  announce.endpoints.assign(wire::kEndpointsMax + 1, *SocketAddress::parse("[::1]:1"));
  ByteVector bytes;

  wire::encode(announce, bytes);

  const auto received = std::get<Announce>(decode(bytes).messages.at(0));
  CHECK(received.addresses.size() == wire::kAddressesMax);
  CHECK(received.subnets.size() == wire::kSubnetsMax);
  CHECK(received.endpoints.size() == wire::kEndpointsMax);
}

TEST_CASE("control_message: pieces of any size give the same messages", "[wire][control]") {
  ByteVector stream;
  append(stream, unhex(kHelloBytes));
  append(stream, message(77, {counting_bytes(300)}));
  append(stream, unhex(kAnnounceBytes));
  append(stream, unhex(kAnnounceBytes));

  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    CAPTURE(piece);
    const auto decoded = decode(stream, piece);
    CHECK_FALSE(decoded.error);
    REQUIRE(decoded.messages.size() == 3);
    CHECK(decoded.messages[0] == ControlMessage{hello_example()});
    CHECK(decoded.messages[1] == ControlMessage{announce_example()});
    CHECK(decoded.messages[2] == ControlMessage{announce_example()});
  }
}

TEST_CASE("control_message: unknown types and fields are skipped", "[wire][control]") {
  auto fields = hello_fields();
  fields.insert(fields.begin() + 2, field(10, {}));
  fields.push_back(field(wire::kVarintMax, counting_bytes(1000)));
  fields.push_back(field(10, counting_bytes(3)));
  ByteVector stream = message(0, {});
  append(stream, message(wire::kVarintMax, {counting_bytes(9)}));
  append(stream, hello_of(fields));
  append(stream, message(2, {field(6, {}), field(0, counting_bytes(5))}));

  const auto decoded = decode(stream);

  REQUIRE(decoded.messages.size() == 2);
  CHECK(std::holds_alternative<Hello>(decoded.messages[0]));
  CHECK(std::get<Announce>(decoded.messages[1]) == Announce{});
}

TEST_CASE("control_message: fields may come in any order and in long encodings",
          "[wire][control]") {
  auto fields = hello_fields();
  std::ranges::reverse(fields);
  fields.front() = unhex("40054008c000000000000007");  // tag 5, 8 bytes, value 7

  const auto decoded = decode(hello_of(fields));

  REQUIRE(decoded.messages.size() == 1);
  CHECK(std::get<Hello>(decoded.messages[0]).path_id == 7);
}

TEST_CASE("control_message: every required field of HELLO is missed", "[wire][control]") {
  for (std::size_t missing = 0; missing < hello_fields().size(); ++missing) {
    CAPTURE(missing);
    auto fields = hello_fields();
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(missing));
    CHECK(decode(hello_of(fields)).error == errc::malformed);
  }
}

TEST_CASE("control_message: every single field given twice is refused", "[wire][control]") {
  for (std::size_t twice = 0; twice < hello_fields().size(); ++twice) {
    CAPTURE(twice);
    auto fields = hello_fields();
    fields.push_back(fields[twice]);
    CHECK(decode(hello_of(fields)).error == errc::malformed);
  }
  auto fields = hello_fields();
  fields.push_back(field(6, ByteVector{1}));
  CHECK_FALSE(decode(hello_of(fields)).error);
  fields.push_back(field(6, ByteVector{1}));
  CHECK(decode(hello_of(fields)).error == errc::malformed);

  const auto name = field(1, as_bytes("a"));
  const auto role = field(2, ByteVector{1});
  CHECK_FALSE(decode(message(2, {name, role})).error);
  CHECK(decode(message(2, {name, role, name})).error == errc::malformed);
  CHECK(decode(message(2, {name, role, role})).error == errc::malformed);
}

TEST_CASE("control_message: values of the wrong form are refused", "[wire][control]") {
  struct Case {
    std::string_view name;
    std::size_t replaced;
    ByteVector field;
  };

  for (const auto& [name, replaced, wrong] : {
           Case{"version 0", 0, field(1, ByteVector{0})},
           Case{"lowest above highest", 0, field(1, ByteVector{2})},
           Case{"empty version", 1, field(2, {})},
           Case{"cut version", 1, field(2, ByteVector{0x40})},
           Case{"version and more", 1, field(2, ByteVector{1, 0})},
           Case{"boot id of 7 bytes", 2, field(3, counting_bytes(7))},
           Case{"boot id of 9 bytes", 2, field(3, counting_bytes(9))},
           Case{"empty link id", 3, field(4, {})},
           Case{"path id 256", 4, field(5, ByteVector{0x41, 0x00})},
       }) {
    CAPTURE(name);
    auto fields = hello_fields();
    fields[replaced] = wrong;
    CHECK(decode(hello_of(fields)).error == errc::malformed);
  }
  for (const auto& wrong : {field(8, ByteVector{0}),
                            field(8, ByteVector{0x41, 0x00}),
                            field(8, {}),
                            field(9, ByteVector{0x40, 0xff}),
                            field(9, {})}) {
    auto fields = hello_fields();
    fields.push_back(wrong);
    CHECK(decode(hello_of(fields)).error == errc::malformed);
  }
  for (const std::size_t size : {0U, 31U, 33U}) {
    auto fields = hello_fields();
    fields.push_back(field(7, counting_bytes(size)));
    CHECK(decode(hello_of(fields)).error == errc::malformed);
  }
}

TEST_CASE("control_message: addresses of the wrong form are refused", "[wire][control]") {
  struct Case {
    std::string_view name;
    std::uint64_t tag;
    std::string_view value;
  };

  for (const auto& [name, tag, value] : {
           Case{"address of 0 bytes", 3, ""},
           Case{"address of 5 bytes", 3, "0102030405"},
           Case{"empty subnet", 4, ""},
           Case{"subnet without address", 4, "08"},
           Case{"subnet of 3 bytes", 4, "080a0000"},
           Case{"prefix too long", 4, "210a000000"},
           Case{"prefix far too long", 4, "ff0a000000"},
           Case{"host bits set", 4, "080a000001"},
           Case{"endpoint without address", 5, "2328"},
           Case{"endpoint of 1 byte", 5, "23"},
           Case{"port 0", 5, "0000c0000201"},
           Case{"endpoint of 15 bytes", 5, "2328000000000000000000000000000000"},
       }) {
    CAPTURE(name);
    CHECK(decode(message(2, {field(tag, unhex(value))})).error == errc::malformed);
  }
}

TEST_CASE("control_message: the counts of an ANNOUNCE are bounded", "[wire][control]") {
  struct Case {
    ByteVector field;
    std::size_t count_max;
  };

  for (const auto& [one, count_max] : {
           Case{field(3, counting_bytes(4)), wire::kAddressesMax},
           Case{field(4, ByteVector{0, 0, 0, 0, 0}), wire::kSubnetsMax},
           Case{field(5, counting_bytes(6, 1)), wire::kEndpointsMax},
       }) {
    ByteVector fields;
    for (std::size_t i = 0; i < count_max; ++i) {
      append(fields, one);
    }
    CHECK_FALSE(decode(message(2, {fields})).error);
    append(fields, one);
    CHECK(decode(message(2, {fields})).error == errc::malformed);
  }
}

TEST_CASE("control_message: hostile names are refused", "[wire][control]") {
  using namespace std::string_literals;
  const auto error_of = [](const std::string& name) {
    return decode(message(2, {field(1, as_bytes(name))})).error;
  };

  CHECK_FALSE(error_of("aZ09._-"));
  CHECK_FALSE(error_of(std::string(63, 'x')));
  for (const auto& name : {""s,
                           std::string(64, 'x'),
                           "a b"s,
                           "a\nb"s,
                           "a\"b"s,
                           "a\0b"s,
                           "\x1b[31m"s,
                           "%n"s,
                           "a/b"s,
                           "\xc3\xa9"s,
                           "\xff"s,
                           "a\x7f"s}) {
    CAPTURE(name);
    CHECK(error_of(name) == errc::malformed);
  }
}

TEST_CASE("control_message: fields that reach beyond their message are refused",
          "[wire][control]") {
  for (const std::string_view text : {"010101",        // a tag alone
                                      "01020101",      // one byte promised, none there
                                      "010401030101",  // three promised, two there
                                      "010140",        // half a tag
                                      "01020140"}) {   // half a length
    CAPTURE(text);
    CHECK(decode(text).error == errc::truncated);
  }
}

TEST_CASE("control_message: a message above the bound is refused before it arrives",
          "[wire][control]") {
  const auto prefix = [](std::uint64_t type, std::uint64_t size) {
    ByteVector bytes;
    wire::append_varint(bytes, type);
    wire::append_varint(bytes, size);
    return bytes;
  };

  for (const std::uint64_t type : {1U, 2U, 99U}) {
    CHECK(decode(prefix(type, wire::kControlMessageBytesMax + 1)).error == errc::too_large);
    CHECK(decode(prefix(type, wire::kVarintMax)).error == errc::too_large);
    CHECK_FALSE(decode(prefix(type, wire::kControlMessageBytesMax)).error);
  }
  // The largest message of an unknown type is skipped.
  ByteVector stream = message(99, {ByteVector(wire::kControlMessageBytesMax)});
  append(stream, unhex(kHelloBytes));
  CHECK(decode(stream, 1000).messages.size() == 1);
}

TEST_CASE("control_message: a spent decoder repeats its error", "[wire][control]") {
  for (const std::string_view text : {"01020101", "0100", "018001000101"}) {
    CAPTURE(text);
    ControlDecoder decoder;
    decoder.feed(unhex(text));
    const auto error = decoder.poll().error();
    CHECK(error);
    decoder.feed(unhex(kHelloBytes));
    CHECK(decoder.poll().error() == error);
  }
}

TEST_CASE("control_message: random changes never give a message that cannot be sent",
          "[wire][control]") {
  SeededRandom random{21};
  const std::array<ByteVector, 2> seeds = {unhex(kHelloBytes), unhex(kAnnounceBytes)};
  std::size_t decoded_count = 0;

  for (int round = 0; round < 20'000; ++round) {
    auto bytes = seeds[random.below(2)];
    for (auto changes = 1 + random.below(3); changes > 0; --changes) {
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.next());
    }
    for (const auto& one : decode(bytes).messages) {
      ByteVector again;
      wire::encode(one, again);
      const auto twice = decode(again);
      REQUIRE(twice.messages.size() == 1);
      REQUIRE(twice.messages[0] == one);
      ++decoded_count;
    }
  }

  CHECK(decoded_count > 500);
}

TEST_CASE("control messages: REDEEM and GRANT as in the specification", "[wire][control]") {
  wire::Redeem redeem;
  for (std::uint8_t i = 0; i < 8; ++i) {
    redeem.invite.at(i) = static_cast<std::uint8_t>(i + 1);
  }
  redeem.proof.fill(0x22);
  const wire::Grant grant{"home", "secret"};
  std::string proof;
  for (int i = 0; i < 32; ++i) {
    proof += "22";
  }

  CHECK(encoded(redeem) == "032c010801020304050607080220" + proof);
  CHECK(encoded(grant) == "040e0104686f6d650206736563726574");
  const auto read = decode(unhex(encoded(redeem) + encoded(grant)), 1);
  REQUIRE(read.messages.size() == 2);
  CHECK(std::get<wire::Redeem>(read.messages[0]) == redeem);
  CHECK(std::get<wire::Grant>(read.messages[1]) == grant);
}

TEST_CASE("control messages: a REDEEM or GRANT that lacks something is malformed",
          "[wire][control]") {
  for (const std::string_view wrong : {"030a01080102030405060708",
                                       "030901070102030405060708",
                                       "04060104686f6d65",
                                       "04080206736563726574",
                                       "04080104686f6d650200",
                                       "040e0104686f206d0206736563726574"}) {
    CAPTURE(wrong);
    CHECK(decode(unhex(wrong)).error == errc::malformed);
  }
}
