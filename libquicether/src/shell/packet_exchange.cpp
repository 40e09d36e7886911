#include "packet_exchange_impl.hpp"

#include <quicether/base/assert.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace quicether {

namespace {

/// Room for 16 super-packets: a burst waits while a thread is busy, longer queues only add delay.
constexpr std::size_t kRingBytes = 1U << 20U;

}  // namespace

PacketExchange::Impl::Impl(std::size_t shards) : bells_(shards) {
  QE_ASSERT(shards >= 1 && shards <= kShardsMax);
  for (std::size_t pair = 0; pair < shards * shards; ++pair) {
    const bool with_itself = pair / shards == pair % shards;
    rings_.push_back(with_itself ? nullptr : std::make_unique<detail::PacketRing>(kRingBytes));
  }
}

void PacketExchange::Impl::listen(std::size_t shard,
                                  boost::asio::any_io_executor executor,
                                  std::weak_ptr<detail::ParcelListener> listener) {
  bells_[shard].executor = std::move(executor);
  bells_[shard].listener = std::move(listener);
}

void PacketExchange::Impl::wake(std::size_t shard) {
  auto& bell = bells_[shard];
  if (!bell.rung.exchange(true, std::memory_order_acq_rel)) {
    boost::asio::post(bell.executor, [weak = bell.listener] {
      if (const auto listener = weak.lock()) {
        listener->on_parcels();
      }
    });
  }
}

PacketExchange::PacketExchange(std::size_t shards) : impl_{std::make_unique<Impl>(shards)} {}

PacketExchange::~PacketExchange() = default;

}  // namespace quicether
