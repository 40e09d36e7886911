#ifndef QUICETHER_SRC_SHELL_PACKET_EXCHANGE_IMPL_HPP
#define QUICETHER_SRC_SHELL_PACKET_EXCHANGE_IMPL_HPP

#include "packet_ring.hpp"

#include <quicether/packet_exchange.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <vector>

namespace quicether {

namespace detail {

/// Hears that packets lie ready for its shard, on that shard's thread.
class ParcelListener {
 public:
  ParcelListener() = default;
  ParcelListener(const ParcelListener&) = delete;
  ParcelListener& operator=(const ParcelListener&) = delete;
  virtual ~ParcelListener() = default;

  virtual void on_parcels() = 0;
};

}  // namespace detail

/// A PacketRing for each ordered pair of shards, and a bell for each shard.
class PacketExchange::Impl {
 public:
  explicit Impl(std::size_t shards);

  /// Before any packet moves.
  void listen(std::size_t shard,
              boost::asio::any_io_executor executor,
              std::weak_ptr<detail::ParcelListener> listener);

  /// The packets from one shard to another. `from` != `to`.
  [[nodiscard]] detail::PacketRing& ring(std::size_t from, std::size_t to) noexcept {
    return *rings_[from * bells_.size() + to];
  }

  /// Calls the shard's listener soon, once for many calls.
  void wake(std::size_t shard);

  /// What on_parcels() does before it looks: packets pushed later wake it again.
  void awake(std::size_t shard) noexcept {
    bells_[shard].rung.exchange(false, std::memory_order_acq_rel);
  }

 private:
  struct Bell {
    std::atomic<bool> rung{false};
    boost::asio::any_io_executor executor{};
    std::weak_ptr<detail::ParcelListener> listener{};
  };

  std::vector<Bell> bells_;
  std::vector<std::unique_ptr<detail::PacketRing>> rings_{};
};

}  // namespace quicether

#endif  // QUICETHER_SRC_SHELL_PACKET_EXCHANGE_IMPL_HPP
