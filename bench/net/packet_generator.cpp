// Small IP packets over a link to one qed, or out of it, without a TUN and a second qed that would
// compete for the CPU: what one end can do.
#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/wire/checksum.hpp>
#include <quicether/node.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace qe = quicether;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kUsage =
    R"(usage: packet_generator send KEY_FILE NODE_ID ADDRESS:PORT [SECONDS [BYTES]]
       packet_generator receive KEY_FILE NODE_ID ADDRESS:PORT [SECONDS]
       packet_generator flood OVERLAY_ADDRESS [SECONDS [BYTES]]

send     links to a qed and sends it IPv6 packets of BYTES (64) for SECONDS (5), as fast as it can,
         to the discard port of its overlay address, from 64 source ports in turn
receive  links likewise and counts the IP packets that arrive
flood    sends UDP packets from 64 sockets to an overlay address, for a qed whose TUN is here

Each prints "ready ADDRESS", its own overlay address, and at the end a line of JSON.
)";

constexpr std::size_t kFlows = 64;
constexpr std::size_t kHeaders = 48;   // RFC 8200, RFC 768
constexpr std::uint16_t kDiscard = 9;  // RFC 863

struct Options {
  std::string mode{};
  std::string key_file{};
  std::string peer{};
  std::string address{};
  std::size_t seconds = 5;
  std::size_t bytes = 64;
};

std::size_t number(std::string_view text, std::size_t least, std::size_t most) {
  std::size_t value = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end || value < least || value > most) {
    throw std::invalid_argument{"'" + std::string{text} + "' is no number from " +
                                std::to_string(least) + " to " + std::to_string(most)};
  }
  return value;
}

Options parse_arguments(std::span<char* const> arguments) {
  std::vector<std::string> words{arguments.begin(), arguments.end()};
  const auto is_flood = !words.empty() && words[0] == "flood";
  const std::size_t needed = is_flood ? 2 : 4;
  if (words.size() < needed || words.size() > needed + 2 ||
      !(is_flood || words[0] == "send" || words[0] == "receive")) {
    throw std::invalid_argument{"wrong arguments\n" + std::string{kUsage}};
  }
  Options options{.mode = words[0], .address = words[needed - 1]};
  if (!is_flood) {
    options.key_file = words[1];
    options.peer = words[2];
  }
  if (words.size() > needed) {
    options.seconds = number(words[needed], 1, 3600);
  }
  if (words.size() > needed + 1) {
    options.bytes = number(words[needed + 1], kHeaders, 1280);
  }
  return options;
}

void store(std::uint8_t* at, std::size_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8U);
  at[1] = static_cast<std::uint8_t>(value & 0xffU);
}

/// A UDP packet over IPv6 from one of the source ports, with a right checksum.
qe::ByteVector make_packet(const qe::IpAddress& from,
                           const qe::IpAddress& to,
                           std::size_t bytes,
                           std::size_t flow) {
  qe::ByteVector packet(bytes);
  const auto udp_bytes = bytes - 40;
  packet[0] = 0x60;
  store(&packet[4], udp_bytes);
  packet[6] = IPPROTO_UDP;
  packet[7] = 64;  // hop limit
  std::ranges::copy(from.bytes(), packet.begin() + 8);
  std::ranges::copy(to.bytes(), packet.begin() + 24);
  store(&packet[40], 10'000 + flow);
  store(&packet[42], kDiscard);
  store(&packet[44], udp_bytes);
  const auto udp = qe::ConstBytes{packet}.subspan(40);
  const auto sum = qe::wire::pseudo_header_sum(from, to, IPPROTO_UDP, udp_bytes);
  store(&packet[46], qe::wire::transport_checksum(udp, sum));
  return packet;
}

class Counter final : public qe::PacketSink {
 public:
  void on_packets(qe::PeerIndex /*peer*/, std::span<const qe::wire::IpPacket> packets) override {
    for (const auto& packet : packets) {
      const auto info = qe::wire::parse_packet(packet.bytes);
      count_ += info ? qe::wire::packets_in(packet, *info) : 0;
    }
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  std::uint64_t count_ = 0;
};

void report(const char* what, std::uint64_t packets, Clock::time_point start) {
  const std::chrono::duration<double> took = Clock::now() - start;
  std::printf("{\"%s\": %llu, \"seconds\": %.3f}\n",
              what,
              static_cast<unsigned long long>(packets),
              took.count());
}

void announce_ready(const qe::IpAddress& address) {
  std::printf("ready %s\n", address.to_string().c_str());
  std::fflush(stdout);
}

asio::awaitable<void> send(qe::Node& node, const qe::IpAddress& self, qe::Link link, Options how) {
  const auto peer = qe::crypto::overlay_address(link.peer_key().value());
  std::vector<qe::ByteVector> packets;
  packets.reserve(kFlows);
  for (std::size_t flow = 0; flow < kFlows; ++flow) {
    packets.push_back(make_packet(self, peer, how.bytes, flow));
  }
  std::vector<qe::wire::IpPacket> batch;
  for (auto& packet : packets) {
    batch.push_back({packet, {}});
  }
  const auto executor = co_await asio::this_coro::executor;
  announce_ready(self);
  const auto start = Clock::now();
  std::uint64_t sent = 0;
  while (Clock::now() - start < std::chrono::seconds{how.seconds}) {
    const auto taken = node.paths().send_packets(link.index(), batch);
    if (taken == 0) {
      throw std::runtime_error{"the link went down"};
    }
    sent += taken;
    node.paths().flush();
    co_await asio::post(executor, asio::use_awaitable);  // the socket and the timers have a turn
  }
  report("sent", sent, start);
}

asio::awaitable<void> receive(qe::Node& node, const qe::IpAddress& self, Options how) {
  Counter counter;
  node.paths().set_packet_sink(&counter);
  announce_ready(self);
  const auto start = Clock::now();
  asio::steady_timer timer{co_await asio::this_coro::executor, std::chrono::seconds{how.seconds}};
  co_await timer.async_wait(asio::use_awaitable);
  node.paths().set_packet_sink(nullptr);
  report("received", counter.count(), start);
}

asio::awaitable<void> talk(qe::Node& node, const qe::IpAddress& self, Options how) {
  const auto peer = qe::NodeId::parse(how.peer).value();
  const auto link = co_await node.paths().async_open(peer, {}, asio::use_awaitable);
  if (how.mode == "send") {
    co_await send(node, self, link, how);
  } else {
    co_await receive(node, self, how);
  }
  co_await node.async_stop(asio::use_awaitable);
}

void run_link(const Options& options) {
  asio::io_context io{1};
  const auto self = qe::Identity::load(options.key_file).value();
  const auto environment = qe::system_environment(io.get_executor());
  qe::NodeConfig config;
  config.peers = {{.id = qe::NodeId::parse(options.peer).value(),
                   .addresses = {qe::SocketAddress::parse(options.address).value()}}};
  qe::Node node{*environment, self, std::move(config)};
  node.start().value();
  std::exception_ptr failure;
  asio::co_spawn(io, talk(node, self.overlay_address(), options), [&](std::exception_ptr error) {
    failure = std::move(error);
    io.stop();
  });
  io.run();
  if (failure) {
    std::rethrow_exception(failure);
  }
}

class UdpSocket {
 public:
  explicit UdpSocket(const sockaddr_in6& to)
      : descriptor_{socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
    if (descriptor_ < 0 ||
        connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      throw std::system_error{errno, std::system_category(), "UDP socket"};
    }
  }

  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  ~UdpSocket() { close(descriptor_); }

  [[nodiscard]] bool send(qe::ConstBytes payload) const noexcept {
    return ::send(descriptor_, payload.data(), payload.size(), MSG_DONTWAIT) >= 0;
  }

 private:
  int descriptor_;
};

void flood(const Options& options) {
  const auto target = qe::IpAddress::parse(options.address).value();
  if (target.is_v4()) {
    throw std::invalid_argument{"the overlay address is to be IPv6"};
  }
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(kDiscard);
  std::memcpy(&to.sin6_addr, target.bytes().data(), target.bytes().size());
  std::vector<std::unique_ptr<UdpSocket>> sockets;
  sockets.reserve(kFlows);
  for (std::size_t flow = 0; flow < kFlows; ++flow) {
    sockets.push_back(std::make_unique<UdpSocket>(to));
  }
  const qe::ByteVector payload(options.bytes - kHeaders);
  announce_ready(target);
  const auto start = Clock::now();
  std::uint64_t sent = 0;
  while (Clock::now() - start < std::chrono::seconds{options.seconds}) {
    for (const auto& socket : sockets) {
      sent += socket->send(payload) ? 1U : 0U;
    }
  }
  report("sent", sent, start);
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = std::span{argv, static_cast<std::size_t>(argc)}.subspan(1);
  if (arguments.size() == 1 && (std::string_view{arguments[0]} == "--help")) {
    std::fputs(kUsage.data(), stdout);
    return 0;
  }
  try {
    const auto options = parse_arguments(arguments);
    if (options.mode == "flood") {
      flood(options);
    } else {
      run_link(options);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "packet_generator: %s\n", error.what());
    return 2;
  }
}
