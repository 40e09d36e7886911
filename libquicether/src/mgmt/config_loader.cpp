#include "mgmt/config_merge.hpp"

#include <quicether/mgmt/config_loader.hpp>

#include <stdexcept>
#include <utility>

namespace quicether::mgmt {

void throw_exception_from_error(const ConfigErrors& errors, const boost::source_location&) {
  throw std::runtime_error{errors.to_string()};
}

ConfigResult load_config(const ConfigSources& sources) {
  ConfigMerge merge;
  for (const auto& file : sources.files) {
    merge.add_file(file, sources.files_must_exist);
  }
  for (const auto& [name, value] : sources.environment) {
    merge.add_variable(name, value);
  }
  merge.add_flags(sources.flags);
  return std::move(merge).finish(sources);
}

ConfigResult load_config_text(const std::filesystem::path& name,
                              std::string_view text,
                              bool superuser) {
  ConfigMerge merge;
  merge.add_text(name, text);
  ConfigSources sources;
  sources.superuser = superuser;
  sources.read_secrets = false;
  return std::move(merge).finish(sources);
}

}  // namespace quicether::mgmt
