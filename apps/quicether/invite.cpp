#include "command.hpp"
#include "daemon.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>

namespace cli {
namespace {

using quicether::Duration;

/// A whole number and s, m, h or d: from a second to a year.
std::optional<Duration> parse_lifetime(std::string_view text) {
  constexpr std::chrono::hours kLongest{365 * 24};
  std::uint32_t count = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit{read.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - read.ptr)};
  Duration one{};
  if (unit == "s") {
    one = std::chrono::seconds{1};
  } else if (unit == "m") {
    one = std::chrono::minutes{1};
  } else if (unit == "h") {
    one = std::chrono::hours{1};
  } else if (unit == "d") {
    one = std::chrono::hours{24};
  }
  const bool right =
      read.ec == std::errc{} && count != 0 && one != Duration{} && count <= kLongest / one;
  return right ? std::optional{one * count} : std::nullopt;
}

}  // namespace

ExitCode run_invite(const Arguments& arguments, Output& output) {
  const auto wanted = arguments.value("expires").value_or("24h");
  const auto lifetime = parse_lifetime(wanted);
  if (!lifetime) {
    return output.fail({ExitCode::usage,
                        fmt::format("--expires: found {}, expected a time such as 30m, 24h or 7d, "
                                    "at most 365d",
                                    quicether::mgmt::quote(wanted, 64)),
                        {},
                        {}});
  }
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const auto invite = client->create_invite(arguments.has("once"), *lifetime);
  if (!invite) {
    return output.fail(to_failure(invite.error()));
  }
  if (output.json()) {
    output.print(fmt::format("{{\"invite\":{},\"once\":{},\"expires\":{}}}\n",
                             quicether::mgmt::json_quote(invite->text),
                             invite->once,
                             invite->expires));
    return ExitCode::ok;
  }
  output.print(quicether::mgmt::printable(invite->text, 2048) + '\n');
  output.remark(
      fmt::format("Good for {} within {}, while this node runs. On the other machine:\n"
                  "  quicether join INVITE\n",
                  invite->once ? "one node" : "any number of nodes",
                  wanted));
  return ExitCode::ok;
}

}  // namespace cli
