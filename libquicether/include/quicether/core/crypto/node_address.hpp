#ifndef QUICETHER_CORE_CRYPTO_NODE_ADDRESS_HPP
#define QUICETHER_CORE_CRYPTO_NODE_ADDRESS_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/node_id.hpp>

#include <cstdint>

namespace quicether::crypto {

/// NodeId of a key: SHA-1 of its 32 bytes, which is also its unsalted BEP 44 target.
[[nodiscard]] NodeId node_id(const PublicKey& key) noexcept;

/// Overlay IPv6 address of a key: the byte fd, then the first 120 bits of its SHA-256.
///
/// Nobody hands it out and nobody else can claim it: whoever shows the key shows the address.
[[nodiscard]] IpAddress overlay_address(const PublicKey& key) noexcept;

/// The `attempt`-th overlay IPv4 address to try for a key, in 100.64.0.0/16.
///
/// Never 100.64.0.0 nor 100.64.255.255. After a collision with another node the next attempt is
/// drawn; equal arguments give equal addresses, so that a node keeps its address over restarts.
[[nodiscard]] IpAddress overlay_v4_candidate(const PublicKey& key, std::uint32_t attempt) noexcept;

}  // namespace quicether::crypto

#endif  // QUICETHER_CORE_CRYPTO_NODE_ADDRESS_HPP
