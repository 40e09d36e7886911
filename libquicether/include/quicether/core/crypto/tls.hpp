#ifndef QUICETHER_CORE_CRYPTO_TLS_HPP
#define QUICETHER_CORE_CRYPTO_TLS_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/crypto/secret_bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The TLS library's own types: named here, defined in no header of this project.
struct ssl_ctx_st;
struct ssl_st;

namespace quicether::crypto {

class KeyPair;

namespace detail {
class TlsContextState;
class TlsSessionState;
}  // namespace detail

enum class TlsRole : std::uint8_t { client, server };

/// What a side shows in its Certificate message and signs with.
struct TlsCredentials {
  std::vector<ByteVector> chain{};  ///< DER, own certificate first; empty: none is shown
  SecretBytes private_key{};        ///< PKCS #8 DER; empty with an empty chain
};

/// The credentials of a node: its key and the one certificate of make_certificate().
[[nodiscard]] TlsCredentials make_credentials(const KeyPair& key);

struct TlsOptions {
  std::string alpn{};                      ///< 1..255 bytes; the only protocol offered and accepted
  bool require_post_quantum = false;       ///< offer and accept X25519MLKEM768 only
  bool resumption = true;                  ///< issue, keep and use session tickets
  std::size_t tickets_max = 1024;          ///< kept as a client, one per peer, oldest dropped first
  std::size_t tickets_issued_max = 16384;  ///< usable ones of this server, oldest forgotten first
  bool early_data = false;  ///< offer it as a client that asks for it, accept it as a server
};

/// Which peer a client will accept. Both unset: any, the caller looks at the key afterwards.
struct TlsExpectation {
  std::optional<NodeId> id{};
  std::optional<PublicKey> key{};
};

/// What a finished handshake established.
struct TlsSummary {
  PublicKey peer{};
  std::string_view group{};         ///< key exchange group, static text: "X25519MLKEM768"
  std::string_view cipher_suite{};  ///< IANA name, static text: "TLS_AES_128_GCM_SHA256"
  bool post_quantum = false;
  bool resumed = false;
  std::array<std::uint8_t, 32> exporter{};  ///< label "EXPORTER-quicether-admission", no context
};

/// Why a handshake failed on this side.
struct TlsFailure {
  errc code = errc::tls_failure;
  std::string detail{};  ///< one clause, made by this side
};

/// The `errc` that an alert of the peer means to this side (RFC 8446 section 6).
[[nodiscard]] errc alert_errc(std::uint8_t alert) noexcept;

/// Text of an alert: "bad certificate".
[[nodiscard]] std::string_view alert_name(std::uint8_t alert) noexcept;

/// True when the TLS library has X25519MLKEM768.
[[nodiscard]] bool has_post_quantum() noexcept;

/// The TLS configuration of a node: TLS 1.3, mutual authentication with Ed25519 certificates, one
/// ALPN protocol, X25519MLKEM768 before X25519. A ticket of this server resumes one session: who
/// replays it gets a full handshake, and early data that came with it is refused.
///
/// Neither copyable nor movable; outlives its TlsSessions.
class TlsContext {
 public:
  /// Throws boost::system::system_error with `invalid_argument` when the credentials do not fit
  /// together, with `unsupported` when post-quantum is required and the library lacks it.
  TlsContext(const TlsCredentials& credentials, TlsOptions options);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  /// The time that certificates are checked at and that tickets age by, from now on. Threads: call
  /// it before each use of this context or its sessions that follows one of another context.
  void set_time(UnixSeconds now) noexcept;

  /// The library's object, for the QUIC glue alone.
  [[nodiscard]] ssl_ctx_st* native(TlsRole role) const noexcept;

  /// Session tickets kept.
  [[nodiscard]] std::size_t ticket_count() const noexcept;

  /// Tickets that clients showed and that this server did not take: used, forgotten or forged.
  [[nodiscard]] std::uint64_t tickets_refused() const noexcept;

 private:
  friend class TlsSession;
  std::unique_ptr<detail::TlsContextState> state_;
};

/// The TLS side of one QUIC connection.
///
/// Neither copyable nor movable.
class TlsSession {
 public:
  /// `application_data` is what the library's callbacks find as the connection's; it outlives this.
  TlsSession(TlsContext& context,
             TlsRole role,
             const TlsExpectation& expectation,
             void* application_data);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  /// The library's object, for the QUIC glue alone.
  [[nodiscard]] ssl_st* native() const noexcept;

  /// Keeps `note` with the tickets that the server gives to this client from now on.
  void set_ticket_note(ConstBytes note);

  /// The note of the ticket that this client offers, when the ticket allows early data and this
  /// side does; else empty.
  [[nodiscard]] ConstBytes early_data_note() const noexcept;

  /// Makes the client offer early data. Before the handshake, with an early_data_note() only.
  void offer_early_data();

  /// What must be the same for early data as it was when the ticket was given: the server accepts
  /// none otherwise, and none without a call of this before the handshake.
  void set_early_data_context(ConstBytes context);

  /// Whether the client offered early data, as this server knows once it has read the ClientHello.
  [[nodiscard]] bool early_data_offered() const noexcept;

  /// Gives back the ticket that this client took, for a handshake that nobody answered.
  ///
  /// RFC 8446 appendix C.4 wants none used twice, lest an observer links two connections. Of these
  /// two one never was, and the other repeats its attempt.
  void give_back_ticket();

  /// As summary() without the exporter, for a server that accepts early data: the peer's key is in
  /// its own ticket.
  ///
  /// **Errors:** `bad_certificate`, `wrong_node_id` when a resumed session's certificate does not
  /// pass the checks of a new one.
  [[nodiscard]] result<TlsSummary> agreed();

  /// What was established. Call it once TLS says that the handshake is complete.
  ///
  /// **Errors:** those of agreed(); `tls_failure`.
  [[nodiscard]] result<TlsSummary> summary();

  /// Why the handshake failed, after the library reported that it did.
  [[nodiscard]] TlsFailure failure();

 private:
  std::unique_ptr<detail::TlsSessionState> state_;
};

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_TLS_HPP
