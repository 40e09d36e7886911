#ifndef QUICETHER_SRC_MGMT_TOML_DOCUMENT_HPP
#define QUICETHER_SRC_MGMT_TOML_DOCUMENT_HPP

#include <boost/json/value.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::mgmt {

/// A place in a text: both count from 1, the column in characters.
struct TextPosition {
  std::uint32_t line = 1;
  std::uint32_t column = 1;

  friend constexpr auto operator<=>(TextPosition, TextPosition) noexcept = default;
};

struct TomlEntry;

/// A value with the places of everything in it.
struct TomlNode {
  enum class Kind { scalar, list, table };

  Kind kind = Kind::scalar;
  boost::json::value scalar{};  ///< dates and times, which nothing here uses, are null
  TextPosition begin{};
  TextPosition end{};  ///< just behind it; meaningless for tables with a header
  // No initialisers: the types are not complete yet.
  std::vector<TomlNode> elements;  ///< of a list
  std::vector<TomlEntry> entries;  ///< of a table, in the order of the file

  [[nodiscard]] const TomlEntry* find(std::string_view name) const noexcept;

  /// The value without the places.
  [[nodiscard]] boost::json::value to_json() const;
};

struct TomlEntry {
  std::string name{};
  TextPosition position{};  ///< of the name
  TomlNode node{};
};

/// Why a text is no TOML.
struct TomlError {
  TextPosition position{};
  std::string key{};     ///< the key whose line it is in, as far as can be told
  std::string reason{};  ///< the parser's own words
};

/// Parses a whole file. The result's root is a table.
[[nodiscard]] boost::system::result<TomlNode, TomlError> parse_toml(std::string_view text);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_TOML_DOCUMENT_HPP
