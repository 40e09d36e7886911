// keygen: makes a node key, and never loses one.
#include "arguments.hpp"

#include <quicether/core/crypto/system_random.hpp>
#include <quicether/identity.hpp>
#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace cli {

namespace {

namespace fs = std::filesystem;
namespace mgmt = quicether::mgmt;

fs::path key_file(const Arguments& arguments) {
  if (const auto output = arguments.get("output")) {
    return *output;
  }
  const auto directory =
      arguments.get("state-dir")
          ? fs::path{*arguments.get("state-dir")}
          : mgmt::default_state_dir(mgmt::system_config_sources(mgmt::ParsedFlags{}));
  std::error_code ignored;
  fs::create_directories(directory, ignored);
  fs::permissions(directory, fs::perms::owner_all, ignored);
  return directory / "node.key";
}

/// A name beside the key that nothing has yet: "node.key.old", "node.key.old.2" …
fs::path aside(const fs::path& file) {
  auto name = fs::path{file.string() + ".old"};
  for (int i = 2; fs::exists(name); ++i) {
    name = fmt::format("{}.old.{}", file.string(), i);
  }
  return name;
}

}  // namespace

int run_keygen(const std::vector<std::string>& words) {
  const auto arguments = parse("keygen", words);
  if (!arguments) {
    return kUsage;
  }
  const auto file = key_file(*arguments);
  std::error_code error;
  if (arguments->has("force") && fs::exists(fs::symlink_status(file, error))) {
    const auto kept = aside(file);
    fs::rename(file, kept, error);
    if (error) {
      fmt::print(stderr, "quicether: cannot move {}: {}\n", file.string(), error.message());
      return kCannotCreate;
    }
    fmt::print(stderr, "The old key is now {}\n", kept.string());
  }
  quicether::crypto::SystemRandom random;
  const auto identity = quicether::Identity::generate(random);
  if (const auto saved = identity.save(file.string()); !saved) {
    fmt::print(stderr,
               "quicether: {}: {}\n{}",
               file.string(),
               saved.error() == quicether::errc::already_open ? "there is a key already"
                                                              : saved.error().message(),
               saved.error() == quicether::errc::already_open
                   ? "A lost key is a lost node; --force moves it aside.\n"
                   : "");
    return saved.error() == quicether::errc::permission_denied ? kNoPermission : kCannotCreate;
  }
  if (arguments->has("json")) {
    fmt::print(
        "{{\"node_id\":\"{}\",\"public_key\":\"{}\",\"overlay_address\":\"{}\",\"file\":{}}}\n",
        identity.node_id().to_string(),
        identity.public_key().to_string(),
        identity.overlay_address().to_string(),
        mgmt::json_quote(file.string()));
    return kOk;
  }
  fmt::print("Node ID: {}\nPublic Key: {}\nOverlay Address: {}\nKey File: {}\n",
             identity.node_id().to_string(),
             identity.public_key().to_string(),
             identity.overlay_address().to_string(),
             file.string());
  return kOk;
}

}  // namespace cli
