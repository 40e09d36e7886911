#include "core/quic/datagram_queue.hpp"

#include <quicether/base/assert.hpp>

#include <algorithm>
#include <span>

namespace quicether::quic {

DatagramQueue::DatagramQueue(BlockPool& pool, std::size_t bytes_max)
    : pool_{pool}, bytes_max_{bytes_max} {}

DatagramQueue::~DatagramQueue() {
  while (count_ != 0) {
    release_front();
  }
}

bool DatagramQueue::push(const OutgoingDatagram& datagram) {
  const auto payload_bytes = datagram.header.size() + datagram.body.size();
  const auto record_bytes = kLengthBytes + payload_bytes;
  if (payload_bytes > kPayloadMax || used_ + record_bytes > bytes_max_ ||
      !open_block(record_bytes)) {
    return false;
  }
  const Bytes out = Bytes{block(count_ - 1)}.subspan(write_at_, record_bytes);
  store_be<std::uint16_t>(out, static_cast<std::uint16_t>(payload_bytes));
  const auto end = std::ranges::copy(datagram.header, out.begin() + kLengthBytes).out;
  std::ranges::copy(datagram.body, end);
  write_at_ += record_bytes;
  used_ += record_bytes;
  ++records_;
  return true;
}

// Makes sure that the last block has room for a record.
bool DatagramQueue::open_block(std::size_t record_bytes) {
  if (count_ != 0 && write_at_ + record_bytes <= kBlockBytes) {
    return true;
  }
  if (ring_.empty()) {
    // Records may fill as little as half of a block.
    ring_.resize(2 * (bytes_max_ / kBlockBytes) + 2);
  }
  if (count_ == ring_.size()) {
    return false;
  }
  if (count_ != 0 && write_at_ + kLengthBytes <= kBlockBytes) {
    store_be<std::uint16_t>(Bytes{block(count_ - 1)}.subspan(write_at_, kLengthBytes), kEndOfBlock);
  }
  ring_[(head_ + count_) % ring_.size()] = pool_.take();
  ++count_;
  write_at_ = 0;
  return true;
}

ConstBytes DatagramQueue::front() const noexcept {
  QE_DASSERT(!empty());
  const ConstBytes record = ConstBytes{block(0)}.subspan(read_at_);
  return record.subspan(kLengthBytes, load_be<std::uint16_t>(record));
}

void DatagramQueue::pop() noexcept {
  const auto record_bytes = kLengthBytes + front().size();
  read_at_ += record_bytes;
  used_ -= record_bytes;
  --records_;
  if (records_ == 0) {
    while (count_ != 0) {
      release_front();
    }
    return;
  }
  if (count_ == 1) {
    return;
  }
  const bool at_end = read_at_ + kLengthBytes > kBlockBytes ||
                      load_be<std::uint16_t>(ConstBytes{block(0)}.subspan(read_at_)) == kEndOfBlock;
  if (at_end) {
    release_front();
  }
}

void DatagramQueue::release_front() noexcept {
  pool_.give(std::move(ring_[head_]));
  head_ = (head_ + 1) % ring_.size();
  --count_;
  read_at_ = 0;
}

}  // namespace quicether::quic
