#include "platform/linux/udp_receiver.hpp"

#include "unit/platform/system_calls.hpp"
#include "unit/platform/udp_support.hpp"

#include <catch2/catch_test_macros.hpp>

namespace quicether::linux_platform {

TEST_CASE("udp_receiver: interrupts are repeated", "[platform][udp]") {
  test::Loopback net;
  const auto receiver = net.open("127.0.0.1:0");
  const auto sender = net.open("127.0.0.1:0");
  const ByteVector bytes(10);
  const OutgoingTrain train{
      .bytes = bytes, .segment_bytes = 10, .remote = receiver->local_endpoint()};
  REQUIRE(sender->send({&train, 1}) == 1);
  net.wait_readable(*receiver);
  int interrupts = 3;
  const test::BentSystemCalls bent{
      {.recvmmsg = [&](int fd, mmsghdr* messages, unsigned count, int flags) {
        return interrupts-- > 0 ? test::fail_with(EINTR)
                                : test::real_recvmmsg(fd, messages, count, flags);
      }}};
  std::array<ReceivedTrain, 4> trains;

  CHECK(receiver->receive(trains) == 1);
  CHECK(trains[0].bytes.size() == 10);
}

TEST_CASE("udp_receiver: any other error is an empty socket", "[platform][udp]") {
  test::Loopback net;
  const auto receiver = net.open("127.0.0.1:0");
  const test::BentSystemCalls bent{
      {.recvmmsg = [](int, mmsghdr*, unsigned, int) { return test::fail_with(ENOMEM); }}};
  std::array<ReceivedTrain, 4> trains;

  CHECK(receiver->receive(trains) == 0);
}

TEST_CASE("udp_receiver: a datagram without its addresses is passed over", "[platform][udp]") {
  test::Loopback net;
  const auto receiver = net.open("127.0.0.1:0");
  const test::BentSystemCalls bent{{.recvmmsg = [](int, mmsghdr* messages, unsigned, int) {
    messages[0].msg_len = 10;
    messages[0].msg_hdr.msg_controllen = 0;
    return 1;
  }}};
  std::array<ReceivedTrain, 4> trains;

  CHECK(receiver->receive(trains) == 0);
  CHECK(receiver->stats().datagrams_received == 0);
}

}  // namespace quicether::linux_platform
