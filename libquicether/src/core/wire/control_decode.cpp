#include "core/wire/control_tags.hpp"

#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/control_message.hpp>
#include <quicether/core/wire/varint.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace quicether::wire {
namespace {

struct Field {
  std::uint64_t tag = 0;
  ConstBytes value{};
};

// Fields and messages have the same form: a number, a size, and as many bytes.
result<Field> take_field(Reader& reader, std::uint64_t bytes_max) noexcept {
  const auto tag = reader.varint();
  if (!tag) {
    return tag.error();
  }
  const auto size = reader.varint();
  if (!size) {
    return size.error();
  }
  if (*size > bytes_max) {
    return errc::too_large;
  }
  const auto value = reader.bytes(*size);
  if (!value) {
    return value.error();
  }
  return Field{*tag, *value};
}

// A varint that fills its field.
result<std::uint64_t> read_number(ConstBytes value) noexcept {
  Reader reader{value};
  const auto number = reader.varint();
  if (!number || !reader.empty()) {
    return errc::malformed;
  }
  return number;
}

result<std::uint64_t> read_word(ConstBytes value) noexcept {
  if (value.size() != sizeof(std::uint64_t)) {
    return errc::malformed;
  }
  return load_be<std::uint64_t>(value);
}

template <std::size_t Size>
result<std::array<std::uint8_t, Size>> read_bytes(ConstBytes value) noexcept {
  std::array<std::uint8_t, Size> bytes{};
  if (value.size() != bytes.size()) {
    return errc::malformed;
  }
  std::ranges::copy(value, bytes.begin());
  return bytes;
}

result<std::string> read_secret(ConstBytes value) {
  if (value.empty() || value.size() > kSecretBytesMax) {
    return errc::malformed;
  }
  return std::string{as_text(value)};
}

result<std::string> read_name(ConstBytes value) {
  if (!is_node_name(as_text(value))) {
    return errc::malformed;
  }
  return std::string{as_text(value)};
}

result<Prefix> read_subnet(ConstBytes value) noexcept {
  Reader reader{value};
  const auto length = reader.integer<std::uint8_t>();
  const auto address = IpAddress::from_bytes(reader.rest());
  if (!length || !address) {
    return errc::malformed;
  }
  const auto prefix = Prefix::make(*address, *length);
  if (!prefix || prefix->address() != *address) {
    return errc::malformed;
  }
  return prefix;
}

result<SocketAddress> read_endpoint(ConstBytes value) noexcept {
  Reader reader{value};
  const auto port = reader.integer<std::uint16_t>();
  const auto address = IpAddress::from_bytes(reader.rest());
  if (!port || *port == 0 || !address) {
    return errc::malformed;
  }
  return SocketAddress{*address, *port};
}

// Stores a field that may be given once.
template <typename T>
result<void> set_once(std::optional<T>& field, const result<T>& value) {
  if (field || !value) {
    return errc::malformed;
  }
  field = *value;
  return {};
}

// Appends a field that may be given `count_max` times.
template <typename T>
result<void> append(std::vector<T>& list, std::size_t count_max, const result<T>& value) {
  if (list.size() == count_max || !value) {
    return errc::malformed;
  }
  list.push_back(*value);
  return {};
}

class HelloFields {
 public:
  result<void> take(const Field& field) {
    switch (field.tag) {
      case hello_tag::kVersionMin:
        return set_once(version_min_, read_number(field.value));
      case hello_tag::kVersionMax:
        return set_once(version_max_, read_number(field.value));
      case hello_tag::kBootId:
        return set_once(boot_id_, read_word(field.value));
      case hello_tag::kLinkId:
        return set_once(link_id_, read_word(field.value));
      case hello_tag::kPathId:
        return set_once(path_id_, read_number(field.value));
      case hello_tag::kCapabilities:
        return set_once(capabilities_, read_number(field.value));
      case hello_tag::kNetworkProof:
        return set_once(network_proof_, read_bytes<32>(field.value));
      case hello_tag::kShards:
        return set_once(shards_, read_number(field.value));
      case hello_tag::kLane:
        return set_once(lane_, read_number(field.value));
      default:
        return {};  // of a later version
    }
  }

  [[nodiscard]] result<ControlMessage> finish() const {
    constexpr std::uint64_t kByteMax = 255;
    const auto shards = shards_.value_or(1);
    const auto lane = lane_.value_or(0);
    if (!version_min_ || !version_max_ || !boot_id_ || !link_id_ || !path_id_ ||
        *version_min_ == 0 || *version_min_ > *version_max_ || *path_id_ > kByteMax ||
        shards == 0 || shards > kByteMax || lane >= kByteMax) {
      return errc::malformed;
    }
    return Hello{*version_min_,
                 *version_max_,
                 *boot_id_,
                 *link_id_,
                 narrow<std::uint8_t>(*path_id_),
                 capabilities_.value_or(0),
                 network_proof_,
                 narrow<std::uint8_t>(shards),
                 narrow<std::uint8_t>(lane)};
  }

 private:
  std::optional<std::uint64_t> version_min_{};
  std::optional<std::uint64_t> version_max_{};
  std::optional<std::uint64_t> boot_id_{};
  std::optional<std::uint64_t> link_id_{};
  std::optional<std::uint64_t> path_id_{};
  std::optional<std::uint64_t> capabilities_{};
  std::optional<std::array<std::uint8_t, 32>> network_proof_{};
  std::optional<std::uint64_t> shards_{};
  std::optional<std::uint64_t> lane_{};
};

class AnnounceFields {
 public:
  result<void> take(const Field& field) {
    switch (field.tag) {
      case announce_tag::kName:
        return set_once(name_, read_name(field.value));
      case announce_tag::kRole:
        return set_once(role_, read_number(field.value));
      case announce_tag::kAddress:
        return append(addresses_, kAddressesMax, IpAddress::from_bytes(field.value));
      case announce_tag::kSubnet:
        return append(subnets_, kSubnetsMax, read_subnet(field.value));
      case announce_tag::kEndpoint:
        return append(endpoints_, kEndpointsMax, read_endpoint(field.value));
      default:
        return {};  // of a later version
    }
  }

  [[nodiscard]] result<ControlMessage> finish() {
    return Announce{name_.value_or(std::string{}),
                    (role_.value_or(0) & kRoleGateway) != 0,
                    std::move(addresses_),
                    std::move(subnets_),
                    std::move(endpoints_)};
  }

 private:
  std::optional<std::string> name_{};
  std::optional<std::uint64_t> role_{};
  std::vector<IpAddress> addresses_{};
  std::vector<Prefix> subnets_{};
  std::vector<SocketAddress> endpoints_{};
};

class RedeemFields {
 public:
  result<void> take(const Field& field) {
    switch (field.tag) {
      case redeem_tag::kInvite:
        return set_once(invite_, read_bytes<8>(field.value));
      case redeem_tag::kProof:
        return set_once(proof_, read_bytes<32>(field.value));
      default:
        return {};  // of a later version
    }
  }

  [[nodiscard]] result<ControlMessage> finish() const {
    if (!invite_ || !proof_) {
      return errc::malformed;
    }
    return Redeem{*invite_, *proof_};
  }

 private:
  std::optional<std::array<std::uint8_t, 8>> invite_{};
  std::optional<std::array<std::uint8_t, 32>> proof_{};
};

class GrantFields {
 public:
  result<void> take(const Field& field) {
    switch (field.tag) {
      case grant_tag::kNetwork:
        return set_once(network_, read_name(field.value));
      case grant_tag::kSecret:
        return set_once(secret_, read_secret(field.value));
      default:
        return {};  // of a later version
    }
  }

  [[nodiscard]] result<ControlMessage> finish() const {
    if (!network_ || !secret_) {
      return errc::malformed;
    }
    return Grant{*network_, *secret_};
  }

 private:
  std::optional<std::string> network_{};
  std::optional<std::string> secret_{};
};

template <typename Fields>
result<std::optional<ControlMessage>> read_body(ConstBytes body) {
  Fields fields;
  Reader reader{body};
  while (!reader.empty()) {
    const auto field = take_field(reader, body.size());
    if (!field) {
      return errc::truncated;
    }
    if (auto taken = fields.take(*field); !taken) {
      return taken.error();
    }
  }
  auto message = fields.finish();
  if (!message) {
    return message.error();
  }
  return *std::move(message);
}

// Nothing for a type of a later version.
result<std::optional<ControlMessage>> decode(const Field& message) {
  switch (message.tag) {
    case message_type::kHello:
      return read_body<HelloFields>(message.value);
    case message_type::kAnnounce:
      return read_body<AnnounceFields>(message.value);
    case message_type::kRedeem:
      return read_body<RedeemFields>(message.value);
    case message_type::kGrant:
      return read_body<GrantFields>(message.value);
    default:
      return std::optional<ControlMessage>{};
  }
}

}  // namespace

bool is_node_name(std::string_view text) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= kNameBytesMax && std::ranges::all_of(text, allowed);
}

void ControlDecoder::feed(ConstBytes bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

result<std::optional<ControlMessage>> ControlDecoder::poll() {
  for (;;) {
    Reader reader{ConstBytes{buffer_}.subspan(read_)};
    const auto field = take_field(reader, kControlMessageBytesMax);
    if (!field && field.error() != errc::truncated) {
      return field.error();
    }
    if (!field) {
      forget_read();
      return std::optional<ControlMessage>{};
    }
    auto message = decode(*field);
    if (!message) {
      return message;  // read_ stays: the decoder repeats this error
    }
    read_ = buffer_.size() - reader.rest().size();
    if (*message) {
      return message;
    }
  }
}

void ControlDecoder::forget_read() {
  if (read_ == buffer_.size()) {
    buffer_ = ByteVector{};  // an idle session holds no memory
  } else {
    buffer_.erase(buffer_.begin(), buffer_.begin() + narrow<std::ptrdiff_t>(read_));
  }
  read_ = 0;
}

}  // namespace quicether::wire
