#include "command.hpp"
#include "daemon.hpp"

#include <quicether/core/record/invite.hpp>
#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

namespace cli {
namespace {

using quicether::mgmt::json_quote;
using quicether::record::Invite;

ExitCode print_joined(const std::string& name, bool running, Output& output) {
  if (output.json()) {
    output.print(fmt::format("{{\"name\":{},\"running\":{}}}\n", json_quote(name), running));
  } else if (running) {
    output.print(fmt::format("This node is a member of the network {}\n", name));
  } else {
    output.print(
        fmt::format("This node will join the network {} when it starts.\n"
                    "Next: quicether start\n",
                    name));
  }
  return ExitCode::ok;
}

ExitCode join_offline(const Invite& invite, const Arguments& arguments, Output& output) {
  auto state = open_state(arguments);
  if (!state) {
    return output.fail(state.error());
  }
  if (state->network && !state->network->secret.empty()) {
    return output.fail({ExitCode::declined,
                        fmt::format("this node is in the network \"{}\"", state->network->name),
                        "leave it first: quicether network leave",
                        {}});
  }
  quicether::mgmt::NetworkState network;
  network.name = invite.network;
  network.invite = invite;
  if (const auto saved = save_network_state(*state->store, network); !saved) {
    return output.fail(save_failure(saved.error()));
  }
  return print_joined(invite.network, false, output);
}

}  // namespace

ExitCode run_join(const Arguments& arguments, Output& output) {
  if (arguments.words.empty()) {
    return output.fail({ExitCode::usage,
                        "join needs an invite",
                        "a member of the network makes one: quicether invite",
                        {}});
  }
  const auto invite = quicether::record::parse_invite(arguments.words[0]);
  if (!invite) {
    return output.fail({ExitCode::declined,
                        std::string{quicether::record::explain_invite(invite.error())},
                        {},
                        {}});
  }
  auto client = connect(arguments);
  if (!client) {
    return may_act_offline(client.error(), arguments) ? join_offline(*invite, arguments, output)
                                                      : output.fail(client.error());
  }
  const auto joined = client->join_network(arguments.words[0]);
  return joined ? print_joined(*joined, true, output) : output.fail(to_failure(joined.error()));
}

}  // namespace cli
