#include "core/quic/mtu_watch.hpp"

#include <algorithm>

namespace quicether::quic {
namespace {

// As in ngtcp2: NGTCP2_PMTUD_PROBE_NUM_MAX, and three probe timeouts after the last one.
constexpr std::uint8_t kProbesPerSize = 3;
constexpr int kTimeoutsAfterLast = 3;

}  // namespace

MtuWatch::MtuWatch(std::span<const std::uint16_t> sizes) {
  probes_.reserve(sizes.size());
  for (const auto bytes : sizes) {
    probes_.push_back({bytes, 0, Instant::never()});
  }
}

void MtuWatch::on_sent(Instant now,
                       std::size_t packet_bytes,
                       std::size_t path_bytes,
                       Duration pto) noexcept {
  if (packet_bytes <= path_bytes) {
    return;
  }
  for (auto& probe : probes_) {
    if (probe.bytes == packet_bytes && probe.sent < kProbesPerSize) {
      ++probe.sent;
      if (probe.sent == kProbesPerSize) {
        probe.given_up = now + kTimeoutsAfterLast * pto;
      }
    }
  }
}

void MtuWatch::restart() noexcept {
  for (auto& probe : probes_) {
    probe.sent = 0;
    probe.given_up = Instant::never();
  }
}

bool MtuWatch::settled(Instant now,
                       std::size_t path_bytes,
                       std::uint64_t peer_bytes) const noexcept {
  std::size_t failed = SIZE_MAX;  // the smallest size that was given up
  for (const auto& probe : probes_) {
    if (probe.given_up <= now && probe.bytes > path_bytes) {
      failed = std::min<std::size_t>(failed, probe.bytes);
    }
  }
  return std::ranges::none_of(probes_, [&](const Probe& probe) {
    return probe.bytes > path_bytes && probe.bytes <= peer_bytes && probe.bytes < failed;
  });
}

}  // namespace quicether::quic
