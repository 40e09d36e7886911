#ifndef QUICETHER_TESTS_SUPPORT_QUIC_LABEL_HPP
#define QUICETHER_TESTS_SUPPORT_QUIC_LABEL_HPP

#include <quicether/base/bytes.hpp>

#include <string>

namespace quicether::testing {

/// What a UDP payload looks like from outside: the type of its first QUIC v1 packet (RFC 9000
/// section 17) and its size.
[[nodiscard]] inline std::string quic_label(ConstBytes payload) {
  std::string kind = "not QUIC";
  if (!payload.empty() && (payload[0] & 0x80U) == 0) {
    kind = (payload[0] & 0x40U) != 0 ? "1-RTT" : kind;
  } else if (payload.size() >= 5) {
    constexpr const char* kTypes[] = {"Initial", "0-RTT", "Handshake", "Retry"};
    const bool negotiation = load_be<std::uint32_t>(payload.subspan(1, 4)) == 0;
    kind = negotiation ? "Version Negotiation" : kTypes[(payload[0] >> 4U) & 3U];
  }
  return kind + " " + std::to_string(payload.size()) + " B";
}

}  // namespace quicether::testing

#endif  // QUICETHER_TESTS_SUPPORT_QUIC_LABEL_HPP
