#ifndef QUICETHER_MGMT_POLICY_FILE_HPP
#define QUICETHER_MGMT_POLICY_FILE_HPP

#include <quicether/core/policy/rule.hpp>
#include <quicether/mgmt/config.hpp>
#include <quicether/mgmt/config_loader.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

namespace quicether::mgmt {

/// Largest policy file in bytes.
inline constexpr std::size_t kPolicyFileBytesMax = 1U << 20U;

/// Most `[[tests]]` in a policy file; policy::PolicyLimits bounds its rules.
inline constexpr std::size_t kPolicyTestsMax = 1000;

/// A valid policy file whose tests all hold.
struct PolicyFile {
  std::vector<policy::Rule> rules{};  ///< with their names and lines; policy::Policy compiles them
  std::size_t tests = 0;
  std::vector<Diagnostic> warnings{};  ///< valid, but maybe not meant so
};

using PolicyFileResult = boost::system::result<PolicyFile, ConfigErrors>;

/// Reads the rules of a policy file and holds them against the tests in it.
///
/// `config` tells the tests which NodeIds belong to the names of peers. All or nothing: a file with
/// an error or a test that fails gives no rules, and whoever reloads keeps the old ones.
/// **Errors:** all of them (the first 100 are listed), each with its place.
/// **Source:** docs/policy.md.
[[nodiscard]] PolicyFileResult load_policy_file(const std::filesystem::path& path,
                                                const Config& config = {});

/// load_policy_file() for a text; `name` stands for the file in diagnostics.
[[nodiscard]] PolicyFileResult load_policy_text(const std::filesystem::path& name,
                                                std::string_view text,
                                                const Config& config = {});

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_POLICY_FILE_HPP
