#ifndef QUICETHER_SRC_CORE_QUIC_NATIVE_TIME_HPP
#define QUICETHER_SRC_CORE_QUIC_NATIVE_TIME_HPP

#include <quicether/base/time.hpp>

#include <ngtcp2/ngtcp2.h>

namespace quicether::quic {

/// ngtcp2 counts nanoseconds too, without a sign; its "never" is the largest number.
[[nodiscard]] inline ngtcp2_tstamp to_native(Instant instant) noexcept {
  return static_cast<ngtcp2_tstamp>(instant.since_start().count());
}

[[nodiscard]] inline ngtcp2_duration to_native(Duration duration) noexcept {
  return static_cast<ngtcp2_duration>(duration.count());
}

[[nodiscard]] inline Instant from_native(ngtcp2_tstamp stamp) noexcept {
  const auto most = static_cast<ngtcp2_tstamp>(Duration::max().count());
  return stamp >= most ? Instant::never() : Instant{Duration{static_cast<std::int64_t>(stamp)}};
}

[[nodiscard]] inline Duration duration_from_native(ngtcp2_duration duration) noexcept {
  const auto most = static_cast<ngtcp2_duration>(Duration::max().count());
  return duration >= most ? Duration::max() : Duration{static_cast<std::int64_t>(duration)};
}

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_NATIVE_TIME_HPP
