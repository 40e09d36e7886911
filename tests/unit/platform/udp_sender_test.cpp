#include "platform/linux/udp_sender.hpp"

#include "unit/platform/system_calls.hpp"
#include "unit/platform/udp_support.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>

namespace quicether::linux_platform {

namespace {

using test::fail_with;
using test::Loopback;

/// The segment size that a message asks for; 0 when it is one datagram.
std::size_t segment_bytes_of(msghdr& message) {
  std::uint16_t size = 0;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_UDP) {
      std::memcpy(&size, CMSG_DATA(header), sizeof size);
    }
  }
  return size;
}

/// The interface that a message asks for; 0 when none.
int interface_of(msghdr& message) {
  in_pktinfo info{};
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
      std::memcpy(&info, CMSG_DATA(header), sizeof info);
    }
  }
  return info.ipi_ifindex;
}

/// A kernel that gives `error` for each message that `refuses` says so of.
template <typename Refuses>
auto kernel_that_refuses(int error, Refuses refuses) {
  return [error, refuses](int fd, mmsghdr* messages, unsigned count, int flags) {
    unsigned good = 0;
    while (good < count && !refuses(messages[good].msg_hdr)) {
      ++good;
    }
    return good == 0 ? fail_with(error) : test::real_sendmmsg(fd, messages, good, flags);
  };
}

struct Fixture : Loopback {
  std::unique_ptr<UdpSocket> receiver = open("127.0.0.1:0");
  std::unique_ptr<UdpSocket> sender = open("127.0.0.1:0");
  ByteVector bytes = test::train_bytes(20, 500, 400);

  OutgoingTrain train() {
    return {.bytes = bytes, .segment_bytes = 500, .remote = receiver->local_endpoint()};
  }
};

}  // namespace

TEST_CASE("udp_sender: a kernel that refuses segmentation gets datagrams from then on",
          "[platform][udp]") {
  Fixture net;
  const int error = GENERATE(EIO, EINVAL);
  int refusals = 0;
  const test::BentSystemCalls bent{
      {.sendmmsg = kernel_that_refuses(error, [&refusals](msghdr& message) {
         const bool refused = segment_bytes_of(message) != 0;
         refusals += refused ? 1 : 0;
         return refused;
       })}};
  const std::array trains{net.train(), net.train(), net.train()};

  CHECK(net.sender->send(trains) == 3);
  const int refusals_then = refusals;
  CHECK(net.sender->send(trains) == 3);
  const auto received = net.receive(*net.receiver, 120);

  CHECK(received.size() == 120);
  CHECK(ByteVector{received[19].bytes} == ByteVector(net.bytes.end() - 400, net.bytes.end()));
  CHECK(net.sender->stats().datagrams_sent == 120);
  CHECK(net.sender->stats().send_errors == 0);
  CHECK_FALSE(net.sender->stats().segmentation_offload);
  CHECK(net.events.count("udp.segmentation_offload_refused") == 1);
  CHECK(refusals == refusals_then);
}

TEST_CASE("udp_sender: a train that is too large for the route does not blame the offload",
          "[platform][udp]") {
  Fixture net;
  const int whole_error = GENERATE(EINVAL, EMSGSIZE);
  const auto kernel = [whole_error](int, mmsghdr* messages, unsigned, int) {
    return fail_with(segment_bytes_of(messages[0].msg_hdr) != 0 ? whole_error : EMSGSIZE);
  };
  const std::array trains{net.train()};
  {
    const test::BentSystemCalls bent{{.sendmmsg = kernel}};
    CHECK(net.sender->send(trains) == 1);
  }

  CHECK(net.sender->stats().send_errors == 20);
  CHECK(net.sender->stats().datagrams_sent == 0);
  CHECK(net.sender->stats().segmentation_offload);
}

TEST_CASE("udp_sender: a full socket takes no more and says how far it came", "[platform][udp]") {
  Fixture net;
  int room = 2;
  const test::BentSystemCalls bent{
      {.sendmmsg = [&room](int fd, mmsghdr* messages, unsigned count, int flags) {
        const int sent = std::min(room, static_cast<int>(count));
        room -= sent;
        return sent == 0 ? fail_with(EAGAIN)
                         : test::real_sendmmsg(fd, messages, static_cast<unsigned>(sent), flags);
      }}};
  const std::array trains{net.train(), net.train(), net.train(), net.train()};

  CHECK(net.sender->send(trains) == 2);
  CHECK(net.sender->send(std::span{trains}.subspan(2)) == 0);
  room = 2;
  CHECK(net.sender->send(std::span{trains}.subspan(2)) == 2);
  const auto received = net.receive(*net.receiver, 80);

  CHECK(received.size() == 80);
  CHECK(net.sender->stats().send_errors == 0);
}

TEST_CASE("udp_sender: a socket that fills up inside a train loses its rest", "[platform][udp]") {
  Loopback net;
  const auto receiver = net.open("127.0.0.1:0");
  const auto sender = net.open("127.0.0.1:0", false);
  const ByteVector bytes = test::train_bytes(20, 500, 400);
  const OutgoingTrain train{
      .bytes = bytes, .segment_bytes = 500, .remote = receiver->local_endpoint()};
  int calls = 0;
  const test::BentSystemCalls bent{
      {.sendmmsg = [&calls](int fd, mmsghdr* messages, unsigned, int flags) {
        return ++calls == 1 ? test::real_sendmmsg(fd, messages, 27, flags) : fail_with(EAGAIN);
      }}};
  const std::array trains{train, train, train};

  CHECK(sender->send(trains) == 2);
  const auto received = net.receive(*receiver, 27);

  CHECK(received.size() == 27);
  CHECK(sender->stats().datagrams_sent == 27);
  CHECK(sender->stats().send_errors == 13);
}

TEST_CASE("udp_sender: interrupts are repeated", "[platform][udp]") {
  Fixture net;
  int interrupts = 5;
  const test::BentSystemCalls bent{
      {.sendmmsg = [&](int fd, mmsghdr* messages, unsigned count, int flags) {
        return interrupts-- > 0 ? fail_with(EINTR)
                                : test::real_sendmmsg(fd, messages, count, flags);
      }}};
  const std::array trains{net.train()};

  CHECK(net.sender->send(trains) == 1);
  CHECK(net.receive(*net.receiver, 20).size() == 20);
  CHECK(interrupts == -1);
}

TEST_CASE("udp_sender: a pinned address names its interface, but not for what stays here",
          "[platform][udp]") {
  Fixture net;
  const auto one = IpAddress::parse("127.0.0.1").value();
  const auto other = IpAddress::parse("127.0.0.2").value();
  const auto stranger = IpAddress::parse("127.0.0.3").value();
  std::vector<int> interfaces;
  const test::BentSystemCalls bent{{.sendmmsg = [&](int, mmsghdr* messages, unsigned count, int) {
    for (unsigned i = 0; i < count; ++i) {
      interfaces.push_back(interface_of(messages[i].msg_hdr));
    }
    return static_cast<int>(count);
  }}};
  const auto send = [&](const IpAddress& local, const IpAddress& remote) {
    const OutgoingTrain train{.bytes = ConstBytes{net.bytes}.first(500),
                              .segment_bytes = 500,
                              .local = {local, 0},
                              .remote = {remote, 9}};
    REQUIRE(net.sender->send({&train, 1}) == 1);
  };

  send(one, stranger);
  net.sender->pin(std::array{AddressPin{one, 7}, AddressPin{other, 8}});
  send(one, stranger);
  send(other, stranger);
  send(stranger, stranger);
  send(one, other);
  net.sender->pin({});
  send(one, stranger);

  CHECK(interfaces == std::vector{0, 7, 8, 0, 0, 0});
}

}  // namespace quicether::linux_platform
