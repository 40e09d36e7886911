#ifndef QUICETHER_APPS_QUICETHER_ARGUMENTS_HPP
#define QUICETHER_APPS_QUICETHER_ARGUMENTS_HPP

#include "output.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

struct CommandSpec;

/// The words behind a command, taken apart by its options.
struct Arguments {
  std::map<std::string, std::string, std::less<>> options{};  ///< switches have an empty text
  std::vector<std::string> words{};                           ///< what is no option
  std::vector<std::string> config_flags{};                    ///< for qed, as they were written

  [[nodiscard]] bool has(std::string_view option) const { return options.contains(option); }

  [[nodiscard]] std::optional<std::string> value(std::string_view option) const;

  /// The number from 1 to `max` behind an option, `otherwise` without it.
  ///
  /// **Errors:** anything else.
  [[nodiscard]] boost::system::result<std::uint32_t, Failure> number(std::string_view option,
                                                                     std::uint32_t otherwise,
                                                                     std::uint32_t max) const;
};

/// **Errors:** an unknown option, one without its argument or given twice, too many words.
[[nodiscard]] boost::system::result<Arguments, Failure> parse_arguments(
    const CommandSpec& command, std::span<const std::string> words);

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_ARGUMENTS_HPP
