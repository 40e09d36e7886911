#include "platform/linux/clock.hpp"
#include "platform/linux/host_interfaces.hpp"
#include "platform/linux/multicast_socket.hpp"
#include "platform/linux/netlink_watch.hpp"
#include "platform/linux/timer_queue.hpp"
#include "platform/linux/tun_interface.hpp"
#include "platform/linux/udp_socket.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/system_random.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

namespace quicether {

namespace linux_platform {

namespace {

/// Stands in when the embedder keeps no state.
class VolatileStore final : public Store {
 public:
  [[nodiscard]] result<ByteVector> load(std::string_view name) override {
    const std::lock_guard lock{mutex_};
    const auto found = values_.find(name);
    return found == values_.end() ? result<ByteVector>{errc::not_found} : found->second;
  }

  [[nodiscard]] result<void> save(std::string_view name, ConstBytes value) override {
    const std::lock_guard lock{mutex_};
    values_.insert_or_assign(std::string{name}, ByteVector{value.begin(), value.end()});
    return {};
  }

  [[nodiscard]] result<void> remove(std::string_view name) override {
    const std::lock_guard lock{mutex_};
    values_.erase(std::string{name});
    return {};
  }

 private:
  std::mutex mutex_{};
  std::map<std::string, ByteVector, std::less<>> values_{};
};

class NoEvents final : public EventSink {
 public:
  void on_event(const Event& /*event*/) override {}
};

/// What the objects of one thread take from the system.
class ThreadEnvironment : public Environment {
 public:
  ThreadEnvironment(const boost::asio::any_io_executor& executor,
                    Store& store,
                    EventSink& events,
                    bool offload)
      : executor_{executor}, timers_{executor}, store_{store}, events_{events}, offload_{offload} {}

  [[nodiscard]] boost::asio::any_io_executor get_executor() noexcept override { return executor_; }

  [[nodiscard]] Instant now() const noexcept override { return boot_time(); }

  [[nodiscard]] UnixSeconds unix_time() const noexcept override { return wall_time(); }

  [[nodiscard]] Random& random() noexcept override { return random_; }

  [[nodiscard]] Store& store() noexcept override { return store_; }

  [[nodiscard]] EventSink& events() noexcept override { return events_; }

  [[nodiscard]] std::unique_ptr<Timer> make_timer() override {
    return std::make_unique<SystemTimer>(timers_);
  }

  [[nodiscard]] result<std::unique_ptr<DatagramSocket>> open_datagram_socket(
      const DatagramSocketOptions& options) override {
    return UdpSocket::open(executor_, options, offload_, events_);
  }

  [[nodiscard]] result<std::unique_ptr<LanSocket>> open_lan_socket(
      const LanSocketOptions& options) override {
    return MulticastSocket::open(executor_, options);
  }

  [[nodiscard]] result<std::unique_ptr<TunDevice>> open_tun(const TunOptions& options) override {
    return TunInterface::open(executor_, options, offload_, events_);
  }

  [[nodiscard]] std::vector<HostInterface> interfaces() override { return host_interfaces(); }

  [[nodiscard]] result<std::unique_ptr<NetworkWatch>> watch_network() override {
    return NetlinkWatch::open(executor_);
  }

 private:
  boost::asio::any_io_executor executor_;
  TimerQueue timers_;
  crypto::SystemRandom random_{};
  Store& store_;
  EventSink& events_;
  bool offload_;
};

/// Carries events to another thread.
class PostedEvents final : public EventSink {
 public:
  PostedEvents(const boost::asio::any_io_executor& executor, std::shared_ptr<EventSink> sink)
      : executor_{executor}, sink_{std::move(sink)} {}

  void on_event(const Event& event) override {
    boost::asio::post(executor_, [sink = sink_, event] { sink->on_event(event); });
  }

 private:
  boost::asio::any_io_executor executor_;
  std::shared_ptr<EventSink> sink_;
};

/// A further shard: a thread that runs an event loop, and its environment.
class ShardThread {
 public:
  ShardThread(Store& store,
              const boost::asio::any_io_executor& main,
              std::shared_ptr<EventSink> sink,
              bool offload)
      : events_{main, std::move(sink)},
        environment_{io_.get_executor(), store, events_, offload},
        thread_{[this] { io_.run(); }} {}

  ShardThread(const ShardThread&) = delete;
  ShardThread& operator=(const ShardThread&) = delete;

  ~ShardThread() {
    work_.reset();
    io_.stop();
    thread_.join();
  }

  [[nodiscard]] Environment& environment() noexcept { return environment_; }

  void run(const std::function<void()>& job) {
    std::binary_semaphore done{0};
    boost::asio::post(io_, [&] {
      job();
      done.release();
    });
    done.acquire();
  }

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  PostedEvents events_;
  ThreadEnvironment environment_;
  std::thread thread_;
};

/// What outlives the ThreadEnvironment that refers to it.
struct Resources {
  explicit Resources(SystemOptions options)
      : store{options.store != nullptr ? std::move(options.store)
                                       : std::make_unique<VolatileStore>()} {
    if (options.events != nullptr) {
      events = {options.events, [](EventSink*) {}};  // the embedder's own
    }
  }

  std::unique_ptr<Store> store;
  std::shared_ptr<EventSink> events = std::make_shared<NoEvents>();
};

class SystemEnvironment final : private Resources, public ThreadEnvironment {
 public:
  SystemEnvironment(const boost::asio::any_io_executor& executor,
                    std::size_t shards,
                    bool offload,
                    SystemOptions options)
      : Resources{std::move(options)},
        ThreadEnvironment{executor, *Resources::store, *Resources::events, offload} {
    while (1 + threads_.size() < shards) {
      threads_.push_back(
          std::make_unique<ShardThread>(*Resources::store, executor, Resources::events, offload));
    }
  }

  [[nodiscard]] std::size_t shard_count() const noexcept override { return 1 + threads_.size(); }

  [[nodiscard]] Environment& shard(std::size_t index) noexcept override {
    return index == 0 ? *this : threads_[index - 1]->environment();
  }

  void run_on_shard(std::size_t index, const std::function<void()>& job) override {
    if (index == 0) {
      job();
    } else {
      threads_[index - 1]->run(job);
    }
  }

 private:
  std::vector<std::unique_ptr<ShardThread>> threads_{};
};

}  // namespace

}  // namespace linux_platform

std::unique_ptr<Environment> system_environment(const boost::asio::any_io_executor& executor,
                                                SystemOptions options) {
  QE_ASSERT(options.shards >= 1 && options.shards <= kShardsMax);
  const auto shards = options.shards;
  const bool offload = options.segmentation_offload;
  return std::make_unique<linux_platform::SystemEnvironment>(
      executor, shards, offload, std::move(options));
}

}  // namespace quicether
