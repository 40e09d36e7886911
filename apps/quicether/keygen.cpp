#include "command.hpp"
#include "daemon.hpp"

#include <quicether/core/crypto/system_random.hpp>
#include <quicether/identity.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace cli {
namespace {

using quicether::Identity;

boost::system::result<std::filesystem::path, Failure> key_file(const Arguments& arguments) {
  if (const auto file = arguments.value("output")) {
    return std::filesystem::path{*file};
  }
  const auto loaded = load_config(config_sources(arguments));
  if (!loaded) {
    return to_failure(loaded.error());
  }
  const auto& folder = loaded->config.node.state_dir;
  std::error_code ignored;  // writing the key reports it
  if (std::filesystem::create_directories(folder, ignored)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ignored);
  }
  return folder / "node.key";
}

// A key is never deleted: a name beside it that nothing has yet.
std::filesystem::path name_aside(const std::filesystem::path& file) {
  auto name = std::filesystem::path{file.string() + ".old"};
  for (int i = 2; std::filesystem::exists(std::filesystem::symlink_status(name)); ++i) {
    name = fmt::format("{}.old.{}", file.string(), i);
  }
  return name;
}

Failure save_failure(const std::filesystem::path& file, const quicether::error_code& error) {
  if (error == quicether::errc::already_open) {
    return {ExitCode::cannot_create,
            fmt::format("{} is there already", file.string()),
            "--force moves it aside and makes a new one; this node then has another NodeId",
            {}};
  }
  return {
      error == quicether::errc::permission_denied ? ExitCode::not_permitted : ExitCode::io_failure,
      fmt::format("{}: {}", file.string(), Identity::explain(error)),
      {},
      {}};
}

std::string describe(const Identity& identity, const std::filesystem::path& file, bool json) {
  constexpr std::string_view kJson =
      "{{\"node_id\":\"{}\",\"public_key\":\"{}\",\"overlay_address\":\"{}\",\"file\":{}}}\n";
  constexpr std::string_view kText =
      "Node ID: {}\nPublic Key: {}\nOverlay Address: {}\nKey File: {}\n";
  return fmt::format(fmt::runtime(json ? kJson : kText),
                     identity.node_id().to_string(),
                     identity.public_key().to_string(),
                     identity.overlay_address().to_string(),
                     json ? quicether::mgmt::json_quote(file.string()) : file.string());
}

}  // namespace

ExitCode run_keygen(const Arguments& arguments, Output& output) {
  const auto file = key_file(arguments);
  if (!file) {
    return output.fail(file.error());
  }
  std::error_code failed;
  if (arguments.has("force") &&
      std::filesystem::exists(std::filesystem::symlink_status(*file, failed))) {
    const auto aside = name_aside(*file);
    std::filesystem::rename(*file, aside, failed);
    if (failed) {
      return output.fail({ExitCode::io_failure,
                          fmt::format("cannot move {}: {}", file->string(), failed.message()),
                          {},
                          {}});
    }
    output.remark(fmt::format("The old key is now {}\n", aside.string()));
  }
  quicether::crypto::SystemRandom random;
  const auto identity = Identity::generate(random);
  if (const auto saved = identity.save(file->string()); !saved) {
    return output.fail(save_failure(*file, saved.error()));
  }
  output.print(describe(identity, *file, arguments.has("json")));
  return ExitCode::ok;
}

}  // namespace cli
