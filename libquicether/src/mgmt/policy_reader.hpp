#ifndef QUICETHER_SRC_MGMT_POLICY_READER_HPP
#define QUICETHER_SRC_MGMT_POLICY_READER_HPP

#include "mgmt/policy_tests.hpp"
#include "mgmt/policy_values.hpp"
#include "mgmt/toml_document.hpp"

#include <quicether/mgmt/policy_file.hpp>
#include <quicether/mgmt/text.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether::mgmt {

/// Walks the tree of one file and collects what is wrong.
class PolicyReader {
 public:
  explicit PolicyReader(const std::filesystem::path& path) : file_{printable(path.string())} {}

  /// Reads the whole file. Called at most once.
  void read(const TomlNode& root);

  /// Complains about a place. `key` may be empty.
  void fail(TextPosition position, std::string key, std::string problem);

  /// Complains about the file as a whole.
  void fail(std::string problem);

  /// Runs the tests if nothing was wrong before, and gives the rules if nothing is wrong then.
  [[nodiscard]] PolicyFileResult finish(const Config& config) &&;

 private:
  struct Found {
    TextPosition position{};
    std::size_t order = 0;  // of complaining, among those at one place
    Diagnostic diagnostic{};
  };

  void read_lists(const TomlNode& table, std::string_view prefix);
  void read_rules(const TomlEntry& entry, const std::string& key);
  void read_tests(const TomlEntry& entry, const std::string& key);
  void read_rule(const TomlNode& table, const std::string& key);
  void read_test(const TomlNode& table, const std::string& key);
  void read_object(const TomlNode& node, const std::string& key, policy::Rule& rule);
  void read_ports(const TomlNode& node, const std::string& key, policy::Rule& rule);
  void run_tests(const Config& config);

  [[nodiscard]] std::string place(TextPosition position) const;
  void expected(const TomlNode& node, std::string key, std::string_view what);
  [[nodiscard]] bool is_list_of_tables(const TomlEntry& entry, const std::string& key);
  void check_keys(const TomlNode& table,
                  std::string_view key,
                  std::span<const std::string_view> known,
                  std::span<const std::string_view> required = {});

  // Reads `name` of `table`, if it is there, through `parse`, which takes a text.
  template <typename T, typename Parse>
  void read_text(const TomlNode& table,
                 const std::string& key,
                 std::string_view name,
                 std::string_view what,
                 T& out,
                 Parse parse);

  std::string file_;
  std::vector<Found> errors_{};
  std::vector<PolicyTest> tests_{};
  PolicyFile policy_{};
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_POLICY_READER_HPP
