#ifndef QUICETHER_SRC_CORE_CRYPTO_TLS_IMPL_HPP
#define QUICETHER_SRC_CORE_CRYPTO_TLS_IMPL_HPP

#include "core/crypto/issued_tickets.hpp"
#include "core/crypto/tls_tickets.hpp"

#include <quicether/core/crypto/system_random.hpp>
#include <quicether/core/crypto/tls.hpp>

#include <openssl/ssl.h>

namespace quicether::crypto::detail {

class TlsContextState {
 public:
  TlsContextState(const TlsCredentials& credentials, TlsOptions options);

  [[nodiscard]] SSL_CTX* context(TlsRole role) const noexcept {
    return role == TlsRole::client ? client_.get() : server_.get();
  }

  const TlsOptions options;
  UnixSeconds now = 0;
  SystemRandom random{};
  TlsTickets tickets;    ///< of peers, for this node as a client
  IssuedTickets issued;  ///< by this node as a server

 private:
  [[nodiscard]] bssl::UniquePtr<SSL_CTX> make_context(TlsRole role,
                                                      const TlsCredentials& credentials);

  bssl::UniquePtr<SSL_CTX> client_;
  bssl::UniquePtr<SSL_CTX> server_;
};

class TlsSessionState {
 public:
  TlsSessionState(TlsContextState& context,
                  TlsRole role,
                  const TlsExpectation& expectation,
                  void* application_data);

  /// The session that a library callback is about.
  [[nodiscard]] static TlsSessionState& of(const SSL* ssl) noexcept;

  /// Judges the peer's certificates; on refusal returns the alert to send.
  [[nodiscard]] std::optional<std::uint8_t> check_peer();

  TlsContextState& context;
  TlsExpectation expectation;
  std::optional<PublicKey> peer{};
  std::optional<TlsFailure> refusal{};  ///< why check_peer() refused
  ClientTicket ticket{};                ///< that this client offers
  ByteVector note{};                    ///< kept with the tickets that the server gives
  bool early_data_offered = false;      ///< by the client, as this server saw
  bssl::UniquePtr<SSL> ssl{};

 private:
  void offer_ticket();
};

}  // namespace quicether::crypto::detail

#endif  // QUICETHER_SRC_CORE_CRYPTO_TLS_IMPL_HPP
