#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/policy/policy.hpp>
#include <quicether/mgmt/policy_file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

// A policy file that somebody damaged: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether;
  const auto loaded = mgmt::load_policy_text("policy.toml", as_text({data, size}));

  if (loaded) {
    // What the file's reader lets through, the compiler takes.
    QE_ASSERT(policy::Policy::compile(loaded->rules).has_value());
    QE_ASSERT(
        std::ranges::all_of(loaded->rules, [](const policy::Rule& rule) { return rule.line > 0; }));
    return 0;
  }
  QE_ASSERT(!loaded.error().errors.empty());
  for (const auto& error : loaded.error().errors) {
    // Every complaint has its place, and nothing of the file reaches a terminal unescaped.
    const auto text = error.to_string();
    QE_ASSERT(text.starts_with("policy.toml:"));
    QE_ASSERT(std::ranges::none_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
  }
  return 0;
}
