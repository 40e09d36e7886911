#ifndef QUICETHER_SRC_CORE_QUIC_CLOSE_REASON_HPP
#define QUICETHER_SRC_CORE_QUIC_CLOSE_REASON_HPP

#include <quicether/base/error.hpp>
#include <quicether/core/crypto/tls.hpp>

#include <ngtcp2/ngtcp2.h>

#include <cstdint>
#include <string>

namespace quicether::quic {

/// Why a connection ended, as told to the driver.
struct CloseReason {
  errc code = errc::protocol_error;
  std::uint64_t application_code = 0;
  std::string detail{};
};

/// What a CONNECTION_CLOSE of the peer means to this side.
[[nodiscard]] CloseReason reason_of_peer(const ngtcp2_ccerr& error);

/// What an error of ngtcp2 means. `handshake_completed` tells a lost peer from one never reached.
[[nodiscard]] CloseReason reason_of_library(int error, bool handshake_completed);

/// What a failure of TLS on this side means. `alert`: the one being sent, 0 when there is none.
[[nodiscard]] CloseReason reason_of_tls(const crypto::TlsFailure& failure, std::uint8_t alert);

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_CLOSE_REASON_HPP
