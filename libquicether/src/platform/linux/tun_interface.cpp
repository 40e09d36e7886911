#include "platform/linux/tun_interface.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace quicether::linux_platform {

namespace {

// IPv6 needs 1280 bytes (RFC 8200 section 5); an IP packet has at most 65535.
constexpr std::uint32_t kMtuMin = 1280;
constexpr std::uint32_t kMtuMax = 65535;

error_code failed(std::string_view step,
                  const error_code& error,
                  const std::string& name,
                  EventSink& events) {
  events.on_event(
      {.target = "tun.open_failed",
       .severity = Severity::error,
       .fields = {{"interface", name}, {"step", std::string{step}}, {"reason", error.message()}}});
  return error;
}

}  // namespace

result<std::unique_ptr<TunInterface>> TunInterface::open(
    const boost::asio::any_io_executor& executor,
    const TunOptions& options,
    bool offload,
    EventSink& events) {
  auto opened = open_tun_descriptor(options.name, options.shard, offload, events);
  if (opened.has_error()) {
    return opened.error();
  }
  auto interface = NetworkInterface::open(opened->name, events);
  if (interface.has_error()) {
    return failed("rtnetlink", interface.error(), options.name, events);
  }
  WatchedDescriptor descriptor{executor};
  if (auto assigned = descriptor.assign(std::move(opened->fd)); assigned.has_error()) {
    return failed("event loop", assigned.error(), options.name, events);
  }
  std::unique_ptr<TunInterface> tun{
      new TunInterface{std::move(descriptor), *opened, std::move(*interface), events}};
  if (auto ready = tun->set_up(options); ready.has_error()) {
    return ready.error();
  }
  return tun;
}

TunInterface::TunInterface(WatchedDescriptor descriptor,
                           const OpenedTun& opened,
                           NetworkInterface interface,
                           EventSink& events)
    : descriptor_{std::move(descriptor)},
      name_{opened.name},
      offload_{opened.tcp_offload},
      interface_{std::move(interface)},
      events_{events},
      reader_{descriptor_.get()},
      writer_{descriptor_.get(), {.tcp = opened.tcp_offload, .udp = opened.udp_offload}} {}

result<void> TunInterface::set_up(const TunOptions& options) {
  if (options.shard.index != 0) {
    mtu_ = options.mtu;
    return {};
  }
  if (auto done = interface_.prepare(wire::kSegmentsMax); done.has_error()) {
    return done;
  }
  if (auto done = set_mtu(options.mtu); done.has_error()) {
    return failed(fmt::format("mtu {}", options.mtu), done.error(), name_, events_);
  }
  for (const InterfaceAddress& address : options.addresses) {
    if (auto done = interface_.add_address(address); done.has_error()) {
      return done;
    }
  }
  return interface_.bring_up();
}

void TunInterface::wait_readable(WaitHandler handler) {
  descriptor_.wait_readable(std::move(handler));
}

std::size_t TunInterface::read(std::span<wire::IpPacket> packets) noexcept {
  if (!descriptor_.is_open()) {
    return 0;
  }
  const std::size_t filled = reader_.read(packets, mtu_);
  if (reader_.is_gone()) {
    // The descriptor of a removed interface is readable for ever, and never gives anything.
    events_.on_event(
        {.target = "tun.lost", .severity = Severity::error, .fields = {{"interface", name_}}});
    descriptor_.close(errc::not_open);
  }
  return filled;
}

void TunInterface::write(std::span<const wire::IpPacket> packets) noexcept {
  if (descriptor_.is_open()) {
    writer_.write(packets);
  }
}

result<void> TunInterface::add_route(const Prefix& destination) {
  if (!descriptor_.is_open()) {
    return errc::not_open;
  }
  return interface_.add_route(destination);
}

result<void> TunInterface::remove_route(const Prefix& destination) {
  if (!descriptor_.is_open()) {
    return {};  // it went with the interface
  }
  return interface_.remove_route(destination);
}

result<void> TunInterface::set_mtu(std::uint32_t mtu) {
  if (mtu < kMtuMin || mtu > kMtuMax) {
    return errc::invalid_argument;
  }
  if (!descriptor_.is_open()) {
    return errc::not_open;
  }
  if (auto done = interface_.set_mtu(mtu); done.has_error()) {
    return done;
  }
  mtu_ = mtu;
  return {};
}

void TunInterface::close() noexcept {
  descriptor_.close();
}

TunStats TunInterface::stats() const noexcept {
  return {.packets_read = reader_.stats().packets,
          .packets_written = writer_.stats().packets,
          .bytes_read = reader_.stats().bytes,
          .bytes_written = writer_.stats().bytes,
          .read_errors = reader_.stats().errors,
          .write_errors = writer_.stats().errors,
          .offload = offload_};
}

}  // namespace quicether::linux_platform
