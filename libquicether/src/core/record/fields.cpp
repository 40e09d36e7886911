#include "fields.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/dht/bencode.hpp>
#include <quicether/core/dht/bencode_writer.hpp>
#include <quicether/core/dht/item.hpp>

#include <array>

namespace quicether::record {

ByteVector to_value(ConstBytes content) {
  std::array<std::uint8_t, dht::kValueBytesMax> buffer{};
  dht::BencodeWriter writer{buffer};
  writer.string(content);
  QE_ASSERT(writer.ok());
  const auto written = writer.written();
  return {written.begin(), written.end()};
}

result<ConstBytes> content_of(ConstBytes value) {
  const auto parsed = dht::BencodeValue::parse(value);
  const auto content = parsed ? parsed->string() : std::nullopt;
  if (!content || value.size() > dht::kValueBytesMax) {
    return errc::malformed;
  }
  return *content;
}

}  // namespace quicether::record
