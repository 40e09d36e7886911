#include <quicether/core/dht/krpc.hpp>

#include <limits>
#include <utility>

namespace quicether::dht {

namespace {

/// Fixed-size strings: nothing when the value is no string of that size.
std::optional<Id> as_id(const BencodeValue& value) noexcept {
  const auto bytes = value.string();
  return bytes && bytes->size() == kIdBytes ? std::optional{Id::from_bytes(*bytes)} : std::nullopt;
}

template <typename Array>
bool copy_exactly(const BencodeValue& value, Array& out) noexcept {
  const auto bytes = value.string();
  if (!bytes || bytes->size() != out.size()) {
    return false;
  }
  copy_bytes(*bytes, out);
  return true;
}

ConstBytes as_string(const BencodeValue& value) noexcept {
  return value.string().value_or(ConstBytes{});
}

Method method_of(std::string_view name) noexcept {
  constexpr std::array<std::pair<std::string_view, Method>, 6> kNames = {{
      {"ping", Method::ping},
      {"find_node", Method::find_node},
      {"get_peers", Method::get_peers},
      {"announce_peer", Method::announce_peer},
      {"get", Method::get},
      {"put", Method::put},
  }};
  for (const auto& [known, method] : kNames) {
    if (known == name) {
      return method;
    }
  }
  return Method::unknown;
}

/// `k`, `seq` and `sig` belong together; each alone says nothing.
struct AuthorParts {
  ItemSignature author{};
  bool key = false;
  bool seq = false;
  bool signature = false;

  /// True when the key was one of the three.
  bool take(std::string_view name, const BencodeValue& value) noexcept {
    if (name == "k") {
      key = copy_exactly(value, author.key.bytes);
    } else if (name == "sig") {
      signature = copy_exactly(value, author.signature);
    } else if (name == "seq") {
      const auto number = value.integer();
      seq = number.has_value();
      author.seq = number.value_or(0);
    } else {
      return false;
    }
    return true;
  }

  [[nodiscard]] std::optional<ItemSignature> whole() const noexcept {
    return key && seq && signature ? std::optional{author} : std::nullopt;
  }
};

Want parse_want(const BencodeValue& value) noexcept {
  Want want;
  if (value.kind() == BencodeKind::list) {
    auto names = value.items();
    while (const auto name = names.next()) {
      const auto text = as_text(as_string(*name));
      want.v4 = want.v4 || text == "n4";
      want.v6 = want.v6 || text == "n6";
    }
  }
  return want;
}

result<void> parse_arguments(const BencodeValue& arguments, Query& query) noexcept {
  AuthorParts parts;
  std::optional<Id> id;
  auto walk = arguments.items();
  while (const auto key = walk.next()) {
    const auto value = *walk.next();
    const auto name = as_text(*key->string());
    if (name == "id") {
      id = as_id(value);
    } else if (name == "target" || name == "info_hash") {
      query.target = as_id(value);
    } else if (name == "token") {
      query.token = as_string(value);
    } else if (name == "port") {
      const auto port = value.integer();
      if (port && *port > 0 && *port <= std::numeric_limits<std::uint16_t>::max()) {
        query.port = static_cast<std::uint16_t>(*port);
      }
    } else if (name == "implied_port") {
      query.implied_port = value.integer().value_or(0) != 0;
    } else if (name == "want") {
      query.want = parse_want(value);
    } else if (name == "v") {
      query.item.value = value.encoded();
    } else if (name == "salt") {
      query.item.salt = as_string(value);
    } else if (name == "cas") {
      query.cas = value.integer();
    } else {
      (void)parts.take(name, value);
    }
  }
  if (!id) {
    return errc::malformed;
  }
  query.id = *id;
  query.item.author = parts.whole();
  query.partial_author = !query.item.author && (parts.key || parts.signature);
  if (parts.seq) {
    query.seq = parts.author.seq;
  }
  return {};
}

result<void> parse_values(const BencodeValue& values, Response& response) noexcept {
  AuthorParts parts;
  std::optional<Id> id;
  auto walk = values.items();
  while (const auto key = walk.next()) {
    const auto value = *walk.next();
    const auto name = as_text(*key->string());
    if (name == "id") {
      id = as_id(value);
    } else if (name == "nodes") {
      response.nodes = as_string(value);
    } else if (name == "nodes6") {
      response.nodes6 = as_string(value);
    } else if (name == "token") {
      response.token = as_string(value);
    } else if (name == "values") {
      response.values = value;
    } else if (name == "v") {
      response.item.value = value.encoded();
    } else {
      (void)parts.take(name, value);
    }
  }
  if (!id) {
    return errc::malformed;
  }
  response.id = *id;
  response.item.author = parts.whole();
  if (parts.seq) {
    response.seq = parts.author.seq;
  }
  return {};
}

/// The keys of the outermost dictionary that matter. `arguments` and `reply` are dictionaries.
struct Envelope {
  std::optional<BencodeValue> arguments, error, reply;
  ConstBytes query{}, transaction{}, version{}, ip{}, type{};
  bool read_only = false;
};

Envelope open(const BencodeValue& message) noexcept {
  Envelope found;
  auto walk = message.items();
  while (const auto key = walk.next()) {
    const auto value = *walk.next();
    const auto name = as_text(*key->string());
    const bool dictionary = value.kind() == BencodeKind::dictionary;
    if (name == "a" && dictionary) {
      found.arguments = value;
    } else if (name == "e") {
      found.error = value;
    } else if (name == "r" && dictionary) {
      found.reply = value;
    } else if (name == "q") {
      found.query = as_string(value);
    } else if (name == "t") {
      found.transaction = as_string(value);
    } else if (name == "v") {
      found.version = as_string(value);
    } else if (name == "ip") {
      found.ip = as_string(value);
    } else if (name == "y") {
      found.type = as_string(value);
    } else if (name == "ro") {
      found.read_only = value.integer().value_or(0) != 0;
    }
  }
  return found;
}

result<Message> make_query(const Envelope& envelope) noexcept {
  if (!envelope.arguments || envelope.query.empty()) {
    return errc::malformed;
  }
  Query query;
  query.transaction = envelope.transaction;
  query.method = method_of(as_text(envelope.query));
  query.read_only = envelope.read_only;
  if (const auto parsed = parse_arguments(*envelope.arguments, query); !parsed) {
    return parsed.error();
  }
  return query;
}

result<Message> make_response(const Envelope& envelope) noexcept {
  if (!envelope.reply) {
    return errc::malformed;
  }
  Response response;
  response.transaction = envelope.transaction;
  response.version = envelope.version;
  if (const auto address = parse_compact(envelope.ip)) {
    response.your_address = *address;
  }
  if (const auto parsed = parse_values(*envelope.reply, response); !parsed) {
    return parsed.error();
  }
  return response;
}

result<Message> make_error(const Envelope& envelope) noexcept {
  ErrorReply error;
  error.transaction = envelope.transaction;
  if (envelope.error && envelope.error->kind() == BencodeKind::list) {
    auto walk = envelope.error->items();
    if (const auto code = walk.next()) {
      error.code = code->integer().value_or(0);
    }
    if (const auto text = walk.next()) {
      error.text = as_text(as_string(*text));
    }
  }
  return error;
}

}  // namespace

result<Message> decode(ConstBytes datagram) noexcept {
  const auto value = BencodeValue::parse(datagram);
  if (!value) {
    return value.error();
  }
  if (value->kind() != BencodeKind::dictionary) {
    return errc::malformed;
  }
  const auto envelope = open(*value);
  if (envelope.transaction.empty() || envelope.transaction.size() > kTransactionBytesMax) {
    return errc::malformed;
  }
  const auto type = as_text(envelope.type);
  if (type == "q") {
    return make_query(envelope);
  }
  if (type == "r") {
    return make_response(envelope);
  }
  return type == "e" ? make_error(envelope) : result<Message>{errc::malformed};
}

}  // namespace quicether::dht
