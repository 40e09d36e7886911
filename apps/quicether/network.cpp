#include "command.hpp"
#include "daemon.hpp"
#include "format.hpp"
#include "table.hpp"

#include <quicether/core/crypto/system_random.hpp>
#include <quicether/core/policy/rule.hpp>
#include <quicether/mgmt/status_json.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <vector>

namespace cli {
namespace {

using quicether::NetworkStatus;
using quicether::mgmt::json_quote;
using quicether::mgmt::printable;

ExitCode print_created(const std::string& name, bool running, Output& output) {
  if (output.json()) {
    output.print(fmt::format("{{\"name\":{},\"running\":{}}}\n", json_quote(name), running));
    return ExitCode::ok;
  }
  output.print(fmt::format("The network {} is made, and this node is its first member.\n", name));
  output.print(running ? "Next, for each other machine: quicether invite\n"
                       : "Next: quicether start, and for each other machine: quicether invite\n");
  return ExitCode::ok;
}

ExitCode create_offline(const std::string& name, const Arguments& arguments, Output& output) {
  auto state = open_state(arguments);
  if (!state) {
    return output.fail(state.error());
  }
  if (state->network) {
    return output.fail({ExitCode::declined,
                        fmt::format("this node is in the network \"{}\"", state->network->name),
                        "leave it first: quicether network leave",
                        {}});
  }
  quicether::crypto::SystemRandom random;
  const auto network = quicether::mgmt::make_network(name, random);
  if (const auto saved = save_network_state(*state->store, network); !saved) {
    return output.fail(save_failure(saved.error()));
  }
  return print_created(name, false, output);
}

std::string format_network(const NetworkStatus& network) {
  auto text = fmt::format("Network: {}\n", printable(network.name));
  if (!network.problem.empty()) {
    return text + fmt::format("Not a member yet: {}\n", printable(network.problem));
  }
  text += fmt::format("Listed: {}\nMembers: {}, this node included\n",
                      network.listed ? "yes" : "not yet",
                      network.members.size() + 1);
  if (network.members.empty()) {
    return text;
  }
  std::vector<Row> rows;
  for (const auto& member : network.members) {
    rows.push_back({member.id.short_string(),
                    member.name.empty() ? "-" : member.name,
                    member.connected ? "Connected" : "Not connected"});
  }
  return text + '\n' + format_table({"NodeID", "Name", "Status"}, rows);
}

ExitCode print_network(const std::optional<NetworkStatus>& network, Output& output) {
  if (!network) {
    return output.fail({ExitCode::declined,
                        "this node is in no network",
                        "make one with quicether network create NAME, or join one",
                        {}});
  }
  output.print(output.json() ? quicether::mgmt::to_json(*network) + '\n'
                             : format_network(*network));
  return ExitCode::ok;
}

ExitCode print_left(const std::string& name, Output& output) {
  output.print(output.json() ? fmt::format("{{\"left\":{}}}\n", json_quote(name))
                             : fmt::format("This node has left the network {}\n", printable(name)));
  return ExitCode::ok;
}

}  // namespace

ExitCode run_network_create(const Arguments& arguments, Output& output) {
  if (arguments.words.empty() || !quicether::policy::is_node_name(arguments.words[0])) {
    return output.fail({ExitCode::usage,
                        "a network's name is 1 to 63 of A-Z a-z 0-9 . _ -",
                        "such as: quicether network create home",
                        {}});
  }
  const auto& name = arguments.words[0];
  auto client = connect(arguments);
  if (!client) {
    return may_act_offline(client.error(), arguments) ? create_offline(name, arguments, output)
                                                      : output.fail(client.error());
  }
  const auto created = client->create_network(name);
  return created ? print_created(*created, true, output) : output.fail(to_failure(created.error()));
}

ExitCode run_network_show(const Arguments& arguments, Output& output) {
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const auto network = client->network();
  return network ? print_network(*network, output) : output.fail(to_failure(network.error()));
}

ExitCode run_network_leave(const Arguments& arguments, Output& output) {
  auto client = connect(arguments);
  if (client) {
    const auto left = client->leave_network();
    return left ? print_left(*left, output) : output.fail(to_failure(left.error()));
  }
  if (!may_act_offline(client.error(), arguments)) {
    return output.fail(client.error());
  }
  auto state = open_state(arguments);
  if (!state) {
    return output.fail(state.error());
  }
  if (!state->network) {
    return print_network(std::nullopt, output);
  }
  if (const auto removed = quicether::mgmt::remove_network_state(*state->store); !removed) {
    return output.fail(save_failure(removed.error()));
  }
  return print_left(state->network->name, output);
}

}  // namespace cli
