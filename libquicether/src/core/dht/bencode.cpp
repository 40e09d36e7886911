#include <quicether/core/dht/bencode.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace quicether::dht {

namespace {

/// One piece of a text: a whole integer or string, or one character that opens or closes.
struct Token {
  enum class Kind : std::uint8_t { integer, string, open_list, open_dictionary, close };

  Kind kind{};
  std::size_t bytes = 0;     ///< how much of the text it is
  ConstBytes content{};      ///< of a string
  std::int64_t integer = 0;  ///< of an integer
};

bool is_digit(std::uint8_t byte) noexcept {
  return byte >= '0' && byte <= '9';
}

/// "0" or digits that do not begin with it; `text` has only digits.
bool shortest(std::string_view digits) noexcept {
  return !digits.empty() && (digits.size() == 1 || digits.front() != '0');
}

/// No valid length or integer has more characters: "-9223372036854775808".
constexpr std::size_t kNumberCharactersMax = 20;

result<Token> lex_integer(ConstBytes text) noexcept {
  const auto body = text.subspan(1);
  const auto window = body.first(std::min(body.size(), kNumberCharactersMax + 1));
  const auto end = std::ranges::find(window, std::uint8_t{'e'});
  if (end == window.end()) {
    return window.size() < body.size() ? errc::malformed : errc::truncated;
  }
  const auto number = as_text(window.first(static_cast<std::size_t>(end - window.begin())));
  const bool negative = number.starts_with('-');
  const auto digits = number.substr(negative ? 1 : 0);
  Token token{.kind = Token::Kind::integer, .bytes = number.size() + 2};
  const auto [stop, error] =
      std::from_chars(number.data(), number.data() + number.size(), token.integer);
  if (error != std::errc{} || stop != number.data() + number.size() || !shortest(digits) ||
      (negative && token.integer == 0)) {
    return errc::malformed;
  }
  return token;
}

result<Token> lex_string(ConstBytes text) noexcept {
  std::size_t length = 0;
  std::size_t at = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    length = length * 10 + (text[at] - std::size_t{'0'});
    if (length > text.size()) {
      return errc::truncated;  // also keeps the sum from overflowing
    }
  }
  if (!shortest(as_text(text.first(at)))) {
    return errc::malformed;
  }
  if (at == text.size()) {
    return errc::truncated;
  }
  if (text[at] != ':') {
    return errc::malformed;
  }
  if (length > text.size() - at - 1) {
    return errc::truncated;
  }
  return Token{.kind = Token::Kind::string,
               .bytes = at + 1 + length,
               .content = text.subspan(at + 1, length)};
}

result<Token> lex(ConstBytes text) noexcept {
  if (text.empty()) {
    return errc::truncated;
  }
  switch (text.front()) {
    case 'i':
      return lex_integer(text);
    case 'l':
      return Token{.kind = Token::Kind::open_list, .bytes = 1};
    case 'd':
      return Token{.kind = Token::Kind::open_dictionary, .bytes = 1};
    case 'e':
      return Token{.kind = Token::Kind::close, .bytes = 1};
    default:
      return is_digit(text.front()) ? lex_string(text) : result<Token>{errc::malformed};
  }
}

/// Reads one value token by token and keeps what must hold between them.
class Scan {
 public:
  /// Takes the next token; afterwards done() may be true.
  result<void> take(const Token& token) noexcept {
    const bool key_due = depth_ > 0 && top().dictionary && !top().key_seen;
    if (token.kind == Token::Kind::close) {
      if (depth_ == 0 || (top().dictionary && top().key_seen)) {
        return errc::malformed;  // nothing to close, or a key without a value
      }
      --depth_;
    } else if (key_due) {
      return take_key(token);
    } else if (token.kind != Token::Kind::integer && token.kind != Token::Kind::string) {
      if (depth_ == kBencodeDepthMax) {
        return errc::too_large;
      }
      levels_[depth_++] = {.dictionary = token.kind == Token::Kind::open_dictionary};
      return {};
    }
    end_value();
    return {};
  }

  [[nodiscard]] bool done() const noexcept { return done_; }

  [[nodiscard]] bool sorted() const noexcept { return sorted_; }

 private:
  struct Level {
    bool dictionary = false;
    bool key_seen = false;  ///< a value must follow
    bool any = false;
    ConstBytes last_key{};
  };

  Level& top() noexcept { return levels_[depth_ - 1]; }

  result<void> take_key(const Token& token) noexcept {
    if (token.kind != Token::Kind::string) {
      return errc::malformed;
    }
    auto& level = top();
    sorted_ = sorted_ && (!level.any || as_text(level.last_key) < as_text(token.content));
    level.last_key = token.content;
    level.any = true;
    level.key_seen = true;
    return {};
  }

  void end_value() noexcept {
    if (depth_ == 0) {
      done_ = true;
    } else {
      top().key_seen = false;
    }
  }

  std::array<Level, kBencodeDepthMax> levels_;
  std::size_t depth_ = 0;
  bool sorted_ = true;
  bool done_ = false;
};

/// Bytes of the value at the front of checked text.
std::size_t value_bytes(ConstBytes text) noexcept {
  std::size_t at = 0;
  std::size_t depth = 0;
  do {
    const auto token = lex(text.subspan(at));
    if (!token) {
      return text.size();  // cannot be: the text was checked
    }
    at += token->bytes;
    if (token->kind == Token::Kind::close) {
      --depth;
    } else if (token->kind == Token::Kind::open_list ||
               token->kind == Token::Kind::open_dictionary) {
      ++depth;
    }
  } while (depth > 0);
  return at;
}

}  // namespace

result<BencodeValue> BencodeValue::parse(ConstBytes bytes) noexcept {
  Scan scan;
  std::size_t at = 0;
  while (!scan.done()) {
    const auto token = lex(bytes.subspan(at));
    if (!token) {
      return token.error();
    }
    if (const auto taken = scan.take(*token); !taken) {
      return taken.error();
    }
    at += token->bytes;
  }
  if (at != bytes.size()) {
    return errc::malformed;
  }
  return BencodeValue{bytes};
}

BencodeKind BencodeValue::kind() const noexcept {
  switch (encoded_.front()) {
    case 'i':
      return BencodeKind::integer;
    case 'l':
      return BencodeKind::list;
    case 'd':
      return BencodeKind::dictionary;
    default:
      return BencodeKind::string;
  }
}

bool BencodeValue::canonical() const noexcept {
  Scan scan;
  for (std::size_t at = 0; at < encoded_.size();) {
    const auto token = lex(encoded_.subspan(at));
    if (!token || !scan.take(*token)) {
      return false;
    }
    at += token->bytes;
  }
  return scan.sorted();
}

std::optional<std::int64_t> BencodeValue::integer() const noexcept {
  const auto token = lex(encoded_);
  return token && token->kind == Token::Kind::integer ? std::optional{token->integer}
                                                      : std::nullopt;
}

std::optional<ConstBytes> BencodeValue::string() const noexcept {
  const auto token = lex(encoded_);
  return token && token->kind == Token::Kind::string ? std::optional{token->content} : std::nullopt;
}

BencodeItems BencodeValue::items() const noexcept {
  const bool container = kind() == BencodeKind::list || kind() == BencodeKind::dictionary;
  return BencodeItems{container ? encoded_.subspan(1, encoded_.size() - 2) : ConstBytes{}};
}

std::optional<BencodeValue> BencodeValue::find(std::string_view key) const noexcept {
  if (kind() != BencodeKind::dictionary) {
    return std::nullopt;
  }
  auto walk = items();
  while (const auto name = walk.next()) {
    const auto value = walk.next();
    if (as_text(*name->string()) == key) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<BencodeValue> BencodeItems::next() noexcept {
  if (rest_.empty()) {
    return std::nullopt;
  }
  const auto bytes = value_bytes(rest_);
  const BencodeValue value{rest_.first(bytes)};
  rest_ = rest_.subspan(bytes);
  return value;
}

}  // namespace quicether::dht
