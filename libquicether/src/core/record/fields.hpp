#ifndef QUICETHER_SRC_CORE_RECORD_FIELDS_HPP
#define QUICETHER_SRC_CORE_RECORD_FIELDS_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/core/wire/varint.hpp>

#include <cstdint>

namespace quicether::record {

/// The fields of a record, in the form that the control stream has: tag, length, value.
struct Field {
  std::uint64_t tag = 0;
  ConstBytes value{};
};

inline void append_field(ByteVector& out, std::uint64_t tag, ConstBytes value) {
  wire::append_varint(out, tag);
  wire::append_varint(out, value.size());
  out.insert(out.end(), value.begin(), value.end());
}

/// **Errors:** `truncated`.
[[nodiscard]] inline result<Field> take_field(wire::Reader& reader) {
  const auto tag = reader.varint();
  const auto size = tag ? reader.varint() : result<std::uint64_t>{tag.error()};
  const auto value = size ? reader.bytes(*size) : result<ConstBytes>{size.error()};
  if (!value) {
    return value.error();
  }
  return Field{*tag, *value};
}

/// A bencoded string with these bytes: what BEP 44 takes as a value.
[[nodiscard]] ByteVector to_value(ConstBytes content);

/// The bytes of a bencoded string, as a view of it. **Errors:** `malformed`.
[[nodiscard]] result<ConstBytes> content_of(ConstBytes value);

}  // namespace quicether::record

#endif  // QUICETHER_SRC_CORE_RECORD_FIELDS_HPP
