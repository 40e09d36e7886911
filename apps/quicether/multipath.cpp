#include "command.hpp"
#include "daemon.hpp"
#include "tables.hpp"

#include <quicether/mgmt/interface_of.hpp>
#include <quicether/mgmt/status_json.hpp>

namespace cli {

ExitCode run_multipath(const Arguments& arguments, Output& output) {
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const auto peers = client->peers();
  if (!peers) {
    return output.fail(to_failure(peers.error()));
  }
  output.print(arguments.has("json") ? quicether::mgmt::to_json(*peers) + '\n'
                                     : format_multipath(*peers, quicether::mgmt::interface_of));
  return ExitCode::ok;
}

}  // namespace cli
