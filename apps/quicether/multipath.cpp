#include "command.hpp"
#include "daemon.hpp"
#include "tables.hpp"

#include <quicether/mgmt/status_json.hpp>

#include <poll.h>
#include <unistd.h>

#include <limits>
#include <string>
#include <string_view>

namespace cli {
namespace {

constexpr int kWatchMilliseconds = 1000;

// To the upper left corner, and nothing below.
constexpr std::string_view kClear = "\x1b[H\x1b[J";

}  // namespace

ExitCode run_multipath(const Arguments& arguments, Output& output) {
  constexpr auto kForever = std::numeric_limits<std::uint32_t>::max();
  const bool watch = arguments.has("watch") || arguments.has("count");
  const auto count = arguments.number("count", watch ? kForever : 1, 1'000'000);
  if (!count) {
    return output.fail(count.error());
  }
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const bool redraw = watch && !output.json() && ::isatty(STDOUT_FILENO) == 1;
  for (std::uint32_t shown = 0; shown < *count; ++shown) {
    if (shown > 0) {
      ::poll(nullptr, 0, kWatchMilliseconds);
    }
    const auto peers = client->peers();
    if (!peers) {
      return output.fail(to_failure(peers.error()));
    }
    auto text = redraw ? std::string{kClear} : std::string{};
    text += output.json() ? quicether::mgmt::to_json(*peers) + '\n' : format_multipath(*peers);
    output.print(text);
  }
  return ExitCode::ok;
}

}  // namespace cli
