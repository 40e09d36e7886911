#include "packet_port.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace quicether::bench {
namespace {

struct Batch {
  std::array<iovec, PacketPort::kBatch> places{};
  std::array<mmsghdr, PacketPort::kBatch> messages{};

  Batch() {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      messages[i].msg_hdr.msg_iov = &places[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
};

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::system_category(), what};
}

void set_option(int descriptor, int level, int option, int value, const char* name) {
  if (setsockopt(descriptor, level, option, &value, sizeof value) != 0) {
    fail(name);
  }
}

}  // namespace

PacketPort::PacketPort(const std::string& interface)
    : descriptor_{socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)} {
  if (descriptor_ < 0) {
    fail("packet socket");
  }
  try {
    set_option(descriptor_, SOL_PACKET, PACKET_VNET_HDR, 1, "PACKET_VNET_HDR");
    set_option(descriptor_, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
    set_option(descriptor_, SOL_PACKET, PACKET_QDISC_BYPASS, 1, "PACKET_QDISC_BYPASS");
    // What arrives while the process waits for a CPU must not be lost, or the loss would be ours.
    set_option(descriptor_, SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20, "SO_RCVBUFFORCE");
    set_option(descriptor_, SOL_SOCKET, SO_SNDBUFFORCE, 32 << 20, "SO_SNDBUFFORCE");
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    if (address.sll_ifindex == 0 ||
        bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      fail("interface " + interface);
    }
  } catch (...) {
    close(descriptor_);
    throw;
  }
}

PacketPort::~PacketPort() {
  close(descriptor_);
}

std::size_t PacketPort::receive(std::span<Frame*> frames) noexcept {
  Batch batch;
  const auto wanted = std::min(frames.size(), kBatch);
  for (std::size_t i = 0; i < wanted; ++i) {
    batch.places[i] = {frames[i]->bytes.data(), frames[i]->bytes.size()};
  }
  // MSG_TRUNC: the true size also of a super-packet, which no MTU lets pass.
  const auto received = recvmmsg(descriptor_,
                                 batch.messages.data(),
                                 static_cast<unsigned>(wanted),
                                 MSG_DONTWAIT | MSG_TRUNC,
                                 nullptr);
  if (received < 0) {
    return 0;
  }
  constexpr auto kHeaders = Frame::kVirtioHeader + Frame::kEthernetHeader;
  for (std::size_t i = 0; i < static_cast<std::size_t>(received); ++i) {
    frames[i]->size = batch.messages[i].msg_len;
    frames[i]->packet_bytes = std::max(frames[i]->size, kHeaders) - kHeaders;
  }
  return static_cast<std::size_t>(received);
}

std::size_t PacketPort::send(std::span<Frame* const> frames) noexcept {
  Batch batch;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    batch.places[i] = {frames[i]->bytes.data(), frames[i]->size};
  }
  std::size_t refused = 0;
  for (std::size_t done = 0; done < frames.size();) {
    const auto sent = sendmmsg(descriptor_,
                               &batch.messages[done],
                               static_cast<unsigned>(frames.size() - done),
                               MSG_DONTWAIT);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else {  // this one cannot be sent, perhaps the next
      ++refused;
      ++done;
    }
  }
  return refused;
}

}  // namespace quicether::bench
