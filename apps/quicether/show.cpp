// status, peers, routes, multipath: ask the daemon and print.
#include "arguments.hpp"
#include "tables.hpp"

#include <quicether/mgmt/status_json.hpp>

#include <fmt/format.h>

namespace cli {

namespace {

using quicether::mgmt::ControlClient;
using quicether::mgmt::to_json;

/// `ask` requests a snapshot, `print` turns it into text for people.
template <typename Ask, typename Print>
int show(std::string_view command, const std::vector<std::string>& words, Ask ask, Print print) {
  const auto arguments = parse(command, words);
  if (!arguments) {
    return kUsage;
  }
  int exit_code = kOk;
  auto client = connect(*arguments, exit_code);
  if (!client) {
    return exit_code;
  }
  const auto snapshot = ask(*client);
  if (!snapshot) {
    return report(snapshot.error());
  }
  fmt::print("{}", arguments->has("json") ? to_json(*snapshot) + "\n" : print(*snapshot));
  return kOk;
}

}  // namespace

int run_status(const std::vector<std::string>& arguments) {
  return show(
      "status", arguments, [](ControlClient& client) { return client.status(); }, status_text);
}

int run_peers(const std::vector<std::string>& arguments) {
  return show(
      "peers", arguments, [](ControlClient& client) { return client.peers(); }, peers_table);
}

int run_routes(const std::vector<std::string>& arguments) {
  return show(
      "routes", arguments, [](ControlClient& client) { return client.routes(); }, routes_table);
}

int run_multipath(const std::vector<std::string>& arguments) {
  return show(
      "multipath",
      arguments,
      [](ControlClient& client) { return client.peers(); },
      multipath_table);
}

}  // namespace cli
