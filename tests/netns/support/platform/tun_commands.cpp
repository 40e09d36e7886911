#include "commands.hpp"
#include "machine.hpp"

#include <quicether/core/wire/checksum.hpp>
#include <quicether/core/wire/ip.hpp>
#include <quicether/env/tun_device.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <utility>

namespace quicether::test {

namespace {

/// Lets this process open `count` more descriptors.
void leave_descriptors(rlim_t count) {
  const int next = ::dup(STDIN_FILENO);
  ::close(next);
  rlimit limit{};
  if (next < 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    throw std::runtime_error{"descriptors"};
  }
  limit.rlim_cur = static_cast<rlim_t>(next) + count;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    throw std::runtime_error{"descriptors"};
  }
}

std::unique_ptr<TunDevice> open_tun(Environment& environment,
                                    const Arguments& arguments,
                                    const std::string& suffix = "") {
  TunOptions options;
  options.name = arguments.text("name" + suffix);
  options.mtu = arguments.number<std::uint32_t>("mtu");
  for (const std::string& address : arguments.all("address" + suffix)) {
    options.addresses.push_back(value_of(InterfaceAddress::parse(address), address));
  }
  if (!arguments.all("descriptors").empty()) {
    leave_descriptors(arguments.number<rlim_t>("descriptors"));
  }
  auto tun = value_of(environment.open_tun(options), options.name);
  for (const std::string& route : arguments.all("route" + suffix)) {
    value_of(tun->add_route(value_of(Prefix::parse(route), route)), "route " + route);
  }
  for (const std::string& route : arguments.all("unroute" + suffix)) {
    value_of(tun->remove_route(value_of(Prefix::parse(route), route)), "unroute " + route);
  }
  return tun;
}

void say_counters(const TunDevice& tun) {
  const TunStats stats = tun.stats();
  say(fmt::format("{} read={} written={} read_errors={} write_errors={} offload={}",
                  tun.name(),
                  stats.packets_read,
                  stats.packets_written,
                  stats.read_errors,
                  stats.write_errors,
                  stats.offload ? 1 : 0));
}

/// Turns an echo request into its answer, in place; false when it is something else.
bool answer(Bytes packet) {
  const auto info = wire::parse_packet(packet);
  const bool is_request =
      info.has_value() && info->is_icmp() && info->icmp_type == (info->version == 4 ? 8 : 128);
  if (!is_request) {
    return false;
  }
  const std::size_t address_bytes = info->version == 4 ? 4 : 16;
  const std::size_t source = info->version == 4 ? 12 : 8;
  const Bytes first = packet.subspan(source, address_bytes);
  std::ranges::swap_ranges(first, packet.subspan(source + address_bytes, address_bytes));
  const Bytes message = packet.subspan(info->transport_offset);
  const auto before = load_be<std::uint16_t>(message);
  message[0] = info->version == 4 ? 0 : 129;
  store_be(
      message.subspan(2),
      wire::checksum_update(
          load_be<std::uint16_t>(message.subspan(2)), before, load_be<std::uint16_t>(message)));
  return true;
}

/// Calls `handle` with every batch of packets from `tun`, for as long as there is one.
class Pump {
 public:
  Pump(Machine& machine, TunDevice& tun, std::function<void(std::span<wire::IpPacket>)> handle)
      : machine_{machine}, tun_{tun}, handle_{std::move(handle)} {
    wait();
  }

 private:
  void wait() {
    tun_.wait_readable([this](error_code error) {
      if (error) {
        say(tun_.name() + ": " + error.message());
        machine_.stop();
        return;
      }
      while (const std::size_t count = tun_.read(packets_)) {
        handle_(std::span{packets_}.first(count));
      }
      wait();
    });
  }

  Machine& machine_;
  TunDevice& tun_;
  std::function<void(std::span<wire::IpPacket>)> handle_;
  std::array<wire::IpPacket, 50> packets_{};
};

void enter_namespace(const std::string& name) {
  const int fd = ::open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 || ::setns(fd, CLONE_NEWNET) != 0) {
    throw std::runtime_error{name + ": no such namespace"};
  }
  ::close(fd);
}

}  // namespace

void tun_echo(const Arguments& arguments) {
  Machine machine;
  const auto environment = machine.environment(arguments.offload());
  const auto tun = open_tun(*environment, arguments);
  const Pump pump{machine, *tun, [&](std::span<wire::IpPacket> packets) {
                    const auto others = std::ranges::partition(
                        packets, [](const auto& packet) { return answer(packet.bytes); });
                    tun->write({packets.begin(), others.begin()});
                  }};
  say("ready");
  machine.run();
  say_counters(*tun);
}

void tun_bridge(const Arguments& arguments) {
  Machine machine;
  const auto environment_a = machine.environment(arguments.offload("offload-a"));
  const auto environment_b = machine.environment(arguments.offload("offload-b"));
  enter_namespace(arguments.text("namespace-a"));
  const auto a = open_tun(*environment_a, arguments, "-a");
  enter_namespace(arguments.text("namespace-b"));
  const auto b = open_tun(*environment_b, arguments, "-b");
  const Pump from_a{machine, *a, [&](std::span<wire::IpPacket> packets) { b->write(packets); }};
  const Pump from_b{machine, *b, [&](std::span<wire::IpPacket> packets) { a->write(packets); }};
  say("ready");
  machine.run();
  say_counters(*a);
  say_counters(*b);
}

}  // namespace quicether::test
