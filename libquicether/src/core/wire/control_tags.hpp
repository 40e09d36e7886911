#ifndef QUICETHER_SRC_CORE_WIRE_CONTROL_TAGS_HPP
#define QUICETHER_SRC_CORE_WIRE_CONTROL_TAGS_HPP

#include <cstdint>
#include <string_view>

// Numbers of the control protocol. Source: docs/spec/control-stream.md.
namespace quicether::wire {

namespace message_type {
inline constexpr std::uint64_t kHello = 1;
inline constexpr std::uint64_t kAnnounce = 2;
inline constexpr std::uint64_t kRedeem = 3;
inline constexpr std::uint64_t kGrant = 4;
}  // namespace message_type

namespace hello_tag {
inline constexpr std::uint64_t kVersionMin = 1;
inline constexpr std::uint64_t kVersionMax = 2;
inline constexpr std::uint64_t kBootId = 3;
inline constexpr std::uint64_t kLinkId = 4;
inline constexpr std::uint64_t kPathId = 5;
inline constexpr std::uint64_t kCapabilities = 6;
inline constexpr std::uint64_t kNetworkProof = 7;
inline constexpr std::uint64_t kShards = 8;
inline constexpr std::uint64_t kLane = 9;
}  // namespace hello_tag

namespace announce_tag {
inline constexpr std::uint64_t kName = 1;
inline constexpr std::uint64_t kRole = 2;
inline constexpr std::uint64_t kAddress = 3;
inline constexpr std::uint64_t kSubnet = 4;
inline constexpr std::uint64_t kEndpoint = 5;
}  // namespace announce_tag

namespace redeem_tag {
inline constexpr std::uint64_t kInvite = 1;
inline constexpr std::uint64_t kProof = 2;
}  // namespace redeem_tag

namespace grant_tag {
inline constexpr std::uint64_t kNetwork = 1;
inline constexpr std::uint64_t kSecret = 2;
}  // namespace grant_tag

inline constexpr std::uint64_t kRoleGateway = 1;  // bit of announce_tag::kRole

/// True for what may stand in announce_tag::kName.
[[nodiscard]] bool is_node_name(std::string_view text) noexcept;

}  // namespace quicether::wire

#endif  // QUICETHER_SRC_CORE_WIRE_CONTROL_TAGS_HPP
