#include "commands.hpp"
#include "machine.hpp"

#include <quicether/base/random.hpp>
#include <quicether/env/datagram_socket.hpp>

#include <algorithm>
#include <array>
#include <functional>

namespace quicether::test {

namespace {

std::unique_ptr<DatagramSocket> open_socket(Environment& environment, const Arguments& arguments) {
  DatagramSocketOptions options;
  options.bind = value_of(SocketAddress::parse(arguments.text("bind", "[::]:0")), "bind");
  options.interface = arguments.text("interface", "");
  return value_of(environment.open_datagram_socket(options), "socket");
}

std::string counters(const DatagramSocket& socket) {
  const DatagramSocketStats stats = socket.stats();
  return fmt::format("sent={} received={} errors={} offload={}",
                     stats.datagrams_sent,
                     stats.datagrams_received,
                     stats.send_errors,
                     stats.segmentation_offload ? 1 : 0);
}

/// Sends back what has come, for ever.
class Echo {
 public:
  Echo(Machine& machine, DatagramSocket& socket) : machine_{machine}, socket_{socket} { wait(); }

 private:
  void wait() {
    socket_.wait_readable([this](error_code error) {
      if (error) {
        machine_.stop();
        return;
      }
      while (const std::size_t count = socket_.receive(received_)) {
        send_back(count);
      }
      wait();
    });
  }

  void send_back(std::size_t count) {
    std::array<OutgoingTrain, 16> trains;
    for (std::size_t i = 0; i < count; ++i) {
      const ReceivedTrain& train = received_[i];
      trains[i] = {.bytes = train.bytes,
                   .segment_bytes = train.segment_bytes,
                   .local = train.local,
                   .remote = train.remote,
                   .ecn = train.ecn};
    }
    if (socket_.send(std::span{trains}.first(count)) != count) {
      throw std::runtime_error{"the socket is full"};
    }
  }

  Machine& machine_;
  DatagramSocket& socket_;
  std::array<ReceivedTrain, 16> received_{};
};

/// Waits for datagrams and puts their bytes in a row.
ByteVector receive_bytes(Machine& machine,
                         DatagramSocket& socket,
                         std::size_t wanted,
                         const SocketAddress& from) {
  ByteVector bytes;
  std::array<ReceivedTrain, 16> trains;
  while (bytes.size() < wanted) {
    bool readable = false;
    socket.wait_readable([&](error_code error) {
      value_of(error ? result<void>{error} : result<void>{}, "wait");
      readable = true;
    });
    machine.run_until([&] { return readable; });
    while (const std::size_t count = socket.receive(trains)) {
      for (const ReceivedTrain& train : std::span{trains}.first(count)) {
        if (train.remote != from) {
          throw std::runtime_error{"answered from " + train.remote.to_string()};
        }
        bytes.insert(bytes.end(), train.bytes.begin(), train.bytes.end());
      }
    }
  }
  return bytes;
}

}  // namespace

void udp_echo(const Arguments& arguments) {
  Machine machine;
  const auto environment = machine.environment(arguments.offload());
  const auto socket = open_socket(*environment, arguments);
  const Echo echo{machine, *socket};
  say("ready");
  machine.run();
  say(counters(*socket));
}

void udp_check(const Arguments& arguments) {
  Machine machine;
  const auto environment = machine.environment(arguments.offload());
  const auto socket = open_socket(*environment, arguments);
  const auto remote = value_of(SocketAddress::parse(arguments.text("remote")), "remote");
  SeededRandom random{7};
  for (auto round = arguments.number<int>("rounds"); round > 0; --round) {
    const std::size_t segment_bytes = 1 + random.below(arguments.number<std::size_t>("largest"));
    const std::size_t count =
        1 + random.below(std::min(kTrainSegmentsMax, kTrainBytesMax / segment_bytes));
    ByteVector bytes(segment_bytes * count - random.below(segment_bytes));
    random.fill(bytes);
    const OutgoingTrain train{
        .bytes = bytes, .segment_bytes = segment_bytes, .remote = remote, .ecn = Ecn::ect0};
    if (socket->send({&train, 1}) != 1) {
      throw std::runtime_error{"the socket is full"};
    }
    if (receive_bytes(machine, *socket, bytes.size(), remote) != bytes) {
      throw std::runtime_error{
          fmt::format("other bytes came back than {} datagrams of {} bytes", count, segment_bytes)};
    }
  }
  say("same " + counters(*socket));
}

void udp_send(const Arguments& arguments) {
  Machine machine;
  const auto environment = machine.environment(arguments.offload());
  const auto socket = open_socket(*environment, arguments);
  const auto segment_bytes = arguments.number<std::size_t>("size");
  const ByteVector bytes(segment_bytes * arguments.number<std::size_t>("count"));
  const OutgoingTrain train{
      .bytes = bytes,
      .segment_bytes = segment_bytes,
      .remote = value_of(SocketAddress::parse(arguments.text("remote")), "remote")};
  const std::size_t taken = socket->send({&train, 1});
  say(fmt::format("taken={} {}", taken, counters(*socket)));
}

}  // namespace quicether::test
