#include "command.hpp"
#include "daemon.hpp"

#include <quicether/mgmt/config_edit.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace cli {
namespace {

using quicether::mgmt::ConfigSources;
using Change = std::pair<std::string, std::string>;

// The peers that are allowed already in this file, and one more.
std::string with_one_more(const std::filesystem::path& file, const std::string& peer) {
  ConfigSources sources;
  sources.files = {file};
  sources.read_secrets = false;
  const auto loaded = load_config(sources);
  std::vector<std::string> peers;
  if (loaded) {
    for (const auto& subject : loaded->config.gateway.allow) {
      peers.push_back(subject.to_string());
    }
  }
  peers.push_back(peer);
  return fmt::format("{}", fmt::join(peers, ","));
}

boost::system::result<std::vector<Change>, Failure> changes_of(const Arguments& arguments,
                                                               const std::filesystem::path& file) {
  std::vector<Change> changes;
  if (arguments.words.size() == 2) {
    changes.emplace_back(arguments.words[0], arguments.words[1]);
  }
  if (const auto peer = arguments.value("gateway-prefer")) {
    changes.emplace_back("gateway.prefer", *peer);
  }
  if (const auto peer = arguments.value("gateway-allow")) {
    changes.emplace_back("gateway.allow", with_one_more(file, *peer));
  }
  if (changes.empty() || arguments.words.size() == 1) {
    return Failure{ExitCode::usage,
                   "config set needs a key and a value, or an option",
                   "such as: quicether config set network.mtu 1380",
                   {}};
  }
  return changes;
}

}  // namespace

ExitCode run_config_set(const Arguments& arguments, Output& output) {
  const auto sources = config_sources(arguments);
  // Of the usual files, root owns the system's and everybody else their own.
  const auto& file = sources.superuser ? sources.files.front() : sources.files.back();
  const auto changes = changes_of(arguments, file);
  if (!changes) {
    return output.fail(changes.error());
  }
  for (const auto& [key, value] : *changes) {
    const auto edited = quicether::mgmt::edit_config_file(file, key, value);
    if (!edited) {
      return output.fail(to_failure(edited.error()));
    }
  }
  if (arguments.has("json")) {
    output.print(fmt::format("{{\"file\":{}}}\n", quicether::mgmt::json_quote(file.string())));
    return ExitCode::ok;
  }
  output.print(fmt::format("Changed {}\nTo apply it: quicether reload\n", file.string()));
  return ExitCode::ok;
}

}  // namespace cli
