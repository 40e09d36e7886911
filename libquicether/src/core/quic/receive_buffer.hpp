#ifndef QUICETHER_SRC_CORE_QUIC_RECEIVE_BUFFER_HPP
#define QUICETHER_SRC_CORE_QUIC_RECEIVE_BUFFER_HPP

#include <quicether/core/quic/endpoint.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace quicether::quic {

/// DATAGRAM payloads that wait for the driver: a fixed buffer, nothing is allocated per payload.
class ReceiveBuffer {
 public:
  /// Four trains; the driver is asked to empty it after each.
  static constexpr std::size_t kBytes = std::size_t{256} << 10U;

  /// Empty payloads take no bytes, so their number is bounded too.
  static constexpr std::size_t kPayloadsMax = 4096;

  ReceiveBuffer() : bytes_{std::make_unique_for_overwrite<std::uint8_t[]>(kBytes)} {
    payloads_.reserve(kPayloadsMax);
  }

  /// Copies a payload in; false when it does not fit.
  [[nodiscard]] bool put(ConnectionHandle connection, ConstBytes payload) noexcept {
    if (payloads_.size() == kPayloadsMax || payload.size() > kBytes - used_) {
      return false;
    }
    const Bytes copy{bytes_.get() + used_, payload.size()};
    copy_bytes(payload, copy);
    payloads_.push_back({connection, copy});
    used_ += payload.size();
    return true;
  }

  [[nodiscard]] std::span<const ReceivedDatagram> payloads() const noexcept { return payloads_; }

  void clear() noexcept {
    payloads_.clear();
    used_ = 0;
  }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::vector<ReceivedDatagram> payloads_{};
  std::size_t used_ = 0;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_RECEIVE_BUFFER_HPP
