#ifndef QUICETHER_SRC_CORE_QUIC_CONNECTION_CALLBACKS_HPP
#define QUICETHER_SRC_CORE_QUIC_CONNECTION_CALLBACKS_HPP

#include <ngtcp2/ngtcp2.h>

namespace quicether::quic {

/// The C functions by which ngtcp2 calls a Connection, its user data.
struct ConnectionCallbacks {
  [[nodiscard]] static const ngtcp2_callbacks& table() noexcept;
};

}  // namespace quicether::quic

#endif  // QUICETHER_SRC_CORE_QUIC_CONNECTION_CALLBACKS_HPP
