#include "core/quic/tls_glue.hpp"

#include <quicether/base/assert.hpp>

#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_boringssl.h>

namespace quicether::quic {
namespace {

int seal(std::uint8_t* out,
         const ngtcp2_crypto_aead* aead,
         const ngtcp2_crypto_aead_ctx* context,
         const std::uint8_t* plaintext,
         std::size_t plaintext_size,
         const std::uint8_t* nonce,
         std::size_t nonce_size,
         const std::uint8_t* associated,
         std::size_t associated_size) {
  ++packet_count().sealed;
  return ngtcp2_crypto_encrypt_cb(out,
                                  aead,
                                  context,
                                  plaintext,
                                  plaintext_size,
                                  nonce,
                                  nonce_size,
                                  associated,
                                  associated_size);
}

int open(std::uint8_t* out,
         const ngtcp2_crypto_aead* aead,
         const ngtcp2_crypto_aead_ctx* context,
         const std::uint8_t* ciphertext,
         std::size_t ciphertext_size,
         const std::uint8_t* nonce,
         std::size_t nonce_size,
         const std::uint8_t* associated,
         std::size_t associated_size) {
  const int failed = ngtcp2_crypto_decrypt_cb(out,
                                              aead,
                                              context,
                                              ciphertext,
                                              ciphertext_size,
                                              nonce,
                                              nonce_size,
                                              associated,
                                              associated_size);
  packet_count().opened += failed == 0 ? 1U : 0U;
  return failed;
}

}  // namespace

void configure_for_quic(crypto::TlsContext& tls) {
  int failed =
      ngtcp2_crypto_boringssl_configure_client_context(tls.native(crypto::TlsRole::client));
  QE_ASSERT(failed == 0);
  failed = ngtcp2_crypto_boringssl_configure_server_context(tls.native(crypto::TlsRole::server));
  QE_ASSERT(failed == 0);
}

PacketCount& packet_count() noexcept {
  thread_local PacketCount count;
  return count;
}

void set_crypto_callbacks(ngtcp2_callbacks& callbacks) noexcept {
  callbacks.client_initial = ngtcp2_crypto_client_initial_cb;
  callbacks.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  callbacks.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  callbacks.encrypt = seal;
  callbacks.decrypt = open;
  callbacks.hp_mask = ngtcp2_crypto_hp_mask_cb;
  callbacks.recv_retry = ngtcp2_crypto_recv_retry_cb;
  callbacks.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  callbacks.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  callbacks.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
}

}  // namespace quicether::quic
