#include "command.hpp"
#include "daemon.hpp"
#include "tables.hpp"

#include <quicether/mgmt/status_json.hpp>

namespace cli {

ExitCode run_status(const Arguments& arguments, Output& output) {
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const auto status = client->status();
  if (!status) {
    return output.fail(to_failure(status.error()));
  }
  if (arguments.has("json")) {
    output.print(quicether::mgmt::to_json(*status) + '\n');
    return ExitCode::ok;
  }
  const auto peers = client->peers();
  if (!peers) {
    return output.fail(to_failure(peers.error()));
  }
  output.print(format_status(*status, *peers));
  return ExitCode::ok;
}

}  // namespace cli
