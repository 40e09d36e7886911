#include "core/quic/close_reason.hpp"

#include <quicether/base/bytes.hpp>

#include <string_view>

namespace quicether::quic {
namespace {

// Transport errors 0x100..0x1ff carry a TLS alert (RFC 9001 section 4.8).
constexpr std::uint64_t kCryptoError = 0x100;
constexpr std::uint64_t kAlertMask = 0xff;

std::string with_detail(std::string_view what, std::string_view detail) {
  std::string text{what};
  if (!detail.empty()) {
    text += ": ";
    text += detail;
  }
  return text;
}

CloseReason reason_of_transport(std::uint64_t code, std::string_view phrase) {
  if (code >= kCryptoError && code <= kCryptoError + kAlertMask) {
    const auto alert = static_cast<std::uint8_t>(code & kAlertMask);
    return {crypto::alert_errc(alert),
            0,
            with_detail("the peer sent the TLS alert " + std::string{crypto::alert_name(alert)},
                        phrase)};
  }
  switch (code) {
    case NGTCP2_NO_ERROR:
      return {errc::closed_by_peer, 0, std::string{phrase}};
    case NGTCP2_CONNECTION_REFUSED:
      return {errc::refused_busy, 0, std::string{phrase}};
    case NGTCP2_APPLICATION_ERROR:
      // An APPLICATION_CLOSE before the handshake was confirmed (RFC 9000 section 10.2.3).
      return {errc::closed_by_peer, 0, std::string{phrase}};
    default:
      return {errc::protocol_error,
              0,
              with_detail("the peer sent the transport error " + std::to_string(code), phrase)};
  }
}

}  // namespace

CloseReason reason_of_peer(const ngtcp2_ccerr& error) {
  const auto phrase = as_text({error.reason, error.reasonlen});
  if (error.type == NGTCP2_CCERR_TYPE_APPLICATION) {
    return {errc::closed_by_peer, error.error_code, std::string{phrase}};
  }
  return reason_of_transport(error.error_code, phrase);
}

CloseReason reason_of_library(int error, bool handshake_completed) {
  switch (error) {
    case NGTCP2_ERR_IDLE_CLOSE:
      return {handshake_completed ? errc::connection_lost : errc::timed_out, 0, {}};
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
      return {errc::timed_out, 0, {}};
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
    case NGTCP2_ERR_VERSION_NEGOTIATION_FAILURE:
      return {errc::incompatible_version, 0, "no common QUIC version"};
    default:
      return {errc::protocol_error, 0, ngtcp2_strerror(error)};
  }
}

CloseReason reason_of_tls(const crypto::TlsFailure& failure, std::uint8_t alert) {
  CloseReason reason{failure.code, 0, failure.detail};
  if (alert != 0) {
    if (reason.code == errc::tls_failure) {
      reason.code = crypto::alert_errc(alert);
    }
    if (reason.detail.empty()) {
      reason.detail = crypto::alert_name(alert);
    }
  }
  return reason;
}

}  // namespace quicether::quic
