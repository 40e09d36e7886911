#include "support/source_folder.hpp"

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/policy_file.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using namespace quicether::mgmt;

namespace {

std::string read(const std::filesystem::path& file) {
  std::ifstream input{file};
  return {std::istreambuf_iterator<char>{input}, {}};
}

bool is_policy(const std::filesystem::path& file) {
  return file.filename().string().starts_with("policy-");
}

}  // namespace

TEST_CASE("example configs: every one loads", "[mgmt][config]") {
  std::size_t configs = 0;
  std::size_t policies = 0;
  for (const auto& entry : std::filesystem::directory_iterator{quicether::test::source_folder() /
                                                               "apps/examples/configs"}) {
    CAPTURE(entry.path());
    if (is_policy(entry.path())) {
      ++policies;
      const auto loaded = load_policy_file(entry.path(), Config{});
      CHECK(loaded.has_value());
      continue;
    }
    ++configs;
    const auto loaded = load_config_text(entry.path(), read(entry.path()));
    INFO((loaded ? std::string{} : loaded.error().to_string()));
    REQUIRE(loaded.has_value());
    const auto works_now = read(entry.path()).find("works in this version") != std::string::npos;
    CHECK((!works_now || loaded->warnings.empty()));
  }
  CHECK(configs == 12);
  CHECK(policies == 2);
}
