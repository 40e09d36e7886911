#ifndef QUICETHER_SIM_TUN_HPP
#define QUICETHER_SIM_TUN_HPP

#include <quicether/env/tun_device.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace quicether::sim {

namespace detail {
class HostState;
struct TunState;
}  // namespace detail

/// A simulated TUN interface: the library reads and writes one side as a TunDevice, the test plays
/// the host's IP stack on the other.
class Tun final : public TunDevice {
 public:
  /// Packets that may wait for read(): the kernel's default tx queue length of a TUN.
  static constexpr std::size_t kQueuePackets = 500;

  /// Host::open_tun() makes them.
  Tun(detail::HostState& host, const TunOptions& options);
  ~Tun() override;

  // The library's side.
  [[nodiscard]] const std::string& name() const noexcept override;
  [[nodiscard]] std::uint32_t mtu() const noexcept override;
  void wait_readable(WaitHandler handler) override;
  [[nodiscard]] std::size_t read(std::span<wire::IpPacket> packets) noexcept override;
  [[nodiscard]] bool drained() const noexcept override;
  void write(std::span<const wire::IpPacket> packets) noexcept override;
  [[nodiscard]] result<void> add_route(const Prefix& destination) override;
  [[nodiscard]] result<void> remove_route(const Prefix& destination) override;
  [[nodiscard]] result<void> set_mtu(std::uint32_t mtu) override;
  void close() noexcept override;
  [[nodiscard]] TunStats stats() const noexcept override;

  // The test's side.

  /// Sends an IP packet into the interface, as the host's stack does. False when it is larger than
  /// the MTU, the queue is full, or the interface is closed.
  bool inject(ConstBytes packet);

  /// Likewise a super-packet. False also when it cannot be split into packets within the MTU.
  bool inject(ConstBytes super_packet, const wire::Offload& offload);

  /// Takes the packets that the library wrote and no on_written() saw, oldest first.
  [[nodiscard]] std::vector<ByteVector> take_written();

  /// Calls `receiver` with every packet that the library writes from now on, instead of keeping
  /// it. It may inject(). Null keeps them again.
  void on_written(std::function<void(ConstBytes)> receiver);

  [[nodiscard]] const std::vector<InterfaceAddress>& addresses() const noexcept;

  [[nodiscard]] const std::set<Prefix>& routes() const noexcept;

  /// True for 1280..65535, what TunOptions and set_mtu() take.
  [[nodiscard]] static bool valid_mtu(std::uint32_t mtu) noexcept;

 private:
  void write_packet(ConstBytes packet);
  void write_super_packet(const wire::IpPacket& packet);
  bool enqueue(ConstBytes packet, const wire::Offload& offload);

  std::unique_ptr<detail::TunState> state_;
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_TUN_HPP
