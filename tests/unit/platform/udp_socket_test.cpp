#include "platform/linux/udp_socket.hpp"

#include "unit/platform/allocation_count.hpp"
#include "unit/platform/udp_support.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <optional>

namespace quicether::linux_platform {

namespace {

using test::at;
using test::Loopback;

const ByteVector kHello{'h', 'e', 'l', 'l', 'o'};

}  // namespace

TEST_CASE("udp_socket: a datagram arrives with both addresses, not mapped, and its ECN field",
          "[platform][udp]") {
  Loopback net;

  struct Case {
    std::string name, receiver, sender, from, to;
  };

  const auto path = GENERATE(
      values<Case>({{"IPv4", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1", "127.0.0.1"},
                    {"IPv6", "[::1]:0", "[::1]:0", "::1", "::1"},
                    {"both to IPv4", "127.0.0.1:0", "[::]:0", "127.0.0.1", "127.0.0.1"},
                    {"IPv4 to both", "[::]:0", "127.0.0.1:0", "127.0.0.1", "127.0.0.1"},
                    {"both by IPv4", "[::]:0", "[::]:0", "127.0.0.1", "127.0.0.1"},
                    {"both by IPv6", "[::]:0", "[::]:0", "::1", "::1"},
                    {"any IPv4", "0.0.0.0:0", "0.0.0.0:0", "127.0.0.1", "127.0.0.1"},
                    {"a second address", "0.0.0.0:0", "0.0.0.0:0", "127.0.0.1", "127.0.0.7"}}));
  const auto ecn = GENERATE(Ecn::not_ect, Ecn::ect1, Ecn::ect0, Ecn::ce);
  CAPTURE(path.name, ecn);
  const auto receiver = net.open(path.receiver);
  const auto sender = net.open(path.sender);
  const SocketAddress to = at(path.to, receiver->local_endpoint().port);
  const SocketAddress from = at(path.from, sender->local_endpoint().port);

  const OutgoingTrain train{
      .bytes = kHello, .segment_bytes = kHello.size(), .remote = to, .ecn = ecn};
  CHECK(sender->send({&train, 1}) == 1);
  const auto received = net.receive(*receiver, 1);

  CHECK(received ==
        std::vector{test::Datagram{.bytes = kHello, .local = to, .remote = from, .ecn = ecn}});
}

TEST_CASE("udp_socket: the sender's address is the one that the train names", "[platform][udp]") {
  Loopback net;
  const std::string bind = GENERATE("0.0.0.0:0", "[::]:0");
  const auto receiver = net.open("127.0.0.1:0");
  const auto sender = net.open(bind);

  const OutgoingTrain train{.bytes = kHello,
                            .segment_bytes = kHello.size(),
                            .local = at("127.0.0.9", 1),
                            .remote = receiver->local_endpoint()};
  CHECK(sender->send({&train, 1}) == 1);
  const auto received = net.receive(*receiver, 1);

  CHECK(received.front().remote == at("127.0.0.9", sender->local_endpoint().port));
}

TEST_CASE("udp_socket: a train crosses byte for byte, with the kernel's help and without",
          "[platform][udp]") {
  Loopback net;
  const std::string address = GENERATE("127.0.0.1:0", "[::1]:0", "[::]:0");
  const bool send_offload = GENERATE(true, false);
  const bool receive_offload = GENERATE(true, false);
  const auto [count, size, last_size] =
      GENERATE(table<std::size_t, std::size_t, std::size_t>({{64, 1000, 1000},
                                                             {64, 1000, 1},
                                                             {44, 1452, 700},
                                                             {2, 1200, 1199},
                                                             {1, 1400, 1400},
                                                             {1, 65400, 65400}}));
  CAPTURE(address, send_offload, receive_offload, count, size, last_size);
  const auto receiver = net.open(address, receive_offload);
  const auto sender = net.open(address, send_offload);
  REQUIRE(receiver->stats().receive_offload == receive_offload);
  REQUIRE(sender->stats().segmentation_offload == send_offload);
  const ByteVector bytes = test::train_bytes(count, size, last_size);
  const std::string to = address == "127.0.0.1:0" ? "127.0.0.1" : "::1";

  const OutgoingTrain train{.bytes = bytes,
                            .segment_bytes = size,
                            .remote = at(to, receiver->local_endpoint().port),
                            .ecn = Ecn::ect0};
  CHECK(sender->send({&train, 1}) == 1);
  const auto received = net.receive(*receiver, count);

  CHECK(received.size() == count);
  CHECK(received.back().bytes.size() == last_size);
  CHECK(received.front().bytes.size() == size);
  CHECK(test::joined(received) == bytes);
  CHECK(received.back().ecn == Ecn::ect0);
  CHECK(sender->stats().datagrams_sent == count);
  CHECK(sender->stats().bytes_sent == bytes.size());
  CHECK(sender->stats().send_errors == 0);
  CHECK(receiver->stats().datagrams_received == count);
  CHECK(receiver->stats().bytes_received == bytes.size());
}

TEST_CASE("udp_socket: with the kernel's help a train is one piece at either end",
          "[platform][udp]") {
  Loopback net;
  const auto receiver = net.open("[::1]:0");
  const auto sender = net.open("[::1]:0");
  const ByteVector bytes = test::train_bytes(50, 1200, 300);

  const OutgoingTrain outgoing{
      .bytes = bytes, .segment_bytes = 1200, .remote = receiver->local_endpoint()};
  CHECK(sender->send({&outgoing, 1}) == 1);
  net.wait_readable(*receiver);
  std::array<ReceivedTrain, 4> trains;

  REQUIRE(receiver->receive(trains) == 1);
  CHECK(trains[0].bytes.size() == bytes.size());
  CHECK(trains[0].segment_bytes == 1200);
}

TEST_CASE("udp_socket: more trains than one system call takes keep their order",
          "[platform][udp]") {
  Loopback net;
  const bool offload = GENERATE(true, false);
  const auto receiver = net.open("127.0.0.1:0", offload);
  const auto sender = net.open("127.0.0.1:0", offload);
  const ByteVector bytes = test::train_bytes(300, 400, 400);
  std::vector<OutgoingTrain> trains;
  std::vector<std::size_t> sizes;
  for (std::size_t used = 0, i = 0; used < bytes.size(); ++i) {  // 1, 2, 3, 1 … datagrams
    const auto part =
        ConstBytes{bytes}.subspan(used, std::min(400 * (1 + i % 3), bytes.size() - used));
    trains.push_back({.bytes = part, .segment_bytes = 400, .remote = receiver->local_endpoint()});
    used += part.size();
  }

  CHECK(sender->send(trains) == trains.size());
  const auto received = net.receive(*receiver, 300);

  CHECK(test::joined(received) == bytes);
  CHECK(sender->stats().datagrams_sent == 300);
}

TEST_CASE("udp_socket: an empty socket gives nothing and does not block", "[platform][udp]") {
  Loopback net;
  const auto socket = net.open("127.0.0.1:0");
  std::array<ReceivedTrain, 4> trains;

  CHECK(socket->receive(trains) == 0);
  CHECK(socket->receive({}) == 0);
  CHECK(socket->send({}) == 0);
}

TEST_CASE("udp_socket: empty datagrams are passed over", "[platform][udp]") {
  Loopback net;
  const auto receiver = net.open("127.0.0.1:0");
  const FileDescriptor stranger{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  NativeAddress to{};
  const socklen_t length = write_native(receiver->local_endpoint(), AF_INET, to);
  for (const std::string_view text : {"", "", "x", ""}) {
    REQUIRE(::sendto(stranger.get(), text.data(), text.size(), 0, &to.any, length) ==
            static_cast<ssize_t>(text.size()));
  }

  const auto received = net.receive(*receiver, 1);

  CHECK(received.size() == 1);
  CHECK(received.front().bytes == ByteVector{'x'});
  CHECK(receiver->stats().datagrams_received == 1);
}

TEST_CASE("udp_socket: what the system refuses counts as lost and the rest goes on",
          "[platform][udp]") {
  Loopback net;
  const bool offload = GENERATE(true, false);
  const auto receiver = net.open("127.0.0.1:0");
  const auto sender = net.open("127.0.0.1:0", offload);
  const ByteVector bytes = test::train_bytes(10, 100, 100);
  const OutgoingTrain good{
      .bytes = bytes, .segment_bytes = 100, .remote = receiver->local_endpoint()};
  OutgoingTrain port_zero = good;
  port_zero.remote.port = 0;  // EINVAL from the kernel
  OutgoingTrain other_family = good;
  other_family.remote = at("::1", 9);
  OutgoingTrain other_source = good;
  other_source.local = at("::1", 9);

  const std::array trains{port_zero, good, other_family, other_source, good};
  CHECK(sender->send(trains) == trains.size());
  const auto received = net.receive(*receiver, 20);

  CHECK(received.size() == 20);
  CHECK(sender->stats().datagrams_sent == 20);
  CHECK(sender->stats().send_errors == 30);
  CHECK(sender->stats().segmentation_offload == offload);  // it was not the offload's fault
  CHECK(net.events.count("udp.segmentation_offload_refused") == 0);
}

TEST_CASE("udp_socket: close completes waits with cancelled, also later ones", "[platform][udp]") {
  Loopback net;
  auto socket = net.open("127.0.0.1:0");
  std::optional<error_code> first;
  std::optional<error_code> second;
  std::optional<error_code> later;
  const bool destroy = GENERATE(false, true);
  socket->wait_readable([&](error_code error) { first = error; });
  socket->wait_readable([&](error_code error) { second = error; });

  if (destroy) {
    socket.reset();
  } else {
    socket->close();
    socket->close();
    socket->wait_writable([&](error_code error) { later = error; });
    CHECK(socket->receive({}) == 0);
  }
  CHECK_FALSE(first.has_value());
  test::run_until(net.io, [&] { return first && second && (destroy || later); });

  CHECK(*first == errc::cancelled);
  CHECK(*second == errc::cancelled);
  CHECK((destroy || *later == errc::cancelled));
}

TEST_CASE("udp_socket: a closed socket has freed its port and swallows what it is given",
          "[platform][udp]") {
  Loopback net;
  const auto socket = net.open("127.0.0.1:0");
  const SocketAddress address = socket->local_endpoint();
  const OutgoingTrain train{.bytes = kHello, .segment_bytes = kHello.size(), .remote = address};

  socket->close();
  const auto again = net.open(address.to_string());

  CHECK(again->local_endpoint() == address);
  CHECK(socket->send({&train, 1}) == 1);
}

TEST_CASE("udp_socket: an idle socket is writable", "[platform][udp]") {
  Loopback net;
  const auto socket = net.open("[::]:0");
  std::optional<error_code> outcome;

  socket->wait_writable([&](error_code error) { outcome = error; });
  test::run_until(net.io, [&] { return outcome.has_value(); });

  CHECK_FALSE(*outcome);
}

TEST_CASE("udp_socket: source_address is the bound address or the route's", "[platform][udp]") {
  Loopback net;
  const auto bound = net.open("127.0.0.3:0");
  const auto v4 = net.open("0.0.0.0:0");
  const auto both = net.open("[::]:0");
  const SocketAddress here4 = at("127.0.0.1", 9000);
  const SocketAddress here6 = at("::1", 9000);

  CHECK(bound->source_address(here4).value() == IpAddress::parse("127.0.0.3").value());
  CHECK(bound->source_address(here6).error() == errc::unreachable);
  CHECK(v4->source_address(here4).value() == here4.address);
  CHECK(v4->source_address(here6).error() == errc::unreachable);
  CHECK(both->source_address(here4).value() == here4.address);
  CHECK(both->source_address(here6).value() == here6.address);
}

TEST_CASE("udp_socket: sending and receiving allocate nothing", "[platform][udp]") {
  Loopback net;
  const auto receiver = net.open("[::1]:0");
  const auto sender = net.open("[::1]:0");
  const ByteVector bytes = test::train_bytes(30, 1200, 1200);
  const OutgoingTrain outgoing{
      .bytes = bytes, .segment_bytes = 1200, .remote = receiver->local_endpoint()};
  std::array<ReceivedTrain, 8> trains;

  const auto before = test::allocation_count();
  std::size_t received = 0;
  for (int round = 0; round < 20; ++round) {
    received += sender->send({&outgoing, 1});
    received += receiver->receive(trains);
  }
  const auto after = test::allocation_count();

  CHECK(received == 40);
  CHECK(after == before);
}

}  // namespace quicether::linux_platform
