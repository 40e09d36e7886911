#include <quicether/base/address.hpp>
#include <quicether/base/assert.hpp>

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace quicether {
namespace {

// Decimal digits without sign, blank or superfluous zero, at most `max`.
std::optional<unsigned> parse_number(std::string_view text, unsigned max) noexcept {
  if (text.empty() || text.front() < '0' || text.front() > '9' ||
      (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  unsigned value = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || value > max) {
    return std::nullopt;
  }
  return value;
}

// Keeps the first `length` bits and clears the others.
IpAddress masked(const IpAddress& address, unsigned length) noexcept {
  QE_ASSERT(length <= address.bits());
  std::array<std::uint8_t, 16> bytes{};
  copy_bytes(address.bytes(), bytes);
  for (unsigned i = 0; i < address.bits() / 8; ++i) {
    const unsigned kept = length > 8 * i ? std::min(8U, length - 8 * i) : 0U;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
  }
  return address.is_v6() ? IpAddress::v6(bytes)
                         : IpAddress::v4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

struct AddressAndLength {
  IpAddress address{};
  unsigned length = 0;
};

// "address/length", or an address alone with its full length.
result<AddressAndLength> parse_with_length(std::string_view text) noexcept {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return address.error();
  }
  if (slash == std::string_view::npos) {
    return AddressAndLength{*address, address->bits()};
  }
  const auto length = parse_number(text.substr(slash + 1), address->bits());
  if (!length) {
    return errc::malformed;
  }
  return AddressAndLength{*address, *length};
}

}  // namespace

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> bytes) noexcept {
  IpAddress address;
  copy_bytes(bytes, address.bytes_);
  return address;
}

IpAddress IpAddress::v4(std::uint32_t value) noexcept {
  IpAddress address;
  store_be(Bytes{address.bytes_}, value);
  return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) noexcept {
  IpAddress address;
  address.v6_ = true;
  address.bytes_ = bytes;
  return address;
}

result<IpAddress> IpAddress::from_bytes(ConstBytes bytes) noexcept {
  if (bytes.size() != 4 && bytes.size() != 16) {
    return errc::malformed;
  }
  IpAddress address;
  address.v6_ = bytes.size() == 16;
  copy_bytes(bytes, address.bytes_);
  return address;
}

result<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  // inet_pton wants a terminator; a NUL inside the text would hide what follows it.
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return errc::malformed;
  }
  std::ranges::copy(text, terminated.begin());
  IpAddress address;
  address.v6_ = text.find(':') != std::string_view::npos;
  const int family = address.v6_ ? AF_INET6 : AF_INET;
  if (::inet_pton(family, terminated.data(), address.bytes_.data()) != 1) {
    return errc::malformed;
  }
  return address;
}

std::uint32_t IpAddress::to_v4_number() const noexcept {
  QE_ASSERT(is_v4());
  return load_be<std::uint32_t>(bytes_);
}

bool IpAddress::is_unspecified() const noexcept {
  return std::ranges::all_of(bytes_, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_loopback() const noexcept {
  if (is_v4()) {
    return bytes_[0] == 127;  // 127.0.0.0/8, RFC 1122 section 3.2.1.3
  }
  const auto zeros = ConstBytes{bytes_}.first(15);  // ::1, RFC 4291 section 2.5.3
  return bytes_[15] == 1 && std::ranges::all_of(zeros, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_multicast() const noexcept {
  return is_v4() ? (bytes_[0] & 0xf0U) == 0xe0U  // 224.0.0.0/4, RFC 1112 section 4
                 : bytes_[0] == 0xffU;           // ff00::/8, RFC 4291 section 2.7
}

bool IpAddress::is_link_local() const noexcept {
  return is_v4() ? bytes_[0] == 169 && bytes_[1] == 254                 // 169.254.0.0/16, RFC 3927
                 : bytes_[0] == 0xfeU && (bytes_[1] & 0xc0U) == 0x80U;  // fe80::/10, RFC 4291
}

IpAddress IpAddress::unmapped() const noexcept {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (is_v4() || !std::ranges::equal(ConstBytes{bytes_}.first(12), kMapped)) {
    return *this;
  }
  return v4({bytes_[12], bytes_[13], bytes_[14], bytes_[15]});
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = v6_ ? AF_INET6 : AF_INET;
  const auto* written = ::inet_ntop(family, bytes_.data(), text.data(), INET6_ADDRSTRLEN);
  QE_ASSERT(written != nullptr);
  return written;
}

result<SocketAddress> SocketAddress::parse(std::string_view text) noexcept {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return errc::malformed;
  }
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  const auto address = IpAddress::parse(host);
  const auto port = parse_number(text.substr(colon + 1), 0xffffU);
  // Brackets are what tells an IPv6 address from its port, so they belong to IPv6 and only to it.
  if (!address || !port || address->is_v6() != bracketed) {
    return errc::malformed;
  }
  return SocketAddress{*address, static_cast<std::uint16_t>(*port)};
}

std::string SocketAddress::to_string() const {
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), port)
                         : fmt::format("{}:{}", address.to_string(), port);
}

result<Prefix> Prefix::make(const IpAddress& address, unsigned length) noexcept {
  if (length > address.bits()) {
    return errc::invalid_argument;
  }
  Prefix prefix;
  prefix.address_ = masked(address, length);
  prefix.length_ = length;
  return prefix;
}

Prefix Prefix::host(const IpAddress& address) noexcept {
  Prefix prefix;
  prefix.address_ = address;
  prefix.length_ = address.bits();
  return prefix;
}

result<Prefix> Prefix::parse(std::string_view text) noexcept {
  const auto parsed = parse_with_length(text);
  if (!parsed) {
    return parsed.error();
  }
  const auto prefix = make(parsed->address, parsed->length);
  if (!prefix || prefix->address() != parsed->address) {
    return errc::malformed;
  }
  return prefix;
}

bool Prefix::contains(const IpAddress& address) const noexcept {
  return address.is_v6() == address_.is_v6() && masked(address, length_) == address_;
}

bool Prefix::contains(const Prefix& other) const noexcept {
  return other.length_ >= length_ && contains(other.address_);
}

std::string Prefix::to_string() const {
  return fmt::format("{}/{}", address_.to_string(), length_);
}

result<InterfaceAddress> InterfaceAddress::parse(std::string_view text) noexcept {
  const auto parsed = parse_with_length(text);
  if (!parsed) {
    return parsed.error();
  }
  return InterfaceAddress{parsed->address, parsed->length};
}

Prefix InterfaceAddress::network() const noexcept {
  const auto network = Prefix::make(address, prefix_length);
  QE_ASSERT(network.has_value());
  return *network;
}

std::string InterfaceAddress::to_string() const {
  return fmt::format("{}/{}", address.to_string(), prefix_length);
}

}  // namespace quicether
