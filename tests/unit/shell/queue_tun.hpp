#ifndef QUICETHER_TESTS_UNIT_SHELL_QUEUE_TUN_HPP
#define QUICETHER_TESTS_UNIT_SHELL_QUEUE_TUN_HPP

#include <quicether/env/environment.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace quicether::test {

/// One queue of a TUN that is no system's. All calls on its shard's thread.
class QueueTun final : public TunDevice {
 public:
  /// What was written, and is to be read: outlives the device.
  struct Packets {
    std::deque<ByteVector> to_read{};
    std::vector<ByteVector> written{};
    QueueTun* tun = nullptr;
  };

  QueueTun(boost::asio::any_io_executor executor, const TunOptions& options, Packets& packets)
      : executor_{std::move(executor)}, options_{options}, packets_{packets} {
    packets_.tun = this;
  }

  ~QueueTun() override { packets_.tun = nullptr; }

  /// The system has another packet for this queue.
  static void put(Packets& packets, ByteVector packet) {
    packets.to_read.push_back(std::move(packet));
    if (packets.tun != nullptr) {
      packets.tun->notify();
    }
  }

  [[nodiscard]] const std::string& name() const noexcept override { return options_.name; }

  [[nodiscard]] std::uint32_t mtu() const noexcept override { return options_.mtu; }

  void wait_readable(WaitHandler handler) override {
    waiting_ = std::move(handler);
    notify();
  }

  [[nodiscard]] std::size_t read(std::span<wire::IpPacket> packets) noexcept override {
    reading_.clear();
    while (reading_.size() < packets.size() && !packets_.to_read.empty()) {
      reading_.push_back(std::move(packets_.to_read.front()));
      packets_.to_read.pop_front();
    }
    std::ranges::transform(
        reading_, packets.begin(), [](ByteVector& bytes) { return wire::IpPacket{bytes, {}}; });
    return reading_.size();
  }

  [[nodiscard]] bool drained() const noexcept override { return packets_.to_read.empty(); }

  void write(std::span<const wire::IpPacket> packets) noexcept override {
    for (const auto& packet : packets) {
      packets_.written.emplace_back(packet.bytes.begin(), packet.bytes.end());
    }
  }

  [[nodiscard]] result<void> add_route(const Prefix&) override { return {}; }

  [[nodiscard]] result<void> remove_route(const Prefix&) override { return {}; }

  [[nodiscard]] result<void> set_mtu(std::uint32_t) override { return errc::unsupported; }

  void close() noexcept override { complete(errc::cancelled); }

  [[nodiscard]] TunStats stats() const noexcept override { return {}; }

 private:
  void notify() {
    if (!packets_.to_read.empty()) {
      complete({});
    }
  }

  void complete(error_code error) {
    if (waiting_) {
      boost::asio::post(executor_,
                        boost::asio::append(std::exchange(waiting_, WaitHandler{}), error));
    }
  }

  boost::asio::any_io_executor executor_;
  TunOptions options_;
  Packets& packets_;
  WaitHandler waiting_{};
  std::vector<ByteVector> reading_{};
};

/// Another Environment, except for the TUN.
class QueueTunEnvironment final : public Environment {
 public:
  explicit QueueTunEnvironment(Environment& inner) : inner_{inner} {
    for (std::size_t index = 1; index < inner.shard_count(); ++index) {
      others_.push_back(std::make_unique<QueueTunEnvironment>(inner.shard(index)));
    }
  }

  /// The packets of a shard's queue, for a job of run_on_shard().
  [[nodiscard]] QueueTun::Packets& packets(std::size_t index) {
    return index == 0 ? packets_ : others_[index - 1]->packets_;
  }

  [[nodiscard]] boost::asio::any_io_executor get_executor() noexcept override {
    return inner_.get_executor();
  }

  [[nodiscard]] Instant now() const noexcept override { return inner_.now(); }

  [[nodiscard]] UnixSeconds unix_time() const noexcept override { return inner_.unix_time(); }

  [[nodiscard]] Random& random() noexcept override { return inner_.random(); }

  [[nodiscard]] Store& store() noexcept override { return inner_.store(); }

  [[nodiscard]] EventSink& events() noexcept override { return inner_.events(); }

  [[nodiscard]] std::unique_ptr<Timer> make_timer() override { return inner_.make_timer(); }

  [[nodiscard]] result<std::unique_ptr<DatagramSocket>> open_datagram_socket(
      const DatagramSocketOptions& options) override {
    return inner_.open_datagram_socket(options);
  }

  [[nodiscard]] result<std::unique_ptr<LanSocket>> open_lan_socket(
      const LanSocketOptions& options) override {
    return inner_.open_lan_socket(options);
  }

  [[nodiscard]] result<std::unique_ptr<TunDevice>> open_tun(const TunOptions& options) override {
    return std::unique_ptr<TunDevice>{
        std::make_unique<QueueTun>(get_executor(), options, packets_)};
  }

  [[nodiscard]] std::vector<HostInterface> interfaces() override { return inner_.interfaces(); }

  [[nodiscard]] result<std::unique_ptr<NetworkWatch>> watch_network() override {
    return inner_.watch_network();
  }

  [[nodiscard]] std::size_t shard_count() const noexcept override { return inner_.shard_count(); }

  [[nodiscard]] Environment& shard(std::size_t index) noexcept override {
    return index == 0 ? static_cast<Environment&>(*this) : *others_[index - 1];
  }

  void run_on_shard(std::size_t index, const std::function<void()>& job) override {
    inner_.run_on_shard(index, job);
  }

 private:
  Environment& inner_;
  QueueTun::Packets packets_{};
  std::vector<std::unique_ptr<QueueTunEnvironment>> others_{};
};

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_SHELL_QUEUE_TUN_HPP
