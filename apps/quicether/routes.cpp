#include "command.hpp"
#include "daemon.hpp"
#include "tables.hpp"

#include <quicether/mgmt/status_json.hpp>

namespace cli {

ExitCode run_routes(const Arguments& arguments, Output& output) {
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const auto routes = client->routes();
  if (!routes) {
    return output.fail(to_failure(routes.error()));
  }
  output.print(arguments.has("json") ? quicether::mgmt::to_json(*routes) + '\n'
                                     : format_routes(*routes));
  return ExitCode::ok;
}

}  // namespace cli
