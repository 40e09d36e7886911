#ifndef QUICETHER_SRC_MGMT_CONFIG_VALUE_HPP
#define QUICETHER_SRC_MGMT_CONFIG_VALUE_HPP

#include <boost/json/value.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quicether::mgmt {

/// One step from a value to a part of it: an index in a list or a name in a table.
using ValueStep = std::variant<std::size_t, std::string>;

/// Something wrong with the value of a key, or with a part of that value.
struct ValueProblem {
  std::vector<ValueStep> path{};  ///< from the value of the key to the part
  bool at_name = false;           ///< the place is the name of the part, not the part
  std::string text{};             ///< "found 100, expected …"
};

/// A value on its way into a Config, and where complaints about it go.
class ValueInput {
 public:
  /// `base`: the folder that relative paths start from. All three outlive the input.
  ValueInput(const boost::json::value& value,
             const std::filesystem::path& base,
             std::vector<ValueProblem>& problems) noexcept
      : value_{&value}, base_{&base}, problems_{&problems} {}

  [[nodiscard]] const boost::json::value& value() const noexcept { return *value_; }

  [[nodiscard]] const std::filesystem::path& base() const noexcept { return *base_; }

  /// The text, if the value is one.
  [[nodiscard]] const boost::json::string* text() const noexcept { return value_->if_string(); }

  /// A part of the value.
  [[nodiscard]] ValueInput part(ValueStep step, const boost::json::value& value) const;

  /// Complains that the value is not `expected`. Returns false.
  bool expected(std::string_view expected) const;

  /// Complains in free words. Returns false.
  bool wrong(std::string text) const;

  /// Complains about the name of the table entry that this value is. Returns false.
  bool wrong_name(std::string text) const;

 private:
  bool report(bool at_name, std::string text) const;

  const boost::json::value* value_;
  const std::filesystem::path* base_;
  std::vector<ValueProblem>* problems_;
  std::vector<ValueStep> path_{};
};

/// What was found, as diagnostics say it: `"abc"`, `100`, `a list`.
[[nodiscard]] std::string describe_value(const boost::json::value& value);

/// The form of a key's value, which decides how environment variables and flags spell it.
enum class ValueShape { text, integer, boolean, text_list, integer_list, number_table, peer_list };

/// Reads a value from an environment variable or a flag: lists are separated by commas, tables are
/// "name=number" and peers are "[ID@]host:port", also separated by commas.
///
/// What does not look like its shape stays a text, for the reader of the key to refuse.
[[nodiscard]] boost::json::value value_from_text(ValueShape shape, std::string_view text);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_CONFIG_VALUE_HPP
