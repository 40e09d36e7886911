#include "support/two_hosts.hpp"

#include <quicether/sim/tun.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <memory>
#include <vector>

using namespace std::chrono_literals;
using quicether::Bytes;
using quicether::ByteVector;
using quicether::errc;
using quicether::error_code;
using quicether::InterfaceAddress;
using quicether::Prefix;
using quicether::TunDevice;
using quicether::sim::Tun;
using quicether::testing::TwoHosts;

namespace {

[[nodiscard]] ByteVector packet_v4(std::size_t size) {
  ByteVector packet(size);
  packet[0] = 0x45;
  return packet;
}

struct Fixture : TwoHosts {
  std::unique_ptr<TunDevice> device =
      a.open_tun({.mtu = 1300, .addresses = {InterfaceAddress::parse("100.64.0.1/16").value()}})
          .value();
  Tun& tun = *a.tun();

  [[nodiscard]] std::vector<ByteVector> read_all() const {
    std::vector<ByteVector> all;
    std::array<quicether::wire::IpPacket, 4> packets{};
    while (const std::size_t count = device->read(packets)) {
      for (std::size_t i = 0; i < count; ++i) {
        all.emplace_back(packets[i].bytes.begin(), packets[i].bytes.end());
      }
    }
    return all;
  }

  void write(ByteVector packet) const {
    const quicether::wire::IpPacket one{packet, {}};
    device->write({&one, 1});
  }
};

}  // namespace

TEST_CASE("tun: shows how it was opened", "[sim][tun]") {
  Fixture f;

  CHECK(f.device->name() == "quicether0");
  CHECK(f.device->mtu() == 1300);
  CHECK(f.tun.addresses().size() == 1);
  CHECK(f.a.tun("other") == nullptr);
  CHECK(f.a.open_tun({}).error() == errc::already_open);
  CHECK(f.a.open_tun({.name = "eth0"}).error() == errc::already_open);
  CHECK(f.a.open_tun({.name = ""}).error() == errc::invalid_argument);
  CHECK(f.a.open_tun({.name = "sixteen_letters_"}).error() == errc::invalid_argument);
  CHECK(f.a.open_tun({.name = "t", .mtu = 1279}).error() == errc::invalid_argument);
  CHECK(f.a.open_tun({.name = "t", .mtu = 65536}).error() == errc::invalid_argument);
  CHECK(f.b.open_tun({}).has_value());
}

TEST_CASE("tun: packets of the host reach the reader in order", "[sim][tun]") {
  Fixture f;
  int readable = 0;
  f.device->wait_readable([&](error_code code) { readable += code ? 100 : 1; });

  for (std::size_t size = 20; size < 30; ++size) {
    CHECK(f.tun.inject(packet_v4(size)));
  }
  CHECK(readable == 0);
  f.simulation.run_for(0s);
  CHECK(readable == 1);

  const auto packets = f.read_all();
  REQUIRE(packets.size() == 10);
  CHECK(packets[0].size() == 20);
  CHECK(packets[9].size() == 29);
  CHECK(f.device->stats().packets_read == 10);
  CHECK(f.device->stats().bytes_read == 245);
}

TEST_CASE("tun: the host cannot send what is too large or one too many", "[sim][tun]") {
  Fixture f;

  CHECK(f.tun.inject(packet_v4(1300)));
  CHECK_FALSE(f.tun.inject(packet_v4(1301)));
  for (std::size_t i = 1; i < Tun::kQueuePackets; ++i) {
    CHECK(f.tun.inject(packet_v4(20)));
  }
  CHECK_FALSE(f.tun.inject(packet_v4(20)));
}

TEST_CASE("tun: written packets reach the host, bad ones are counted", "[sim][tun]") {
  Fixture f;

  f.write(packet_v4(1300));
  f.write(packet_v4(1301));
  f.write(ByteVector{});
  f.write(ByteVector(20));  // version 0
  ByteVector v6(40);
  v6[0] = 0x60;
  f.write(v6);

  CHECK(f.device->stats().packets_written == 2);
  CHECK(f.device->stats().bytes_written == 1340);
  CHECK(f.device->stats().write_errors == 3);
  const auto written = f.tun.take_written();
  REQUIRE(written.size() == 2);
  CHECK(written[0] == packet_v4(1300));
  CHECK(written[1] == v6);
  CHECK(f.tun.take_written().empty());
}

TEST_CASE("tun: a receiver sees written packets at once and may answer", "[sim][tun]") {
  Fixture f;
  f.tun.on_written([&](quicether::ConstBytes packet) { CHECK(f.tun.inject(packet)); });

  f.write(packet_v4(33));

  CHECK(f.tun.take_written().empty());
  CHECK(f.read_all().at(0).size() == 33);
  f.tun.on_written(nullptr);
  f.write(packet_v4(34));
  CHECK(f.tun.take_written().size() == 1);
}

TEST_CASE("tun: routes and MTU are set as asked", "[sim][tun]") {
  Fixture f;
  const Prefix lan = Prefix::parse("10.0.0.0/8").value();

  CHECK(f.device->add_route(lan).has_value());
  CHECK(f.device->add_route(lan).has_value());
  CHECK(f.tun.routes() == std::set<Prefix>{lan});
  CHECK(f.device->remove_route(lan).has_value());
  CHECK(f.device->remove_route(lan).has_value());
  CHECK(f.tun.routes().empty());

  CHECK(f.device->set_mtu(1279).error() == errc::invalid_argument);
  CHECK(f.device->set_mtu(1280).has_value());
  CHECK(f.device->mtu() == 1280);
}

TEST_CASE("tun: closed, the interface is gone and the wait is cancelled", "[sim][tun]") {
  Fixture f;
  std::vector<error_code> codes;
  const auto note = [&](error_code code) { codes.push_back(code); };
  f.device->wait_readable(note);

  f.device->close();
  f.device->close();
  f.device->wait_readable(note);
  f.simulation.run_for(0s);

  CHECK(codes == std::vector<error_code>(2, errc::cancelled));
  CHECK(f.a.tun() == nullptr);
  CHECK_FALSE(f.tun.inject(packet_v4(20)));
  CHECK(f.device->add_route(Prefix{}).error() == errc::io_failure);
  CHECK(f.a.open_tun({}).has_value());
}

TEST_CASE("tun: a kill removes interface and routes without a word", "[sim][tun]") {
  Fixture f;
  std::vector<error_code> codes;
  REQUIRE(f.device->add_route(Prefix{}).has_value());
  f.device->wait_readable([&](error_code code) { codes.push_back(code); });

  f.a.kill();
  f.simulation.run_for(1s);
  CHECK(codes.empty());
  CHECK(f.a.tun() == nullptr);
  CHECK(f.tun.routes().empty());
  f.write(packet_v4(20));
  CHECK(f.tun.take_written().empty());

  f.a.restart();
  const auto again = f.a.open_tun({}).value();
  f.device.reset();
  f.simulation.run_for(0s);
  CHECK(codes == std::vector<error_code>{errc::cancelled});
  CHECK(f.a.tun() == again.get());
}

TEST_CASE("tun: packets that come in a pause are there after it", "[sim][tun]") {
  Fixture f;
  int readable = 0;
  f.device->wait_readable([&](error_code code) { readable += code ? 100 : 1; });

  f.a.pause();
  CHECK(f.tun.inject(packet_v4(20)));
  f.simulation.run_for(1s);
  CHECK(readable == 0);
  f.a.resume();
  f.simulation.run_for(0s);

  CHECK(readable == 1);
  CHECK(f.read_all().size() == 1);
}
