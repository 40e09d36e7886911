#ifndef QUICETHER_CORE_DHT_BENCODE_WRITER_HPP
#define QUICETHER_CORE_DHT_BENCODE_WRITER_HPP

#include <quicether/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quicether::dht {

/// Writes bencoded values into a buffer of fixed size. Keys are written in the caller's order,
/// which has to be the ascending one.
///
/// What does not fit is left out and remembered: ok() is then false and the text worthless.
class BencodeWriter {
 public:
  explicit BencodeWriter(Bytes out) noexcept : out_{out} {}

  BencodeWriter& open_dictionary() noexcept { return put('d'); }

  BencodeWriter& open_list() noexcept { return put('l'); }

  /// Ends the innermost list or dictionary.
  BencodeWriter& close() noexcept { return put('e'); }

  BencodeWriter& string(ConstBytes content) noexcept;

  BencodeWriter& string(std::string_view content) noexcept { return string(as_bytes(content)); }

  /// A key is a string; the name tells readers which of the two it is.
  BencodeWriter& key(std::string_view name) noexcept { return string(name); }

  BencodeWriter& integer(std::int64_t value) noexcept;

  /// Bytes that are bencoded already.
  BencodeWriter& encoded(ConstBytes bytes) noexcept;

  [[nodiscard]] bool ok() const noexcept { return !overflow_; }

  [[nodiscard]] ConstBytes written() const noexcept { return out_.first(size_); }

 private:
  BencodeWriter& put(char character) noexcept;
  void number(std::int64_t value) noexcept;

  Bytes out_;
  std::size_t size_ = 0;
  bool overflow_ = false;
};

}  // namespace quicether::dht

#endif  // QUICETHER_CORE_DHT_BENCODE_WRITER_HPP
