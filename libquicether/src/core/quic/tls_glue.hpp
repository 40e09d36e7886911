#ifndef QUICETHER_SRC_CORE_QUIC_TLS_GLUE_HPP
#define QUICETHER_SRC_CORE_QUIC_TLS_GLUE_HPP

#include <quicether/core/crypto/tls.hpp>

#include <ngtcp2/ngtcp2.h>

#include <cstdint>

namespace quicether::quic {

/// Makes TLS sessions of this context hand their messages and keys to ngtcp2.
void configure_for_quic(crypto::TlsContext& tls);

/// Packets that this thread sealed and opened. ngtcp2 does not say whether a packet it was given
/// was genuine, and its cipher callbacks are told no connection: so those count here, and the
/// connection takes the difference around each call.
struct PacketCount {
  std::uint64_t sealed = 0;
  std::uint64_t opened = 0;
};

[[nodiscard]] PacketCount& packet_count() noexcept;

/// Fills in the callbacks that concern TLS and packet protection only.
void set_crypto_callbacks(ngtcp2_callbacks& callbacks) noexcept;

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_TLS_GLUE_HPP
