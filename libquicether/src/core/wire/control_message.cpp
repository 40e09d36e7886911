#include <quicether/base/assert.hpp>
#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/control_message.hpp>
#include <quicether/core/wire/varint.hpp>

#include <algorithm>

namespace quicether::wire {
namespace {

// Message types and field tags. Source: docs/spec/control-stream.md.
constexpr std::uint64_t kHelloType = 1;
constexpr std::uint64_t kAnnounceType = 2;

enum HelloTag : std::uint64_t {
  version_min = 1,
  version_max = 2,
  boot_id = 3,
  link_id = 4,
  path_id = 5,
  capabilities = 6,
  network_proof = 7,
};

enum AnnounceTag : std::uint64_t {
  name = 1,
  role = 2,
  address = 3,
  subnet = 4,
  endpoint = 5,
};

constexpr std::uint64_t kRoleGateway = 1;

// ---- Encoding
// ------------------------------------------------------------------------------------

// Room for the largest message: an ANNOUNCE with every list full takes under 6 KiB.
constexpr std::size_t kEncodedBytesMax = 8U << 10U;

void write_varint_field(Writer& writer, std::uint64_t tag, std::uint64_t value) noexcept {
  writer.varint(tag);
  writer.varint(varint_bytes(value));
  writer.varint(value);
}

void write_word_field(Writer& writer, std::uint64_t tag, std::uint64_t value) noexcept {
  writer.varint(tag);
  writer.varint(sizeof(value));
  writer.integer(value);
}

void write_bytes_field(Writer& writer, std::uint64_t tag, ConstBytes value) noexcept {
  writer.varint(tag);
  writer.sized_bytes(value);
}

result<void> check(const Hello& hello) noexcept {
  if (hello.version_min == 0 || hello.version_min > hello.version_max ||
      hello.version_max > kVarintMax || hello.capabilities > kVarintMax) {
    return errc::invalid_argument;
  }
  return {};
}

void write_body(Writer& writer, const Hello& hello) noexcept {
  write_varint_field(writer, HelloTag::version_min, hello.version_min);
  write_varint_field(writer, HelloTag::version_max, hello.version_max);
  write_word_field(writer, HelloTag::boot_id, hello.boot_id);
  write_word_field(writer, HelloTag::link_id, hello.link_id);
  write_varint_field(writer, HelloTag::path_id, hello.path_id);
  if (hello.capabilities != 0) {
    write_varint_field(writer, HelloTag::capabilities, hello.capabilities);
  }
  if (hello.network_proof) {
    write_bytes_field(writer, HelloTag::network_proof, *hello.network_proof);
  }
}

result<void> check(const Announce& announce) noexcept {
  if (announce.addresses.size() > kAnnouncedAddressesMax ||
      announce.subnets.size() > kAnnouncedSubnetsMax ||
      announce.endpoints.size() > kAnnouncedEndpointsMax) {
    return errc::too_large;
  }
  const auto has_no_port = [](const SocketAddress& endpoint) { return endpoint.port == 0; };
  if ((!announce.name.empty() && !valid_name(announce.name)) ||
      std::ranges::any_of(announce.endpoints, has_no_port)) {
    return errc::invalid_argument;
  }
  return {};
}

void write_body(Writer& writer, const Announce& announce) noexcept {
  if (!announce.name.empty()) {
    write_bytes_field(writer, AnnounceTag::name, as_bytes(announce.name));
  }
  if (announce.gateway) {
    write_varint_field(writer, AnnounceTag::role, kRoleGateway);
  }
  for (const auto& address : announce.addresses) {
    write_bytes_field(writer, AnnounceTag::address, address.bytes());
  }
  for (const auto& subnet : announce.subnets) {
    const auto bytes = subnet.address().bytes();
    writer.varint(AnnounceTag::subnet);
    writer.varint(1 + bytes.size());
    writer.integer(narrow<std::uint8_t>(subnet.length()));
    writer.bytes(bytes);
  }
  for (const auto& endpoint : announce.endpoints) {
    const auto bytes = endpoint.address.bytes();
    writer.varint(AnnounceTag::endpoint);
    writer.varint(2 + bytes.size());
    writer.integer(endpoint.port);
    writer.bytes(bytes);
  }
}

std::uint64_t type_of(const Hello& /*message*/) noexcept {
  return kHelloType;
}

std::uint64_t type_of(const Announce& /*message*/) noexcept {
  return kAnnounceType;
}

// ---- Decoding
// ------------------------------------------------------------------------------------

// A varint that fills its field.
result<std::uint64_t> whole_varint(ConstBytes value) noexcept {
  Reader reader{value};
  const auto number = reader.varint();
  if (!number || !reader.empty()) {
    return errc::malformed;
  }
  return number;
}

result<std::uint64_t> whole_word(ConstBytes value) noexcept {
  if (value.size() != sizeof(std::uint64_t)) {
    return errc::malformed;
  }
  return load_be<std::uint64_t>(value);
}

// Stores a field that may occur once.
template <typename T>
result<void> set_once(std::optional<T>& field, const result<T>& value) {
  if (field || !value) {
    return errc::malformed;
  }
  field = *value;
  return {};
}

// Appends to a list that has a bound.
template <typename T>
result<void> append(std::vector<T>& list, std::size_t size_max, const result<T>& value) {
  if (list.size() == size_max || !value) {
    return errc::malformed;
  }
  list.push_back(*value);
  return {};
}

// Calls `visit(tag, value)` for each field until one fails.
template <typename Visit>
result<void> for_each_field(ConstBytes body, Visit visit) {
  Reader reader{body};
  while (!reader.empty()) {
    const auto tag = reader.varint();
    const auto value = tag ? reader.sized_bytes() : result<ConstBytes>{errc::malformed};
    if (!value) {
      return errc::malformed;
    }
    if (auto visited = visit(*tag, *value); !visited) {
      return visited;
    }
  }
  return {};
}

class HelloReader {
 public:
  result<void> operator()(std::uint64_t tag, ConstBytes value) {
    switch (tag) {
      case HelloTag::version_min:
        return set_once(version_min_, whole_varint(value));
      case HelloTag::version_max:
        return set_once(version_max_, whole_varint(value));
      case HelloTag::boot_id:
        return set_once(boot_id_, whole_word(value));
      case HelloTag::link_id:
        return set_once(link_id_, whole_word(value));
      case HelloTag::path_id:
        return set_once(path_id_, whole_varint(value));
      case HelloTag::capabilities:
        return set_once(capabilities_, whole_varint(value));
      case HelloTag::network_proof:
        return set_once(network_proof_, proof(value));
      default:
        return {};  // a later version's field
    }
  }

  [[nodiscard]] result<Hello> finish() const {
    if (!version_min_ || !version_max_ || !boot_id_ || !link_id_ || !path_id_ || *path_id_ > 255) {
      return errc::malformed;
    }
    const Hello hello{*version_min_,
                      *version_max_,
                      *boot_id_,
                      *link_id_,
                      narrow<std::uint8_t>(*path_id_),
                      capabilities_.value_or(0),
                      network_proof_};
    if (!check(hello)) {
      return errc::malformed;
    }
    return hello;
  }

 private:
  using Proof = std::array<std::uint8_t, 32>;

  static result<Proof> proof(ConstBytes value) noexcept {
    Proof bytes{};
    if (value.size() != bytes.size()) {
      return errc::malformed;
    }
    std::ranges::copy(value, bytes.begin());
    return bytes;
  }

  std::optional<std::uint64_t> version_min_;
  std::optional<std::uint64_t> version_max_;
  std::optional<std::uint64_t> boot_id_;
  std::optional<std::uint64_t> link_id_;
  std::optional<std::uint64_t> path_id_;
  std::optional<std::uint64_t> capabilities_;
  std::optional<Proof> network_proof_;
};

class AnnounceReader {
 public:
  result<void> operator()(std::uint64_t tag, ConstBytes value) {
    switch (tag) {
      case AnnounceTag::name:
        return set_once(name_, name(value));
      case AnnounceTag::role:
        return set_once(role_, whole_varint(value));
      case AnnounceTag::address:
        return append(announce_.addresses, kAnnouncedAddressesMax, IpAddress::from_bytes(value));
      case AnnounceTag::subnet:
        return append(announce_.subnets, kAnnouncedSubnetsMax, subnet(value));
      case AnnounceTag::endpoint:
        return append(announce_.endpoints, kAnnouncedEndpointsMax, endpoint(value));
      default:
        return {};  // a later version's field
    }
  }

  [[nodiscard]] result<Announce> finish() {
    announce_.name = name_.value_or(std::string{});
    announce_.gateway = (role_.value_or(0) & kRoleGateway) != 0;
    return std::move(announce_);
  }

 private:
  static result<std::string> name(ConstBytes value) {
    const auto text = as_text(value);
    if (!valid_name(text)) {
      return errc::malformed;
    }
    return std::string{text};
  }

  static result<Prefix> subnet(ConstBytes value) noexcept {
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

  static result<SocketAddress> endpoint(ConstBytes value) noexcept {
    Reader reader{value};
    const auto port = reader.integer<std::uint16_t>();
    const auto address = IpAddress::from_bytes(reader.rest());
    if (!port || *port == 0 || !address) {
      return errc::malformed;
    }
    return SocketAddress{*address, *port};
  }

  Announce announce_;
  std::optional<std::string> name_;
  std::optional<std::uint64_t> role_;
};

template <typename FieldReader>
result<std::optional<ControlMessage>> read_body(ConstBytes body) {
  FieldReader fields;
  if (auto visited = for_each_field(body, std::ref(fields)); !visited) {
    return visited.error();
  }
  auto message = fields.finish();
  if (!message) {
    return message.error();
  }
  return std::optional<ControlMessage>{*std::move(message)};
}

// Nothing for a type that this version does not know.
result<std::optional<ControlMessage>> decode(std::uint64_t type, ConstBytes body) {
  switch (type) {
    case kHelloType:
      return read_body<HelloReader>(body);
    case kAnnounceType:
      return read_body<AnnounceReader>(body);
    default:
      return std::optional<ControlMessage>{};
  }
}

}  // namespace

result<void> encode(const ControlMessage& message, ByteVector& out) {
  return std::visit(
      [&out](const auto& body) -> result<void> {
        if (auto checked = check(body); !checked) {
          return checked;
        }
        std::array<std::uint8_t, kEncodedBytesMax> buffer;
        Writer body_writer{buffer};
        write_body(body_writer, body);
        QE_ASSERT(!body_writer.overflowed());
        std::array<std::uint8_t, 16> header_buffer;
        Writer header_writer{header_buffer};
        header_writer.varint(type_of(body));
        header_writer.varint(body_writer.written().size());
        out.insert(out.end(), header_writer.written().begin(), header_writer.written().end());
        out.insert(out.end(), body_writer.written().begin(), body_writer.written().end());
        return {};
      },
      message);
}

void ControlDecoder::feed(ConstBytes bytes) {
  if (!failed_) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
}

result<std::optional<ControlMessage>> ControlDecoder::poll() {
  while (!failed_) {
    Reader reader{ConstBytes{buffer_}.subspan(consumed_)};
    const auto type = reader.varint();
    const auto length = type ? reader.varint() : type;
    if (length && *length > kMessageBytesMax) {
      failed_ = true;
      break;
    }
    const auto body = length ? reader.bytes(*length) : result<ConstBytes>{errc::truncated};
    if (!body) {
      forget_consumed();
      return std::optional<ControlMessage>{};
    }
    consumed_ = buffer_.size() - reader.rest().size();
    auto message = decode(*type, *body);
    failed_ = message.has_error();
    if (message && *message) {
      return message;
    }
  }
  return errc::malformed;
}

void ControlDecoder::forget_consumed() {
  if (consumed_ == buffer_.size()) {
    buffer_ = ByteVector{};  // an idle session keeps no memory
  } else {
    buffer_.erase(buffer_.begin(), buffer_.begin() + narrow<std::ptrdiff_t>(consumed_));
  }
  consumed_ = 0;
}

}  // namespace quicether::wire
