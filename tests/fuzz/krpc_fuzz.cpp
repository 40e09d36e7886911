#include <quicether/base/assert.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/dht/krpc.hpp>
#include <quicether/core/dht/node.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

using namespace quicether;
using namespace quicether::dht;

namespace {

std::array<std::uint8_t, 65536> buffer;

// Whatever a message said, saying it ourselves is well-formed, and means the same.
void check(const Query& query) {
  if (query.method == Method::unknown) {
    return;
  }
  const auto bytes = encode(query, buffer);
  if (bytes.empty()) {
    return;  // longer than a message of ours may be
  }
  const auto again = std::get<Query>(decode(bytes).value());
  QE_ASSERT(again.method == query.method && again.id == query.id);
  QE_ASSERT(again.target == query.target && again.port == query.port && again.cas == query.cas);
  QE_ASSERT(again.item.author == query.item.author);
  QE_ASSERT(as_text(again.item.value) == as_text(query.item.value));
  QE_ASSERT(as_text(again.token) == as_text(query.token));
}

void check(const Response& response) {
  const auto nodes = parse_compact_nodes(response.nodes, Family::v4, 16);
  QE_ASSERT(nodes.size() <= 16);
  (void)parse_compact_nodes(response.nodes6, Family::v6, 16);
  if (response.values) {
    auto walk = response.values->items();
    while (const auto value = walk.next()) {
      if (const auto text = value->string()) {
        (void)parse_compact(*text);
      }
    }
  }
  const auto bytes = encode(response, {}, buffer);
  if (!bytes.empty()) {
    const auto again = std::get<Response>(decode(bytes).value());
    QE_ASSERT(again.id == response.id && again.seq == response.seq);
    QE_ASSERT(again.your_address == response.your_address);
    QE_ASSERT(as_text(again.nodes) == as_text(response.nodes));
  }
}

void check(const ErrorReply& error) {
  const auto bytes = encode(error, buffer);
  QE_ASSERT(bytes.empty() || std::get<ErrorReply>(decode(bytes).value()).code == error.code);
}

// Fast, and wrong: signatures are whatever they say.
class NoCrypto final : public ItemCrypto {
 public:
  [[nodiscard]] Id sha1(ConstBytes message) const noexcept override {
    Id id;
    for (std::size_t i = 0; i < message.size(); ++i) {
      auto& byte = id.bytes[i % kIdBytes];
      byte = static_cast<std::uint8_t>(byte * 31U + message[i]);
    }
    return id;
  }

  [[nodiscard]] bool verify(const PublicKey&,
                            ConstBytes,
                            const Signature&) const noexcept override {
    return true;
  }
};

// A whole node gets the bytes, twice: it answers queries only, at most once each, besides asking
// the sender back, and what it says is well-formed.
void check_node(ConstBytes datagram, bool is_query) {
  const NoCrypto crypto;
  SeededRandom random{1};
  const Instant now{std::chrono::hours{1}};
  const SocketAddress from{IpAddress::v4({198, 51, 100, 7}), 6881};
  Node node{{}, crypto, random, now};
  for (int i = 0; i < 2; ++i) {
    node.on_datagram(now, from, datagram);
    const auto sent = node.poll_transmit();
    QE_ASSERT(sent.size() <= (is_query ? 2U : 0U));
    for (const auto& message : sent) {
      QE_ASSERT(message.remote == from);
      QE_ASSERT(message.bytes.size() <= kMessageBytesMax);
      QE_ASSERT(decode(message.bytes).has_value());
      QE_ASSERT(BencodeValue::parse(message.bytes)->canonical());
    }
    node.consume_transmit(sent.size());
  }
  node.on_timeout(now + std::chrono::seconds{30});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = decode({data, size});
  if (message) {
    std::visit([](const auto& one) { check(one); }, *message);
  }
  check_node({data, size}, message && std::holds_alternative<Query>(*message));
  return 0;
}
