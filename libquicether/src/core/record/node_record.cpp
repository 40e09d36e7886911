#include "fields.hpp"

#include <quicether/core/record/node_record.hpp>

#include <array>
#include <string_view>

namespace quicether::record {

namespace {

constexpr std::string_view kMagic{"QN\x01", 3};  // the last byte is the version

constexpr std::uint64_t kCapabilitiesTag = 1;
constexpr std::uint64_t kEndpointTag = 2;

result<SocketAddress> read_endpoint(ConstBytes value) {
  wire::Reader reader{value};
  const auto port = reader.integer<std::uint16_t>();
  const auto address = IpAddress::from_bytes(reader.rest());
  if (!port || !address) {
    return errc::malformed;
  }
  return SocketAddress{*address, *port};
}

result<void> read_field(const Field& field, NodeRecord& record) {
  if (field.tag == kCapabilitiesTag) {
    wire::Reader reader{field.value};
    const auto bits = reader.varint();
    if (!bits || !reader.empty()) {
      return errc::malformed;
    }
    record.capabilities = *bits;
  } else if (field.tag == kEndpointTag) {
    const auto endpoint = read_endpoint(field.value);
    if (!endpoint) {
      return endpoint.error();
    }
    if (is_dialable(*endpoint) && record.endpoints.size() < kEndpointsMax) {
      record.endpoints.push_back(*endpoint);
    }
  }
  return {};
}

}  // namespace

bool is_dialable(const SocketAddress& endpoint) noexcept {
  const auto address = endpoint.address.unmapped();
  const auto first = address.bytes().front();
  return endpoint.port != 0 && address == endpoint.address && !address.is_unspecified() &&
         !address.is_loopback() && !address.is_multicast() && !address.is_link_local() &&
         (address.is_v6() || (first != 0 && first < 240));
}

ByteVector encode(const NodeRecord& record) {
  const auto magic = as_bytes(kMagic);
  ByteVector content{magic.begin(), magic.end()};
  ByteVector field;
  wire::append_varint(field, record.capabilities);
  append_field(content, kCapabilitiesTag, field);
  std::size_t count = 0;
  for (const auto& endpoint : record.endpoints) {
    if (!is_dialable(endpoint) || ++count > kEndpointsMax) {
      continue;
    }
    const auto address = endpoint.address.bytes();
    field.resize(sizeof(endpoint.port));
    store_be(Bytes{field}, endpoint.port);
    field.insert(field.end(), address.begin(), address.end());
    append_field(content, kEndpointTag, field);
  }
  return to_value(content);
}

result<NodeRecord> decode_node_record(ConstBytes value) {
  const auto content = content_of(value);
  if (!content) {
    return content.error();
  }
  const auto text = as_text(*content);
  if (text.size() < kMagic.size() || !text.starts_with(kMagic.substr(0, 2))) {
    return errc::malformed;
  }
  if (!text.starts_with(kMagic)) {
    return errc::unsupported;
  }
  NodeRecord record;
  wire::Reader reader{content->subspan(kMagic.size())};
  while (!reader.empty()) {
    const auto field = take_field(reader);
    const auto read = field ? read_field(*field, record) : result<void>{field.error()};
    if (!read) {
      return read.error();
    }
  }
  return record;
}

}  // namespace quicether::record
