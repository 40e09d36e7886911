#include "platform/linux/clock.hpp"
#include "platform/linux/timer_queue.hpp"
#include "platform/linux/tun_interface.hpp"
#include "platform/linux/udp_socket.hpp"

#include <quicether/core/crypto/system_random.hpp>
#include <quicether/system_environment.hpp>

#include <functional>
#include <map>
#include <utility>

namespace quicether {

namespace linux_platform {

namespace {

/// Stands in when the embedder keeps no state.
class VolatileStore final : public Store {
 public:
  [[nodiscard]] result<ByteVector> load(std::string_view name) override {
    const auto found = values_.find(name);
    return found == values_.end() ? result<ByteVector>{errc::not_found} : found->second;
  }

  [[nodiscard]] result<void> save(std::string_view name, ConstBytes value) override {
    values_.insert_or_assign(std::string{name}, ByteVector{value.begin(), value.end()});
    return {};
  }

  [[nodiscard]] result<void> remove(std::string_view name) override {
    values_.erase(std::string{name});
    return {};
  }

 private:
  std::map<std::string, ByteVector, std::less<>> values_{};
};

class NoEvents final : public EventSink {
 public:
  void on_event(const Event& /*event*/) override {}
};

class SystemEnvironment final : public Environment {
 public:
  SystemEnvironment(const boost::asio::any_io_executor& executor, SystemOptions options)
      : executor_{executor},
        timers_{executor},
        store_{options.store != nullptr ? std::move(options.store)
                                        : std::make_unique<VolatileStore>()},
        events_{options.events != nullptr ? *options.events : no_events_},
        offload_{options.segmentation_offload} {}

  [[nodiscard]] boost::asio::any_io_executor get_executor() noexcept override { return executor_; }

  [[nodiscard]] Instant now() const noexcept override { return boot_time(); }

  [[nodiscard]] UnixSeconds unix_time() const noexcept override { return wall_time(); }

  [[nodiscard]] Random& random() noexcept override { return random_; }

  [[nodiscard]] Store& store() noexcept override { return *store_; }

  [[nodiscard]] EventSink& events() noexcept override { return events_; }

  [[nodiscard]] std::unique_ptr<Timer> make_timer() override {
    return std::make_unique<SystemTimer>(timers_);
  }

  [[nodiscard]] result<std::unique_ptr<DatagramSocket>> open_datagram_socket(
      const DatagramSocketOptions& options) override {
    return UdpSocket::open(executor_, options, offload_, events_);
  }

  [[nodiscard]] result<std::unique_ptr<TunDevice>> open_tun(const TunOptions& options) override {
    return TunInterface::open(executor_, options, offload_, events_);
  }

 private:
  boost::asio::any_io_executor executor_;
  TimerQueue timers_;
  crypto::SystemRandom random_{};
  NoEvents no_events_{};
  std::unique_ptr<Store> store_;
  EventSink& events_;
  bool offload_;
};

}  // namespace

}  // namespace linux_platform

std::unique_ptr<Environment> system_environment(const boost::asio::any_io_executor& executor,
                                                SystemOptions options) {
  return std::make_unique<linux_platform::SystemEnvironment>(executor, std::move(options));
}

}  // namespace quicether
