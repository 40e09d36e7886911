#include "core/wire/control_tags.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/base/narrow.hpp>
#include <quicether/core/wire/control_message.hpp>
#include <quicether/core/wire/varint.hpp>

#include <algorithm>
#include <array>
#include <span>

namespace quicether::wire {
namespace {

void append(ByteVector& out, ConstBytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_field(ByteVector& out, std::uint64_t tag, ConstBytes value) {
  append_varint(out, tag);
  append_varint(out, value.size());
  append(out, value);
}

void append_number(ByteVector& out, std::uint64_t tag, std::uint64_t value) {
  append_varint(out, tag);
  append_varint(out, varint_size(value));
  append_varint(out, value);
}

void append_word(ByteVector& out, std::uint64_t tag, std::uint64_t value) {
  std::array<std::uint8_t, sizeof(value)> bytes{};
  store_be(Bytes{bytes}, value);
  append_field(out, tag, bytes);
}

// An address behind a big-endian number: a prefix with its length, an endpoint with its port.
template <typename Integer>
void append_address(ByteVector& out, std::uint64_t tag, Integer number, const IpAddress& address) {
  std::array<std::uint8_t, sizeof(Integer)> bytes{};
  store_be(Bytes{bytes}, number);
  append_varint(out, tag);
  append_varint(out, bytes.size() + address.bytes().size());
  append(out, bytes);
  append(out, address.bytes());
}

template <typename T>
std::span<const T> first_of(const std::vector<T>& list, std::size_t count_max) noexcept {
  return std::span{list}.first(std::min(list.size(), count_max));
}

ByteVector body_of(const Hello& hello) {
  QE_ASSERT(hello.version_min != 0 && hello.version_min <= hello.version_max);
  QE_ASSERT(hello.shards != 0);
  ByteVector body;
  append_number(body, hello_tag::kVersionMin, hello.version_min);
  append_number(body, hello_tag::kVersionMax, hello.version_max);
  append_word(body, hello_tag::kBootId, hello.boot_id);
  append_word(body, hello_tag::kLinkId, hello.link_id);
  append_number(body, hello_tag::kPathId, hello.path_id);
  if (hello.capabilities != 0) {
    append_number(body, hello_tag::kCapabilities, hello.capabilities);
  }
  if (hello.network_proof) {
    append_field(body, hello_tag::kNetworkProof, *hello.network_proof);
  }
  if (hello.shards != 1) {
    append_number(body, hello_tag::kShards, hello.shards);
  }
  if (hello.lane != 0) {
    append_number(body, hello_tag::kLane, hello.lane);
  }
  return body;
}

ByteVector body_of(const Announce& announce) {
  QE_ASSERT(announce.name.empty() || is_node_name(announce.name));
  ByteVector body;
  if (!announce.name.empty()) {
    append_field(body, announce_tag::kName, as_bytes(announce.name));
  }
  if (announce.gateway) {
    append_number(body, announce_tag::kRole, kRoleGateway);
  }
  for (const auto& address : first_of(announce.addresses, kAddressesMax)) {
    append_field(body, announce_tag::kAddress, address.bytes());
  }
  for (const auto& subnet : first_of(announce.subnets, kSubnetsMax)) {
    const auto length = narrow<std::uint8_t>(subnet.length());
    append_address(body, announce_tag::kSubnet, length, subnet.address());
  }
  for (const auto& endpoint : first_of(announce.endpoints, kEndpointsMax)) {
    QE_ASSERT(endpoint.port != 0);
    append_address(body, announce_tag::kEndpoint, endpoint.port, endpoint.address);
  }
  return body;
}

ByteVector body_of(const Redeem& redeem) {
  ByteVector body;
  append_field(body, redeem_tag::kInvite, redeem.invite);
  append_field(body, redeem_tag::kProof, redeem.proof);
  return body;
}

ByteVector body_of(const Grant& grant) {
  QE_ASSERT(is_node_name(grant.network) && !grant.secret.empty() &&
            grant.secret.size() <= kSecretBytesMax);
  ByteVector body;
  append_field(body, grant_tag::kNetwork, as_bytes(grant.network));
  append_field(body, grant_tag::kSecret, as_bytes(grant.secret));
  return body;
}

std::uint64_t type_of(const Hello& /*hello*/) noexcept {
  return message_type::kHello;
}

std::uint64_t type_of(const Announce& /*announce*/) noexcept {
  return message_type::kAnnounce;
}

std::uint64_t type_of(const Redeem& /*redeem*/) noexcept {
  return message_type::kRedeem;
}

std::uint64_t type_of(const Grant& /*grant*/) noexcept {
  return message_type::kGrant;
}

}  // namespace

void encode(const ControlMessage& message, ByteVector& out) {
  std::visit(
      [&out](const auto& kind) {
        const auto body = body_of(kind);
        QE_ASSERT(body.size() <= kControlMessageBytesMax);
        append_field(out, type_of(kind), body);
      },
      message);
}

}  // namespace quicether::wire
