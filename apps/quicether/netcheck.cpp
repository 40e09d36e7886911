#include "command.hpp"
#include "daemon.hpp"
#include "tables.hpp"

#include <quicether/mgmt/status_json.hpp>

namespace cli {

ExitCode run_netcheck(const Arguments& arguments, Output& output) {
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const auto check = client->netcheck();
  if (!check) {
    return output.fail(to_failure(check.error()));
  }
  output.print(arguments.has("json") ? quicether::mgmt::to_json(*check) + '\n'
                                     : format_netcheck(*check));
  return ExitCode::ok;
}

}  // namespace cli
