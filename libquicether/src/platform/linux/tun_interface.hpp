#ifndef QUICETHER_SRC_PLATFORM_LINUX_TUN_INTERFACE_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_TUN_INTERFACE_HPP

#include "platform/linux/network_interface.hpp"
#include "platform/linux/tun_open.hpp"
#include "platform/linux/tun_reader.hpp"
#include "platform/linux/tun_writer.hpp"
#include "platform/linux/watched_descriptor.hpp"

#include <quicether/base/event.hpp>
#include <quicether/env/tun_device.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace quicether::linux_platform {

/// The kernel's TUN device, with super-packets where they work.
class TunInterface final : public TunDevice {
 public:
  /// Creates the interface, sets it up as Environment::open_tun() says, and brings it up. `events`
  /// must outlive it. `offload` as in open_tun_descriptor(); errors of both.
  [[nodiscard]] static result<std::unique_ptr<TunInterface>> open(
      const boost::asio::any_io_executor& executor,
      const TunOptions& options,
      bool offload,
      EventSink& events);

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

  [[nodiscard]] std::uint32_t mtu() const noexcept override { return mtu_; }

  void wait_readable(WaitHandler handler) override;
  [[nodiscard]] std::size_t read(std::span<wire::IpPacket> packets) noexcept override;

  [[nodiscard]] bool drained() const noexcept override { return reader_.drained(); }

  void write(std::span<const wire::IpPacket> packets) noexcept override;
  [[nodiscard]] result<void> add_route(const Prefix& destination) override;
  [[nodiscard]] result<void> remove_route(const Prefix& destination) override;
  [[nodiscard]] result<void> set_mtu(std::uint32_t mtu) override;
  void close() noexcept override;
  [[nodiscard]] TunStats stats() const noexcept override;

 private:
  TunInterface(WatchedDescriptor descriptor,
               const OpenedTun& opened,
               NetworkInterface interface,
               EventSink& events);

  [[nodiscard]] result<void> set_up(const TunOptions& options);

  WatchedDescriptor descriptor_;
  std::string name_;
  std::uint32_t mtu_ = 0;
  bool offload_;
  NetworkInterface interface_;
  EventSink& events_;
  TunReader reader_;
  TunWriter writer_;
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_TUN_INTERFACE_HPP
