#include "core/crypto/tls_impl.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/certificate.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/crypto/node_address.hpp>

#include <boost/system/system_error.hpp>
#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pool.h>

#include <algorithm>

namespace quicether::crypto {
namespace {

// A PrivateKeyInfo of Ed25519 up to the 32 bytes of the seed (RFC 8410 section 7).
constexpr std::array<std::uint8_t, 16> kPrivateKeyPrefix{
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};

constexpr char kPostQuantumGroup[] = "X25519MLKEM768";
constexpr char kClassicalGroup[] = "X25519";
constexpr char kBothGroups[] = "X25519MLKEM768:X25519";

// What is signed with at all. Ed25519 is not in the library's default list of accepted ones.
constexpr std::uint16_t kSignatureAlgorithms[] = {SSL_SIGN_ED25519};

// Tells tickets of this application apart from others that a server's keys may protect.
constexpr std::uint8_t kSessionContext[] = {'q', 'e', 't', 'h', 'e', 'r'};

[[noreturn]] void reject(errc code) {
  ERR_clear_error();
  throw boost::system::system_error{make_error_code(code)};
}

void require(bool done) {
  if (!done) {
    reject(errc::invalid_argument);
  }
}

ssl_verify_result_t verify_peer(SSL* ssl, std::uint8_t* alert) {
  const auto refused = detail::TlsSessionState::of(ssl).check_peer();
  if (refused) {
    *alert = *refused;
    return ssl_verify_invalid;
  }
  return ssl_verify_ok;
}

int select_alpn(SSL* ssl,
                const std::uint8_t** out,
                std::uint8_t* out_size,
                const std::uint8_t* in,
                unsigned in_size,
                void* /*unused*/) {
  const auto& wanted = detail::TlsSessionState::of(ssl).context.options.alpn;
  ConstBytes offered{in, in_size};
  while (!offered.empty() && offered[0] < offered.size()) {
    const auto name = offered.subspan(1, offered[0]);
    if (std::ranges::equal(name, as_bytes(wanted))) {
      *out = name.data();
      *out_size = offered[0];
      return SSL_TLSEXT_ERR_OK;
    }
    offered = offered.subspan(1U + offered[0]);
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int keep_ticket(SSL* ssl, SSL_SESSION* session) {
  auto& self = detail::TlsSessionState::of(ssl);
  if (!self.peer) {
    return 0;  // the library keeps ownership
  }
  self.context.tickets.put(node_id(*self.peer), {bssl::UniquePtr<SSL_SESSION>{session}, self.note});
  return 1;
}

std::size_t ticket_overhead(SSL* /*ssl*/) {
  return IssuedTickets::kOverhead;
}

int seal_ticket(SSL* ssl,
                std::uint8_t* out,
                std::size_t* out_size,
                std::size_t out_max,
                const std::uint8_t* session,
                std::size_t session_size) {
  auto& context = detail::TlsSessionState::of(ssl).context;
  const auto ticket = context.issued.issue({session, session_size}, context.now, context.random);
  QE_ASSERT(ticket.size() <= out_max);
  copy_bytes(ticket, {out, out_max});
  *out_size = ticket.size();
  return 1;
}

// A ticket that cannot be used costs the client a full handshake, nothing else.
ssl_ticket_aead_result_t open_ticket(SSL* ssl,
                                     std::uint8_t* out,
                                     std::size_t* out_size,
                                     std::size_t out_max,
                                     const std::uint8_t* ticket,
                                     std::size_t ticket_size) {
  auto& context = detail::TlsSessionState::of(ssl).context;
  const auto session = context.issued.redeem({ticket, ticket_size}, context.now);
  if (!session || session->size() > out_max) {
    return ssl_ticket_aead_ignore_ticket;
  }
  copy_bytes(*session, {out, out_max});
  *out_size = session->size();
  return ssl_ticket_aead_success;
}

constexpr SSL_TICKET_AEAD_METHOD kTicketMethod{ticket_overhead, seal_ticket, open_ticket};

// The library says why it refused early data, but not whether there was any.
ssl_select_cert_result_t note_early_data(const SSL_CLIENT_HELLO* hello) {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
  detail::TlsSessionState::of(hello->ssl).early_data_offered =
      SSL_early_callback_ctx_extension_get(hello, TLSEXT_TYPE_early_data, &data, &size) == 1;
  return ssl_select_cert_success;
}

// Tickets age by the clock that certificates are checked at, not by one of the library's own. It
// asks for no session's time: what this thread was told last is the time of the one it works for.
thread_local UnixSeconds time_of_thread = 0;

void tell_time(const SSL* /*unset*/, timeval* out) {
  out->tv_sec = time_of_thread;
  out->tv_usec = 0;
}

void set_groups(SSL_CTX* context, bool require_post_quantum) {
  if (require_post_quantum) {
    if (SSL_CTX_set1_curves_list(context, kPostQuantumGroup) != 1) {
      reject(errc::unsupported);
    }
    return;
  }
  if (SSL_CTX_set1_curves_list(context, kBothGroups) != 1) {
    require(SSL_CTX_set1_curves_list(context, kClassicalGroup) == 1);
  }
  ERR_clear_error();
}

void set_credentials(SSL_CTX* context, const TlsCredentials& credentials) {
  if (credentials.chain.empty()) {
    return;
  }
  CBS encoded;
  const auto key_bytes = credentials.private_key.view();
  CBS_init(&encoded, key_bytes.data(), key_bytes.size());
  const bssl::UniquePtr<EVP_PKEY> key{EVP_parse_private_key(&encoded)};
  require(key != nullptr);
  std::vector<bssl::UniquePtr<CRYPTO_BUFFER>> owned;
  std::vector<CRYPTO_BUFFER*> chain;
  for (const auto& certificate : credentials.chain) {
    owned.emplace_back(CRYPTO_BUFFER_new(certificate.data(), certificate.size(), nullptr));
    chain.push_back(owned.back().get());
  }
  require(SSL_CTX_set_chain_and_key(context, chain.data(), chain.size(), key.get(), nullptr) == 1);
}

void set_alpn(SSL_CTX* context, TlsRole role, const std::string& alpn) {
  require(!alpn.empty() && alpn.size() <= 255);
  if (role == TlsRole::server) {
    SSL_CTX_set_alpn_select_cb(context, select_alpn, nullptr);
    return;
  }
  ByteVector list{static_cast<std::uint8_t>(alpn.size())};
  list.insert(list.end(), alpn.begin(), alpn.end());
  // Unlike its neighbours this function returns 0 on success.
  require(SSL_CTX_set_alpn_protos(context, list.data(), static_cast<unsigned>(list.size())) == 0);
}

void set_resumption(SSL_CTX* context, TlsRole role, bool resumption) {
  if (!resumption) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return;
  }
  if (role == TlsRole::server) {
    require(SSL_CTX_set_session_id_context(context, kSessionContext, sizeof(kSessionContext)) == 1);
    // One is enough: a client that comes back through it is given the next.
    require(SSL_CTX_set_num_tickets(context, 1) == 1);
    SSL_CTX_set_session_psk_dhe_timeout(context,
                                        static_cast<std::uint32_t>(IssuedTickets::kLifetime));
    SSL_CTX_set_ticket_aead_method(context, &kTicketMethod);
    return;
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_ticket);
  SSL_CTX_set_reverify_on_resume(context, 1);
}

// A client offers early data session by session.
void set_early_data(SSL_CTX* context, TlsRole role, bool wanted) {
  const bool server = role == TlsRole::server;
  SSL_CTX_set_early_data_enabled(context, server && wanted ? 1 : 0);
  if (server) {
    SSL_CTX_set_select_certificate_cb(context, note_early_data);
  }
}

}  // namespace

TlsCredentials make_credentials(const KeyPair& key) {
  SecretBytes encoded{kPrivateKeyPrefix.size() + kSeedBytes};
  const auto out = encoded.writable();
  std::ranges::copy(kPrivateKeyPrefix, out.begin());
  const auto seed = key.seed();
  std::ranges::copy(seed.view(), out.begin() + kPrivateKeyPrefix.size());
  TlsCredentials credentials;
  credentials.chain.push_back(make_certificate(key));
  credentials.private_key = std::move(encoded);
  return credentials;
}

bool has_post_quantum() noexcept {
  const bssl::UniquePtr<SSL_CTX> context{SSL_CTX_new(TLS_with_buffers_method())};
  const bool found =
      context != nullptr && SSL_CTX_set1_curves_list(context.get(), kPostQuantumGroup) == 1;
  ERR_clear_error();
  return found;
}

detail::TlsContextState::TlsContextState(const TlsCredentials& credentials, TlsOptions wanted)
    : options{std::move(wanted)},
      tickets{options.tickets_max},
      issued{options.tickets_issued_max},
      client_{make_context(TlsRole::client, credentials)},
      server_{make_context(TlsRole::server, credentials)} {}

bssl::UniquePtr<SSL_CTX> detail::TlsContextState::make_context(TlsRole role,
                                                               const TlsCredentials& credentials) {
  bssl::UniquePtr<SSL_CTX> made{SSL_CTX_new(TLS_with_buffers_method())};
  auto* const context = made.get();
  require(context != nullptr);
  require(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1);
  require(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1);
  SSL_CTX_set_current_time_cb(context, tell_time);
  set_groups(context, options.require_post_quantum);
  require(SSL_CTX_set_verify_algorithm_prefs(
              context, kSignatureAlgorithms, std::size(kSignatureAlgorithms)) == 1);
  SSL_CTX_set_custom_verify(
      context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify_peer);
  set_credentials(context, credentials);
  set_alpn(context, role, options.alpn);
  set_resumption(context, role, options.resumption);
  set_early_data(context, role, options.early_data && options.resumption);
  return made;
}

TlsContext::TlsContext(const TlsCredentials& credentials, TlsOptions options)
    : state_{std::make_unique<detail::TlsContextState>(credentials, std::move(options))} {}

TlsContext::~TlsContext() = default;

void TlsContext::set_time(UnixSeconds now) noexcept {
  state_->now = now;
  time_of_thread = now;
}

ssl_ctx_st* TlsContext::native(TlsRole role) const noexcept {
  return state_->context(role);
}

std::size_t TlsContext::ticket_count() const noexcept {
  return state_->tickets.size();
}

std::uint64_t TlsContext::tickets_refused() const noexcept {
  return state_->issued.refused();
}

}  // namespace quicether::crypto
