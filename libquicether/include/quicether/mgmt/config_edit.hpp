#ifndef QUICETHER_MGMT_CONFIG_EDIT_HPP
#define QUICETHER_MGMT_CONFIG_EDIT_HPP

#include <quicether/mgmt/config_loader.hpp>

#include <boost/system/result.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace quicether::mgmt {

/// Sets one key in the text of a configuration file and leaves the rest, comments and layout
/// included, as it is. `value` is spelled as in an environment variable; `name` stands for the file
/// in diagnostics.
///
/// **Errors:** an unknown key or one that has to be edited by hand, a wrong value, a text that was
/// wrong before.
[[nodiscard]] boost::system::result<std::string, ConfigErrors> edit_config_text(
    const std::filesystem::path& name,
    std::string_view text,
    std::string_view key,
    std::string_view value);

/// edit_config_text() for a file, which is replaced atomically; a missing one is made.
[[nodiscard]] boost::system::result<void, ConfigErrors> edit_config_file(
    const std::filesystem::path& file, std::string_view key, std::string_view value);

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_CONFIG_EDIT_HPP
