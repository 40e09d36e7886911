#include "command.hpp"
#include "daemon.hpp"
#include "tables.hpp"

#include <quicether/mgmt/status_json.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

namespace cli {
namespace {

using quicether::Prefix;
using quicether::mgmt::ControlClient;
using quicether::mgmt::printable;
using quicether::mgmt::to_json;

ExitCode discover_subnet(ControlClient& client, const Prefix& subnet, Output& output) {
  const auto found = client.discover_subnet(subnet);
  if (!found) {
    return output.fail(to_failure(found.error()));
  }
  output.print(output.json() ? to_json(*found) + '\n' : format_found(*found));
  return found->owners.empty() && found->gateways.empty() ? ExitCode::no_answer : ExitCode::ok;
}

ExitCode discover_node(ControlClient& client, const std::string& name, Output& output) {
  const auto found = client.discover_node(name);
  if (!found) {
    return output.fail(to_failure(found.error()));
  }
  if (!*found) {
    output.print(output.json() ? "null\n"
                               : fmt::format("No record of {} is in the DHT\n", printable(name)));
    return ExitCode::no_answer;
  }
  output.print(output.json() ? to_json(**found) + '\n' : format_found(**found));
  return ExitCode::ok;
}

}  // namespace

ExitCode run_discover(const Arguments& arguments, Output& output) {
  if (arguments.words.empty()) {
    return output.fail({ExitCode::usage,
                        "discover needs a subnet, a name or a NodeId",
                        "such as: quicether discover 10.0.0.0/16",
                        {}});
  }
  const auto& word = arguments.words[0];
  const bool slash = word.find('/') != std::string::npos;  // no name has one
  const auto subnet = Prefix::parse(word);
  if (slash && !subnet) {
    return output.fail(
        {ExitCode::usage, "expected a CIDR block without host bits, such as 10.0.0.0/16", {}, {}});
  }
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  return slash ? discover_subnet(*client, *subnet, output) : discover_node(*client, word, output);
}

}  // namespace cli
