#ifndef QUICETHER_SRC_MGMT_CONFIG_CODECS_HPP
#define QUICETHER_SRC_MGMT_CONFIG_CODECS_HPP

#include "mgmt/config_value.hpp"

#include <quicether/base/time.hpp>
#include <quicether/mgmt/config.hpp>
#include <quicether/mgmt/text.hpp>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Codecs: how each type of a Config member is read from a value and written back. A codec has
///
///   using Value;                                         the member's type
///   static constexpr ValueShape kShape;                  how environment and flags spell it
///   static std::string one();                            "an integer from 1 to 9"
///   static std::string many();                           "integers from 1 to 9" (only list items)
///   static bool read(const ValueInput&, Value&);         complains and returns false if wrong
///   static boost::json::value write(const Value&);       null when unset
namespace quicether::mgmt {

/// What a text may be, and how diagnostics call it.
struct TextRule {
  bool (*accepts)(std::string_view) noexcept = nullptr;
  std::string_view one{};
  std::string_view many{};
};

/// Texts that a rule accepts, kept as they are.
template <const TextRule& Rule>
struct TextCodec {
  using Value = std::string;
  static constexpr ValueShape kShape = ValueShape::text;

  static std::string one() { return std::string{Rule.one}; }

  static std::string many() { return std::string{Rule.many}; }

  static bool read(const ValueInput& input, Value& out) {
    const auto* text = input.text();
    if (text == nullptr || !Rule.accepts(*text)) {
      return input.expected(Rule.one);
    }
    out = std::string{std::string_view{*text}};
    return true;
  }

  static boost::json::value write(const Value& value) {
    return value.empty() ? boost::json::value{} : boost::json::value(value);
  }
};

/// Texts that T::parse() reads and T::to_string() writes.
template <typename T, const TextRule& Rule>
struct ParsedCodec {
  using Value = T;
  static constexpr ValueShape kShape = ValueShape::text;

  static std::string one() { return std::string{Rule.one}; }

  static std::string many() { return std::string{Rule.many}; }

  static bool read(const ValueInput& input, Value& out) {
    const auto* text = input.text();
    auto parsed = text == nullptr ? result<T>{errc::malformed} : T::parse(*text);
    if (!parsed) {
      return input.expected(Rule.one);
    }
    out = std::move(*parsed);
    return true;
  }

  static boost::json::value write(const Value& value) {
    return boost::json::value(value.to_string());
  }
};

struct BooleanCodec {
  using Value = bool;
  static constexpr ValueShape kShape = ValueShape::boolean;

  static std::string one() { return "true or false"; }

  static bool read(const ValueInput& input, Value& out);

  static boost::json::value write(const Value& value) { return value; }
};

/// Reads an integer in a range; complains and returns nothing otherwise.
[[nodiscard]] std::optional<std::int64_t> read_integer(const ValueInput& input,
                                                       std::int64_t min,
                                                       std::int64_t max);

template <typename T, std::int64_t Min, std::int64_t Max>
struct IntegerCodec {
  using Value = T;
  static constexpr ValueShape kShape = ValueShape::integer;

  static std::string one() { return fmt::format("an integer from {} to {}", Min, Max); }

  static std::string many() { return fmt::format("integers from {} to {}", Min, Max); }

  static bool read(const ValueInput& input, Value& out) {
    const auto number = read_integer(input, Min, Max);
    if (number) {
      out = static_cast<T>(*number);
    }
    return number.has_value();
  }

  static boost::json::value write(const Value& value) { return static_cast<std::int64_t>(value); }
};

using ChoiceNames = std::span<const std::string_view>;

/// "one of "a", "b""
[[nodiscard]] std::string describe_choices(ChoiceNames names);

/// The index of the chosen name; complains and returns nothing if it is none of them.
[[nodiscard]] std::optional<std::size_t> read_choice(const ValueInput& input, ChoiceNames names);

/// An enumeration whose enumerators 0, 1, … have the names of the array.
template <typename Enum, const auto& Names>
struct ChoiceCodec {
  using Value = Enum;
  static constexpr ValueShape kShape = ValueShape::text;

  static std::string one() { return describe_choices(Names); }

  static bool read(const ValueInput& input, Value& out) {
    const auto index = read_choice(input, Names);
    if (index) {
      out = static_cast<Enum>(*index);
    }
    return index.has_value();
  }

  static boost::json::value write(const Value& value) {
    return boost::json::value(Names[static_cast<std::size_t>(value)]);
  }
};

/// A file or folder; relative ones start from the folder of the file they are written in.
struct PathCodec {
  using Value = std::filesystem::path;
  static constexpr ValueShape kShape = ValueShape::text;

  static std::string one() { return "a path"; }

  static bool read(const ValueInput& input, Value& out);
  static boost::json::value write(const Value& value);
};

[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text) noexcept;
[[nodiscard]] std::string format_duration(Duration duration);

/// "500ms", "30s", "5m", in a range of milliseconds.
template <std::int64_t Min, std::int64_t Max>
struct DurationCodec {
  using Value = Duration;
  static constexpr ValueShape kShape = ValueShape::text;

  static std::string one() {
    return fmt::format("a time from \"{}\" to \"{}\"",
                       format_duration(std::chrono::milliseconds{Min}),
                       format_duration(std::chrono::milliseconds{Max}));
  }

  static bool read(const ValueInput& input, Value& out) {
    const auto* text = input.text();
    const auto parsed = text == nullptr ? std::nullopt : parse_duration(*text);
    if (!parsed || *parsed < std::chrono::milliseconds{Min} ||
        *parsed > std::chrono::milliseconds{Max}) {
      return input.expected(one());
    }
    out = *parsed;
    return true;
  }

  static boost::json::value write(const Value& value) {
    return boost::json::value(format_duration(value));
  }
};

/// A value that may be unset.
template <typename Codec>
struct OptionalCodec {
  using Value = std::optional<typename Codec::Value>;
  static constexpr ValueShape kShape = Codec::kShape;

  static std::string one() { return Codec::one(); }

  static bool read(const ValueInput& input, Value& out) {
    typename Codec::Value value{};
    if (!Codec::read(input, value)) {
      return false;
    }
    out = std::move(value);
    return true;
  }

  static boost::json::value write(const Value& value) {
    return value ? Codec::write(*value) : boost::json::value{};
  }
};

/// A list without duplicates.
template <typename Codec>
struct ListCodec {
  using Value = std::vector<typename Codec::Value>;
  static constexpr ValueShape kShape =
      Codec::kShape == ValueShape::integer ? ValueShape::integer_list : ValueShape::text_list;

  static std::string one() { return "a list of " + Codec::many(); }

  static bool read(const ValueInput& input, Value& out) {
    const auto* list = input.value().if_array();
    if (list == nullptr) {
      return input.expected(one());
    }
    out.clear();
    std::map<std::string, std::size_t> seen;  // what was read, in one spelling
    bool good = true;
    for (std::size_t i = 0; i < list->size(); ++i) {
      const auto part = input.part(i, (*list)[i]);
      typename Codec::Value value{};
      if (!Codec::read(part, value)) {
        good = false;
        continue;
      }
      const auto [first, added] = seen.try_emplace(boost::json::serialize(Codec::write(value)), i);
      if (!added) {
        good = part.wrong(fmt::format("found {} twice, expected no duplicates", first->first));
        continue;
      }
      out.push_back(std::move(value));
    }
    return good;
  }

  static boost::json::value write(const Value& value) {
    boost::json::array list;
    for (const auto& part : value) {
      list.push_back(Codec::write(part));
    }
    return list;
  }
};

/// A list that may be written as its only item.
template <typename Codec>
struct OneOrListCodec : ListCodec<Codec> {
  using Value = typename ListCodec<Codec>::Value;

  static std::string one() { return Codec::one() + ", or a list of them"; }

  static bool read(const ValueInput& input, Value& out) {
    if (input.value().is_array()) {
      return ListCodec<Codec>::read(input, out);
    }
    typename Codec::Value value{};
    if (input.value().is_object() || !Codec::read(input, value)) {
      return input.value().is_object() ? input.expected(one()) : false;
    }
    out = {std::move(value)};
    return true;
  }
};

/// A CIDR block; one with host bits is answered with the block that was probably meant.
struct PrefixCodec {
  using Value = Prefix;
  static constexpr ValueShape kShape = ValueShape::text;

  static std::string one() { return "a CIDR block such as \"10.1.0.0/16\""; }

  static std::string many() { return "CIDR blocks such as \"10.1.0.0/16\""; }

  static bool read(const ValueInput& input, Value& out);

  static boost::json::value write(const Value& value) {
    return boost::json::value(value.to_string());
  }
};

/// The overlay IPv4 address with the length of its network. The IPv6 one follows from the key.
struct OverlayAddressCodec {
  using Value = InterfaceAddress;
  static constexpr ValueShape kShape = ValueShape::text;

  static std::string one() { return "an IPv4 address and length such as \"100.64.0.1/16\""; }

  static bool read(const ValueInput& input, Value& out);

  static boost::json::value write(const Value& value) {
    return boost::json::value(value.to_string());
  }
};

/// Who is meant by an entry of a list of peers: never everybody, never this node.
struct PeerSubjectCodec {
  using Value = policy::Subject;
  static constexpr ValueShape kShape = ValueShape::text;

  static std::string one() {
    return "a NodeId, its first 4 or more digits, a public key or a name";
  }

  static std::string many() { return "NodeIds, public keys and names"; }

  static bool read(const ValueInput& input, Value& out);

  static boost::json::value write(const Value& value) {
    return boost::json::value(value.to_string());
  }
};

/// Bandwidth shares by interface.
struct WeightsCodec {
  using Value = std::map<std::string, double>;
  static constexpr ValueShape kShape = ValueShape::number_table;

  static std::string one() { return "a table of interface names and numbers above 0"; }

  static bool read(const ValueInput& input, Value& out);
  static boost::json::value write(const Value& value);
};

/// The `[[peer]]` tables.
struct PeersCodec {
  using Value = std::vector<PeerEntry>;
  static constexpr ValueShape kShape = ValueShape::peer_list;

  static std::string one() { return "[[peer]] tables"; }

  static bool read(const ValueInput& input, Value& out);
  static boost::json::value write(const Value& value);
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_CONFIG_CODECS_HPP
