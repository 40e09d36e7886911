#include "core/crypto/tls_impl.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/certificate.hpp>
#include <quicether/core/crypto/node_address.hpp>

#include <openssl/err.h>
#include <openssl/pool.h>

#include <algorithm>

namespace quicether::crypto {
namespace {

constexpr std::string_view kExporterLabel = "EXPORTER-quicether-admission";

// IANA "TLS Supported Groups": X25519MLKEM768. Not every supported TLS library names it.
constexpr std::uint16_t kX25519MlKem768 = 0x11ec;

// One certificate is right, two are too many; more than that are not looked at.
constexpr std::size_t kChainLooked = 2;

int session_index() noexcept {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

ConstBytes buffer_view(const CRYPTO_BUFFER* buffer) noexcept {
  return {CRYPTO_BUFFER_data(buffer), CRYPTO_BUFFER_len(buffer)};
}

// The reason codes that do not speak for themselves as an alert number does.
errc reason_errc(std::uint32_t error) noexcept {
  switch (ERR_GET_REASON(error)) {
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return errc::no_common_alpn;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS:
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_BAD_SIGNATURE:
      return errc::bad_certificate;
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return errc::incompatible_version;
    default:
      return errc::tls_failure;
  }
}

std::string lower_case(const char* text) {
  std::string lowered{text};
  std::ranges::transform(lowered, lowered.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a')
                                          : (letter == '_' ? ' ' : letter);
  });
  return lowered;
}

}  // namespace

errc alert_errc(std::uint8_t alert) noexcept {
  switch (alert) {
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return errc::no_common_alpn;
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return errc::bad_certificate;
    case SSL_AD_ACCESS_DENIED:
      return errc::not_admitted_by_peer;
    case SSL_AD_PROTOCOL_VERSION:
      return errc::incompatible_version;
    default:
      return errc::tls_failure;
  }
}

std::string_view alert_name(std::uint8_t alert) noexcept {
  return SSL_alert_desc_string_long(alert);
}

detail::TlsSessionState::TlsSessionState(TlsContextState& owner,
                                         TlsRole role,
                                         const TlsExpectation& expected,
                                         void* application_data)
    : context{owner}, expectation{expected}, ssl{SSL_new(owner.context(role))} {
  QE_ASSERT(ssl != nullptr);
  int done = SSL_set_ex_data(ssl.get(), session_index(), this);
  QE_ASSERT(done == 1);
  done = SSL_set_app_data(ssl.get(), application_data);
  QE_ASSERT(done == 1);
  SSL_set_shed_handshake_config(ssl.get(), 1);  // less memory once the handshake is done
  if (role == TlsRole::server) {
    SSL_set_accept_state(ssl.get());
    return;
  }
  SSL_set_connect_state(ssl.get());
  if (!expectation.id && expectation.key) {
    expectation.id = node_id(*expectation.key);
  }
  if (context.options.resumption && expectation.id) {
    offer_ticket();
  }
}

void detail::TlsSessionState::offer_ticket() {
  ticket = context.tickets.take(*expectation.id);
  if (ticket.session) {
    const int done = SSL_set_session(ssl.get(), ticket.session.get());
    QE_ASSERT(done == 1);
  }
}

detail::TlsSessionState& detail::TlsSessionState::of(const SSL* ssl) noexcept {
  auto* const self = static_cast<TlsSessionState*>(SSL_get_ex_data(ssl, session_index()));
  QE_ASSERT(self != nullptr);
  return *self;
}

std::optional<std::uint8_t> detail::TlsSessionState::check_peer() {
  std::array<ConstBytes, kChainLooked> looked{};
  std::size_t count = 0;
  const auto* const shown = SSL_get0_peer_certificates(ssl.get());
  const std::size_t shown_count = shown == nullptr ? 0 : sk_CRYPTO_BUFFER_num(shown);
  for (; count < std::min(shown_count, looked.size()); ++count) {
    looked[count] = buffer_view(sk_CRYPTO_BUFFER_value(shown, count));
  }
  const auto key = verify_peer_certificate(std::span{looked}.first(count), context.now);
  if (!key) {
    refusal = TlsFailure{errc::bad_certificate, std::string{to_string(key.error())}};
    return tls_alert(key.error());
  }
  if ((expectation.key && *expectation.key != *key) ||
      (expectation.id && *expectation.id != node_id(*key))) {
    refusal = TlsFailure{errc::wrong_node_id, "the peer is " + node_id(*key).to_string()};
    return std::uint8_t{SSL_AD_ACCESS_DENIED};
  }
  peer = *key;
  return std::nullopt;
}

TlsSession::TlsSession(TlsContext& context,
                       TlsRole role,
                       const TlsExpectation& expectation,
                       void* application_data)
    : state_{std::make_unique<detail::TlsSessionState>(
          *context.state_, role, expectation, application_data)} {}

TlsSession::~TlsSession() = default;

ssl_st* TlsSession::native() const noexcept {
  return state_->ssl.get();
}

void TlsSession::set_ticket_note(ConstBytes note) {
  state_->note.assign(note.begin(), note.end());
}

ConstBytes TlsSession::early_data_note() const noexcept {
  const auto& ticket = state_->ticket;
  const bool allowed = state_->context.options.early_data && ticket.session != nullptr &&
                       SSL_SESSION_early_data_capable(ticket.session.get()) == 1;
  return allowed ? ConstBytes{ticket.note} : ConstBytes{};
}

void TlsSession::offer_early_data() {
  QE_DASSERT(!early_data_note().empty());
  SSL_set_early_data_enabled(state_->ssl.get(), 1);
}

void TlsSession::set_early_data_context(ConstBytes context) {
  const int done =
      SSL_set_quic_early_data_context(state_->ssl.get(), context.data(), context.size());
  QE_ASSERT(done == 1);
}

bool TlsSession::early_data_offered() const noexcept {
  return state_->early_data_offered;
}

void TlsSession::give_back_ticket() {
  if (state_->ticket.session) {
    state_->context.tickets.put_back(*state_->expectation.id, std::move(state_->ticket));
  }
}

result<TlsSummary> TlsSession::agreed() {
  const auto* const ssl = state_->ssl.get();
  // A server that resumes is not asked to verify: the certificate came out of its own ticket.
  if (!state_->peer && state_->check_peer()) {
    return state_->refusal->code;
  }
  TlsSummary summary;
  summary.peer = *state_->peer;
  const auto group = SSL_get_curve_id(ssl);
  const char* const group_name = SSL_get_curve_name(group);
  summary.group = group_name == nullptr ? "unknown" : group_name;
  summary.post_quantum = group == kX25519MlKem768;
  if (const auto* const cipher = SSL_get_current_cipher(ssl); cipher != nullptr) {
    summary.cipher_suite = SSL_CIPHER_standard_name(cipher);
  }
  summary.resumed = SSL_session_reused(ssl) == 1;
  return summary;
}

result<TlsSummary> TlsSession::summary() {
  auto summary = agreed();
  if (summary && SSL_export_keying_material(state_->ssl.get(),
                                            summary->exporter.data(),
                                            summary->exporter.size(),
                                            kExporterLabel.data(),
                                            kExporterLabel.size(),
                                            nullptr,
                                            0,
                                            0) != 1) {
    ERR_clear_error();
    return errc::tls_failure;
  }
  return summary;
}

TlsFailure TlsSession::failure() {
  const auto error = ERR_peek_error();
  TlsFailure failure;
  if (state_->refusal) {
    failure = *state_->refusal;
  } else if (error != 0) {
    failure.code = reason_errc(error);
    if (const char* const reason = ERR_reason_error_string(error); reason != nullptr) {
      failure.detail = lower_case(reason);
    }
  }
  ERR_clear_error();
  return failure;
}

}  // namespace quicether::crypto
