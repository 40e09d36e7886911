#include <quicether/core/dht/bencode_writer.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace quicether::dht {

BencodeWriter& BencodeWriter::put(char character) noexcept {
  const auto byte = static_cast<std::uint8_t>(character);
  return encoded({&byte, 1});
}

void BencodeWriter::number(std::int64_t value) noexcept {
  std::array<char, 20> text{};  // "-9223372036854775808"
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  encoded(as_bytes({text.data(), static_cast<std::size_t>(end - text.data())}));
}

BencodeWriter& BencodeWriter::string(ConstBytes content) noexcept {
  number(static_cast<std::int64_t>(content.size()));
  return put(':').encoded(content);
}

BencodeWriter& BencodeWriter::integer(std::int64_t value) noexcept {
  put('i');
  number(value);
  return put('e');
}

BencodeWriter& BencodeWriter::encoded(ConstBytes bytes) noexcept {
  if (bytes.size() > out_.size() - size_) {
    overflow_ = true;
    return *this;
  }
  copy_bytes(bytes, out_.subspan(size_));
  size_ += bytes.size();
  return *this;
}

}  // namespace quicether::dht
