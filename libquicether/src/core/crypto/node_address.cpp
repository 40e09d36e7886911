#include <quicether/base/bytes.hpp>
#include <quicether/core/crypto/hash.hpp>
#include <quicether/core/crypto/node_address.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace quicether::crypto {
namespace {

constexpr std::string_view kV4Label = "quicether overlay v4";
constexpr std::uint32_t kV4Network = 0x64400000U;  // 100.64.0.0
constexpr std::uint64_t kV4Hosts = 65534;          // all of a /16 but the first and the last

}  // namespace

NodeId node_id(const PublicKey& key) noexcept {
  return NodeId{sha1(key.bytes)};
}

IpAddress overlay_address(const PublicKey& key) noexcept {
  const Sha256Digest digest = sha256(key.bytes);
  std::array<std::uint8_t, 16> bytes{0xfd};
  std::copy_n(digest.begin(), bytes.size() - 1, bytes.begin() + 1);
  return IpAddress::v6(bytes);
}

IpAddress overlay_v4_candidate(const PublicKey& key, std::uint32_t attempt) noexcept {
  std::array<std::uint8_t, kV4Label.size() + sizeof(key.bytes) + sizeof(attempt)> message{};
  auto rest = std::ranges::copy(as_bytes(kV4Label), message.begin()).out;
  rest = std::ranges::copy(key.bytes, rest).out;
  store_be(Bytes{rest, message.end()}, attempt);
  const Sha256Digest digest = sha256(message);
  const std::uint64_t host = 1 + load_be<std::uint64_t>(digest) % kV4Hosts;
  return IpAddress::v4(kV4Network + static_cast<std::uint32_t>(host));
}

}  // namespace quicether::crypto
