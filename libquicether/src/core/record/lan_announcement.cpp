#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/aead.hpp>
#include <quicether/core/crypto/key_pair.hpp>
#include <quicether/core/record/lan_announcement.hpp>
#include <quicether/core/wire/varint.hpp>

#include <algorithm>
#include <array>

namespace quicether::record {

namespace {

constexpr std::array<std::uint8_t, 4> kMagic = {'Q', 'E', 'L', 'N'};
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kOpen = 0;
constexpr std::uint8_t kSealed = 1;
constexpr std::size_t kHeaderBytes = kMagic.size() + 2;

ByteVector header(std::uint8_t form) {
  ByteVector bytes{kMagic.begin(), kMagic.end()};
  bytes.push_back(kVersion);
  bytes.push_back(form);
  return bytes;
}

result<LanAnnouncement> read_content(ConstBytes content) {
  wire::Reader reader{content};
  const auto key = reader.bytes(sizeof(PublicKey::bytes));
  const auto port = reader.integer<std::uint16_t>();
  if (!key || !port) {
    return errc::truncated;
  }
  LanAnnouncement announcement;
  copy_bytes(*key, announcement.key.bytes);
  announcement.port = *port;
  if (*port == 0 || !crypto::is_sound(announcement.key)) {
    return errc::malformed;
  }
  return announcement;  // what a later version adds behind is ignored
}

}  // namespace

LanCodec::LanCodec(const crypto::NetworkKey& network)
    : key_{network.derive_secret("quicether lan v1")} {}

ByteVector LanCodec::encode(const LanAnnouncement& announcement, Random& random) const {
  QE_ASSERT(announcement.port != 0);
  ByteVector content{announcement.key.bytes.begin(), announcement.key.bytes.end()};
  std::array<std::uint8_t, 2> port{};
  store_be(Bytes{port}, announcement.port);
  content.insert(content.end(), port.begin(), port.end());
  auto datagram = header(key_ ? kSealed : kOpen);
  if (key_) {
    content = crypto::seal(key_->view(), datagram, content, random);
  }
  datagram.insert(datagram.end(), content.begin(), content.end());
  return datagram;
}

result<LanAnnouncement> LanCodec::decode(ConstBytes datagram) const {
  if (datagram.size() > kLanBytesMax) {
    return errc::too_large;
  }
  if (datagram.size() < kHeaderBytes) {
    return errc::truncated;
  }
  const auto front = datagram.first(kHeaderBytes);
  const auto body = datagram.subspan(kHeaderBytes);
  if (!std::ranges::equal(front.first(kMagic.size()), kMagic)) {
    return errc::malformed;
  }
  if (front[kMagic.size()] != kVersion) {
    return errc::unsupported;
  }
  if (front.back() != (key_ ? kSealed : kOpen)) {
    return errc::malformed;
  }
  if (!key_) {
    return read_content(body);
  }
  const auto content = crypto::open(key_->view(), front, body);
  return content ? read_content(*content) : result<LanAnnouncement>{content.error()};
}

}  // namespace quicether::record
