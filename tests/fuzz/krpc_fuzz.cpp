#include <quicether/base/assert.hpp>
#include <quicether/core/dht/krpc.hpp>

#include <array>
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto message = decode({data, size})) {
    std::visit([](const auto& one) { check(one); }, *message);
  }
  return 0;
}
