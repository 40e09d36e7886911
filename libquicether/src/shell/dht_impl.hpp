#ifndef QUICETHER_SRC_SHELL_DHT_IMPL_HPP
#define QUICETHER_SRC_SHELL_DHT_IMPL_HPP

#include "dht_crypto.hpp"
#include "waiter.hpp"

#include <quicether/dht.hpp>
#include <quicether/transport.hpp>

#include <array>
#include <list>
#include <map>
#include <memory>

namespace quicether {

/// Drives one dht::Node with one timer and a UDP port, its own or a Transport's.
class Dht::Impl final : public DhtDatagramSink, public std::enable_shared_from_this<Dht::Impl> {
 public:
  Impl(Environment& environment, Transport* transport, DhtConfig config);

  [[nodiscard]] result<void> open();
  void close() noexcept;

  [[nodiscard]] bool is_open() const noexcept { return open_; }

  [[nodiscard]] SocketAddress local_endpoint() const noexcept;

  void set_observer(DhtObserver* observer) noexcept { observer_ = observer; }

  void add_bootstrap(const std::vector<SocketAddress>& addresses);
  void start(const Request& request, Handler handler);
  void join(JoinHandler handler);
  [[nodiscard]] result<void> publish(dht::Item item);

  [[nodiscard]] dht::Node& node() noexcept { return *node_; }

  [[nodiscard]] Environment& environment() noexcept { return environment_; }

  void on_dht_datagram(const SocketAddress& from, ConstBytes datagram) override;

 private:
  [[nodiscard]] result<SocketAddress> take_port();
  [[nodiscard]] result<dht::OperationId> begin(const Request& request);
  void wait_readable();
  void on_readable();
  void run_turn();
  void transmit();
  void drain_events();
  void handle(dht::OperationDone done);
  void handle(const dht::ExternalAddress& external);
  void handle(const dht::Joined& joined);
  void handle(const dht::ModeChanged& changed);
  void tell_own_addresses();
  [[nodiscard]] result<IpAddress> source_address(const SocketAddress& remote) const;
  void arm_timer();
  void arm_cache_timer();
  void load_cache();
  void save_cache() noexcept;

  Environment& environment_;
  Transport* transport_;
  DhtConfig config_;
  detail::DhtCrypto crypto_{};
  std::unique_ptr<dht::Node> node_;
  std::unique_ptr<DatagramSocket> socket_{};
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Timer> cache_timer_;
  std::array<ReceivedTrain, 16> trains_{};
  Instant armed_ = Instant::never();
  bool open_ = false;
  bool joined_ = false;
  DhtObserver* observer_ = nullptr;
  std::map<dht::OperationId, detail::Waiter<dht::OperationDone>> operations_{};
  std::list<detail::Waiter<>> joiners_{};
};

}  // namespace quicether

#endif  // QUICETHER_SRC_SHELL_DHT_IMPL_HPP
