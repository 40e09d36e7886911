#include "mgmt/file_io.hpp"
#include "mgmt/policy_reader.hpp"

#include <quicether/mgmt/policy_file.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <utility>

namespace quicether::mgmt {

PolicyFileResult load_policy_text(const std::filesystem::path& name,
                                  std::string_view text,
                                  const Config& config) {
  PolicyReader reader{name};
  if (text.size() > kPolicyFileBytesMax) {
    reader.fail(fmt::format("larger than {} bytes", kPolicyFileBytesMax));
  } else if (const auto root = parse_toml(text)) {
    reader.read(*root);
  } else {
    reader.fail(root.error().position,
                printable(root.error().key),
                "not valid TOML: " + printable(root.error().reason));
  }
  return std::move(reader).finish(config);
}

PolicyFileResult load_policy_file(const std::filesystem::path& path, const Config& config) {
  const auto text = read_file(path, kPolicyFileBytesMax);
  if (text) {
    return load_policy_text(path, *text, config);
  }
  PolicyReader reader{path};
  reader.fail(text.error() == errc::too_large
                  ? fmt::format("larger than {} bytes", kPolicyFileBytesMax)
                  : "cannot be read: " + text.error().message());
  return std::move(reader).finish(config);
}

}  // namespace quicether::mgmt
