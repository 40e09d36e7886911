// What it costs to move packets through the kernel: UDP trains over the loopback interface, and
// packets through a TUN. As root everything happens in a network namespace of its own; without root
// the TUN is skipped.

#include "platform/linux/clock.hpp"
#include "platform/linux/timer_queue.hpp"
#include "platform/linux/tun_interface.hpp"
#include "platform/linux/udp_socket.hpp"

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

using namespace quicether;
using linux_platform::TunInterface;
using linux_platform::UdpSocket;

namespace {

constexpr std::size_t kPayloadBytes = 1372;  // a full packet of a TUN with MTU 1400

class NoEvents final : public EventSink {
 public:
  void on_event(const Event& /*event*/) override {}
};

/// Enters a namespace of this process's own, once; false without the right to.
bool in_own_namespace() {
  static const bool entered = [] {
    if (::unshare(CLONE_NEWNET) != 0) {
      return false;
    }
    const linux_platform::FileDescriptor fd{::socket(AF_INET, SOCK_DGRAM, 0)};
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP;
    return ::ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
  }();
  return entered;
}

/// Adds up the time that some part of every round takes.
class Stopwatch {
 public:
  template <typename Part>
  void measure(Part part) {
    const auto start = std::chrono::steady_clock::now();
    part();
    total_ += std::chrono::steady_clock::now() - start;
  }

  [[nodiscard]] double nanoseconds_per(std::size_t count) const {
    return std::chrono::duration<double, std::nano>{total_}.count() / static_cast<double>(count);
  }

 private:
  std::chrono::steady_clock::duration total_{};
};

struct Machine {
  bool isolated = in_own_namespace();  // before anything opens a descriptor
  boost::asio::io_context io{1};
  NoEvents events{};

  std::unique_ptr<UdpSocket> socket(const char* bind, bool offload) {
    const DatagramSocketOptions options{.bind = SocketAddress::parse(bind).value()};
    return UdpSocket::open(io.get_executor(), options, offload, events).value();
  }

  std::unique_ptr<TunInterface> tun(bool offload) {
    const TunOptions options{.name = "bench0",
                             .mtu = kPayloadBytes + 28,
                             .addresses = {InterfaceAddress::parse("10.77.0.1/24").value()}};
    return TunInterface::open(io.get_executor(), options, offload, events).value();
  }
};

/// Sends a train over the loopback interface and receives it; the two halves apart, per datagram.
void udp_train(benchmark::State& state) {
  const auto segments = static_cast<std::size_t>(state.range(0));
  const bool offload = state.range(1) != 0;
  Machine machine;
  const auto receiver = machine.socket("127.0.0.1:0", offload);
  const auto sender = machine.socket("127.0.0.1:0", offload);
  const ByteVector bytes(segments * kPayloadBytes);
  const OutgoingTrain train{.bytes = bytes,
                            .segment_bytes = kPayloadBytes,
                            .remote = receiver->local_endpoint(),
                            .ecn = Ecn::ect0};
  std::array<ReceivedTrain, 64> received;
  Stopwatch sending;
  Stopwatch receiving;
  for (auto _ : state) {
    sending.measure([&] { benchmark::DoNotOptimize(sender->send({&train, 1})); });
    receiving.measure([&] {
      while (receiver->receive(received) != 0) {
      }
    });
  }
  const auto datagrams = static_cast<std::size_t>(receiver->stats().datagrams_received);
  state.counters["send_ns"] = sending.nanoseconds_per(datagrams);
  state.counters["receive_ns"] = receiving.nanoseconds_per(datagrams);
  state.SetItemsProcessed(static_cast<std::int64_t>(datagrams));
}

BENCHMARK(udp_train)
    ->ArgsProduct({{1, 2, 8, 16, 44}, {0, 1}})
    ->ArgNames({"segments", "offload"})
    ->UseRealTime();

/// Reads from the TUN what a program on this machine sends into it.
void tun_read(benchmark::State& state) {
  const auto segments = static_cast<std::size_t>(state.range(0));
  const bool offload = state.range(1) != 0;
  Machine machine;
  if (!machine.isolated) {
    state.SkipWithError("a TUN needs root");
    return;
  }
  const auto tun = machine.tun(offload);
  const auto sender = machine.socket("0.0.0.0:0", true);
  const ByteVector bytes(segments * kPayloadBytes);
  const OutgoingTrain train{.bytes = bytes,
                            .segment_bytes = kPayloadBytes,
                            .remote = SocketAddress::parse("10.77.0.2:9").value()};
  std::array<wire::IpPacket, 64> packets{};
  Stopwatch reading;
  for (auto _ : state) {
    benchmark::DoNotOptimize(sender->send({&train, 1}));
    reading.measure([&] {
      while (tun->read(packets) != 0) {
      }
    });
  }
  const auto read = static_cast<std::size_t>(tun->stats().packets_read);
  state.counters["read_ns"] = reading.nanoseconds_per(read);
  state.SetItemsProcessed(static_cast<std::int64_t>(read));
}

BENCHMARK(tun_read)
    ->ArgsProduct({{1, 8, 44}, {0, 1}})
    ->ArgNames({"segments", "offload"})
    ->UseRealTime();

/// Writes packets for a socket of this machine to the TUN. They are taken from the TUN first: what
/// the kernel made has right checksums.
void tun_write(benchmark::State& state) {
  const auto segments = static_cast<std::size_t>(state.range(0));
  const bool offload = state.range(1) != 0;
  Machine machine;
  if (!machine.isolated) {
    state.SkipWithError("a TUN needs root");
    return;
  }
  const auto tun = machine.tun(offload);
  const auto socket = machine.socket("0.0.0.0:0", true);
  const ByteVector bytes(segments * kPayloadBytes);
  const OutgoingTrain train{.bytes = bytes,
                            .segment_bytes = kPayloadBytes,
                            .remote = {.address = IpAddress::parse("10.77.0.2").value(),
                                       .port = socket->local_endpoint().port}};
  std::array<wire::IpPacket, 64> packets{};
  benchmark::DoNotOptimize(socket->send({&train, 1}));
  std::vector<ByteVector> originals;
  std::vector<wire::Offload> offloads;
  for (const auto& read : std::span{packets}.first(tun->read(packets))) {
    // Source and destination change places: the checksums stay right.
    const auto packet = read.bytes;
    std::swap_ranges(packet.begin() + 12, packet.begin() + 16, packet.begin() + 16);
    originals.emplace_back(packet.begin(), packet.end());
    offloads.push_back(read.offload);
  }
  std::vector<ByteVector> batch;
  std::vector<wire::IpPacket> views(originals.size());
  std::array<ReceivedTrain, 64> received;
  Stopwatch writing;
  for (auto _ : state) {
    batch = originals;  // joining changes headers in place
    for (std::size_t i = 0; i < batch.size(); ++i) {
      views[i] = {batch[i], offloads[i]};
    }
    writing.measure([&] { tun->write(views); });
    while (socket->receive(received) != 0) {
    }
  }
  const auto written = static_cast<std::size_t>(tun->stats().packets_written);
  state.counters["write_ns"] = writing.nanoseconds_per(written);
  state.counters["delivered"] =
      static_cast<double>(socket->stats().datagrams_received) / static_cast<double>(written);
  state.SetItemsProcessed(static_cast<std::int64_t>(written));
}

BENCHMARK(tun_write)
    ->ArgsProduct({{1, 8, 44}, {0, 1}})
    ->ArgNames({"segments", "offload"})
    ->UseRealTime();

/// Enters the kernel and comes back, doing nothing there: the most that io_uring could save per
/// call.
void system_call(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(::syscall(SYS_getppid));  // the C library has no cache for it
  }
}

BENCHMARK(system_call);

/// Arms a timer again and again, as a connection does after every batch.
void timer_rearm(benchmark::State& state) {
  boost::asio::io_context io{1};
  linux_platform::TimerQueue queue{io.get_executor()};
  linux_platform::SystemTimer timer{queue};
  Instant deadline = linux_platform::boot_time() + std::chrono::hours{1};
  for (auto _ : state) {
    deadline = deadline + std::chrono::microseconds{state.range(0)};
    timer.async_wait(deadline, [](error_code) {});
    io.poll();
  }
}

BENCHMARK(timer_rearm)->Arg(1)->Arg(-1)->ArgName("step_us");

}  // namespace
