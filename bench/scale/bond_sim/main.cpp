// The bonds of bench/net/profiles.toml in virtual time: one TCP-like flow (tcp_flow.hpp) over each
// link alone, and through two shipped nodes that bond them all. The result does not depend on the
// machine.
#include "bonds.hpp"
#include "support/packets.hpp"
#include "tcp_flow.hpp"

#include <quicether/node.hpp>
#include <quicether/sim/host.hpp>
#include <quicether/sim/network.hpp>
#include <quicether/sim/simulation.hpp>
#include <quicether/sim/tun.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kUsage =
    R"(usage: bond_sim [--seconds N] [--scheduler NAME] PROFILES [BOND…]

Prints one line of JSON for each bond of the file PROFILES: Mbit/s of one flow from a to b over each
link alone, and over the bond, after it has warmed up, for --seconds (10).
)";

constexpr Duration kTick = 200us;
constexpr std::uint16_t kPort = 9000;
constexpr std::uint8_t kIcmp = 1;
constexpr std::size_t kTcpHeaders = 52;  // IPv4, TCP, timestamps

/// Packets under way on one direction of a link.
class Lane {
 public:
  Lane(const sim::LinkModel& model, std::uint64_t seed) : link_{model, seed} {}

  void set_up(bool up) noexcept {
    auto model = link_.model();
    model.up = up;
    link_.set_model(model);
  }

  void send(ConstBytes packet, Instant now) {
    const auto passage = link_.pass(now, packet.size() + kTcpHeaders, Ecn::not_ect);
    if (passage.fate == sim::Fate::delivered) {
      flying_.emplace_back(passage.arrival, ByteVector{packet.begin(), packet.end()});
    }
  }

  template <class Take>
  void deliver(Instant now, Take take) {
    while (!flying_.empty() && flying_.front().first <= now) {
      take(ConstBytes{flying_.front().second});
      flying_.pop_front();
    }
  }

 private:
  sim::Link link_;
  std::deque<std::pair<Instant, ByteVector>> flying_{};
};

/// Delivered bytes to Mbit/s.
class Goodput {
 public:
  Goodput(Duration warm, Duration measured) : warm_{warm}, end_{warm + measured} {}

  [[nodiscard]] bool goes_on(Duration elapsed, std::uint64_t delivered) {
    if (elapsed <= warm_) {
      at_start_ = delivered;
    }
    at_end_ = delivered;
    return elapsed < end_;
  }

  [[nodiscard]] double mbps() const {
    return static_cast<double>(at_end_ - at_start_) * 8e-6 /
           std::chrono::duration<double>(end_ - warm_).count();
  }

 private:
  Duration warm_;
  Duration end_;
  std::uint64_t at_start_ = 0;
  std::uint64_t at_end_ = 0;
};

double alone(const Bond& bond, std::size_t index, Duration measured) {
  Lane there{bond.there[index], 2 * index};
  Lane back{bond.back[index], 2 * index + 1};
  Instant now{};
  const auto mtu = std::min(bond.there[index].mtu, bond.back[index].mtu);
  TcpSender sender{[&](ConstBytes segment) { there.send(segment, now); }, mtu - kTcpHeaders};
  TcpReceiver receiver{[&](ConstBytes acknowledgement) { back.send(acknowledgement, now); }};
  Goodput goodput{bond.warm, measured};
  while (goodput.goes_on(now.since_start(), receiver.delivered())) {
    for (const auto& flap : bond.flaps) {
      if (flap.link == index) {
        there.set_up(!flap.silent_at(now.since_start()));
        back.set_up(!flap.silent_at(now.since_start()));
      }
    }
    there.deliver(now, [&](ConstBytes segment) { receiver.take(segment); });
    back.deliver(now, [&](ConstBytes acknowledgement) { sender.take(acknowledgement, now); });
    receiver.tick();
    sender.tick(now);
    now = now + kTick;
  }
  return goodput.mbps();
}

/// A host with an interface for each link, and a Node on it.
struct End {
  sim::Host* host;
  Identity identity;
  std::unique_ptr<Node> node{};

  End(sim::Simulation& simulation, const std::string& name)
      : host{&simulation.network().add_host(name)}, identity{Identity::generate(host->random())} {}

  static IpAddress address(std::size_t link, std::uint8_t last) {
    return IpAddress::v4({10, 77, static_cast<std::uint8_t>(link), last});
  }

  static std::string interface(std::size_t link) { return "eth" + std::to_string(link); }

  void add_links(std::size_t count, std::uint8_t last) {
    for (std::size_t link = 0; link < count; ++link) {
      sim::InterfaceOptions options;
      options.name = interface(link);
      options.addresses = {{address(link, last), 24}};
      host->add_interface(options);
    }
  }

  void start(NodeConfig config) {
    config.tun = true;
    policy::Rule rule;
    rule.action = policy::Action::allow;
    config.rules = std::vector<policy::Rule>{rule};
    node = std::make_unique<Node>(*host, identity, std::move(config));
    if (const auto started = node->start(); !started) {
      throw std::runtime_error{host->name() + ": " + node->error_detail()};
    }
  }

  [[nodiscard]] NodePeer as_peer(std::vector<SocketAddress> addresses) const {
    NodePeer peer;
    peer.name = host->name();
    peer.id = identity.node_id();
    peer.key = identity.public_key();
    peer.addresses = std::move(addresses);
    return peer;
  }

  [[nodiscard]] IpAddress overlay() const {
    for (const auto& one : node->status().overlay_addresses) {
      if (one.address.is_v4()) {
        return one.address;
      }
    }
    throw std::runtime_error{"no overlay address"};
  }
};

/// Two nodes that bond all links, and a flow through their TUN interfaces.
class Bonded {
 public:
  Bonded(const Bond& bond, std::string_view scheduler)
      : bond_{bond}, a_{simulation_, "a"}, b_{simulation_, "b"} {
    for (auto* end : {&a_, &b_}) {
      end->add_links(bond.there.size(), end == &a_ ? 1 : 2);
    }
    for (std::size_t i = 0; i < bond.there.size(); ++i) {
      set_link(i, true);
    }
    start(scheduler);
  }

  [[nodiscard]] double run(Duration measured) {
    auto& tun_a = *a_.host->tun();
    auto& tun_b = *b_.host->tun();
    const auto from = a_.overlay();
    const auto to = b_.overlay();
    TcpSender sender{[&](ConstBytes segment) { (void)tun_a.inject(packet(from, to, segment, 1)); },
                     tun_a.mtu() - kTcpHeaders};
    TcpReceiver receiver{[&](ConstBytes heard) { (void)tun_b.inject(packet(to, from, heard, 2)); }};
    tun_b.on_written([&](ConstBytes written) { receiver.take(written.subspan(kTcpHeaders)); });
    tun_a.on_written([&](ConstBytes written) {
      if (written[9] == kIcmp) {  // "too big": RFC 1191 has the MTU in the last 2 of 8 bytes
        sender.limit_segments(load_be<std::uint16_t>(written.subspan(26, 2)) - kTcpHeaders);
      } else {
        sender.take(written.subspan(kTcpHeaders), a_.host->now());
      }
    });
    Goodput goodput{bond_.warm, measured};
    const auto start = a_.host->now();
    while (goodput.goes_on(a_.host->now() - start, receiver.delivered())) {
      flap(a_.host->now() - start);
      sender.tick(a_.host->now());
      simulation_.run_for(kTick);
      receiver.tick();
    }
    tun_a.on_written({});
    tun_b.on_written({});
    return goodput.mbps();
  }

  [[nodiscard]] std::size_t paths() const { return a_.node->status().paths_active; }

 private:
  /// a's interface is the link: what b's interfaces pass is passed at once.
  void set_link(std::size_t index, bool up) {
    auto& interface = a_.host->interface(End::interface(index));
    auto there = bond_.there[index];
    auto back = bond_.back[index];
    there.up = back.up = up;
    interface.egress().set_model(there);
    interface.ingress().set_model(back);
  }

  void flap(Duration elapsed) {
    for (const auto& each : bond_.flaps) {
      set_link(each.link, !each.silent_at(elapsed));
    }
  }

  void start(std::string_view scheduler);

  static ByteVector packet(const IpAddress& from,
                           const IpAddress& to,
                           ConstBytes payload,
                           std::uint8_t side) {
    test::TcpOptions tcp;
    tcp.source_port = side == 1 ? 40000 : 443;
    tcp.destination_port = side == 1 ? 443 : 40000;
    tcp.options = ByteVector(12, 1);  // as long as timestamps: no-operations
    return test::tcp_packet(from, to, payload, tcp);
  }

  const Bond& bond_;
  sim::Simulation simulation_{1};
  End a_;
  End b_;
};

path::BondScheduler scheduler_named(std::string_view name) {
  using enum path::BondScheduler;
  for (const auto& [known, scheduler] : {std::pair{"round-robin", round_robin},
                                         std::pair{"weighted", weighted},
                                         std::pair{"latency-aware", latency_aware},
                                         std::pair{"redundant", redundant}}) {
    if (name == known) {
      return scheduler;
    }
  }
  throw std::invalid_argument{"there is no scheduler '" + std::string{name} + "'"};
}

void Bonded::start(std::string_view scheduler) {
  NodeConfig a;
  NodeConfig b;
  for (auto* config : {&a, &b}) {
    config->transport.socket.bind = {IpAddress::v6({}), kPort};
    if (!scheduler.empty()) {
      config->paths.multipath.scheduler = scheduler_named(scheduler);
    }
  }
  a.paths.multipath.enabled = true;
  b.paths.multipath.accept = true;
  for (std::size_t i = 0; i < bond_.there.size(); ++i) {
    const auto rate = static_cast<double>(bond_.there[i].rate_bits_per_second);
    a.paths.multipath.weights[End::interface(i)] = rate;
    b.paths.multipath.weights[End::interface(i)] = rate;
  }
  a.peers = {b_.as_peer({{End::address(0, 2), kPort}})};
  b.peers = {a_.as_peer({})};
  b_.start(std::move(b));
  a_.start(std::move(a));
  const auto up = [&] { return paths() == bond_.there.size(); };
  (void)simulation_.run_until(up, 20s);
  simulation_.run_for(3s);  // path MTU discovery
}

struct Options {
  Duration measured = 10s;
  std::string scheduler{};
  std::string file{};
  std::vector<std::string> names{};
};

Options parse_arguments(std::span<char* const> arguments) {
  Options options;
  std::vector<std::string> words{arguments.begin(), arguments.end()};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--seconds" || words[i] == "--scheduler") {
      if (i + 1 == words.size()) {
        throw std::invalid_argument{words[i] + " needs a value"};
      }
      const bool is_time = words[i] == "--seconds";
      const auto& value = words[++i];
      is_time ? void(options.measured = std::chrono::seconds{std::stoi(value)})
              : void(options.scheduler = value);
    } else if (options.file.empty()) {
      options.file = words[i];
    } else {
      options.names.push_back(words[i]);
    }
  }
  if (options.file.empty() || options.measured < 1s) {
    throw std::invalid_argument{"a file of profiles is needed, and at least a second"};
  }
  return options;
}

void measure(const Bond& bond, const Options& options) {
  std::printf("{\"bond\": \"%s\", \"alone\": [", bond.name.c_str());
  for (std::size_t i = 0; i < bond.there.size(); ++i) {
    std::printf("%s%.2f", i == 0 ? "" : ", ", alone(bond, i, options.measured));
  }
  Bonded bonded{bond, options.scheduler};
  const auto mbps = bonded.run(options.measured);
  std::printf("], \"mbps\": %.2f, \"paths\": %zu}\n", mbps, bonded.paths());
  std::fflush(stdout);
}

int run(const Options& options) {
  for (const auto& bond : load_bonds(options.file)) {
    if (options.names.empty() ||
        std::ranges::find(options.names, bond.name) != options.names.end()) {
      measure(bond, options);
    }
  }
  return 0;
}

}  // namespace
}  // namespace quicether::bench

int main(int argc, char** argv) {
  const auto arguments = std::span{argv, static_cast<std::size_t>(argc)}.subspan(1);
  if (std::ranges::any_of(arguments, [](std::string_view argument) {
        return argument == "--help" || argument == "-h";
      })) {
    std::fputs(quicether::bench::kUsage.data(), stdout);
    return 0;
  }
  try {
    return quicether::bench::run(quicether::bench::parse_arguments(arguments));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bond_sim: %s\n", error.what());
    return 2;
  }
}
