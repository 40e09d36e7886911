#include <quicether/base/assert.hpp>
#include <quicether/mgmt/config_loader.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

// A configuration file that somebody else wrote: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether::mgmt;
  const std::string_view text{reinterpret_cast<const char*>(data), size};

  const auto loaded = load_config_text("/etc/quicether/config.toml", text, true);

  if (!loaded) {
    const auto errors = loaded.error().errors;
    QE_ASSERT(!errors.empty());
    for (const auto& error : errors) {
      QE_ASSERT(!error.where.empty() && !error.problem.empty());
      QE_ASSERT(error.to_string().find('\n') == std::string::npos);
    }
    return 0;
  }
  const auto again =
      load_config_text("/etc/quicether/config.toml", config_toml(*loaded, true), true);
  QE_ASSERT(again.has_value());
  QE_ASSERT(again->config == loaded->config);
  QE_ASSERT(compare_configs(again->config, loaded->config).empty());
  return 0;
}
