#include "command.hpp"
#include "daemon.hpp"
#include "format.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <poll.h>

#include <algorithm>
#include <chrono>

namespace cli {
namespace {

using quicether::Duration;
using quicether::mgmt::ControlError;
using quicether::mgmt::json_quote;
using quicether::mgmt::PingAnswer;
using quicether::mgmt::printable;

constexpr std::uint32_t kCountMax = 1'000'000;
constexpr std::uint32_t kMillisecondsMax = 60'000;

/// What came back so far.
struct Tally {
  std::uint32_t sent = 0;
  std::uint32_t received = 0;
  Duration least = Duration::max();
  Duration most{};
  Duration sum{};

  void add(Duration rtt) {
    ++received;
    least = std::min(least, rtt);
    most = std::max(most, rtt);
    sum += rtt;
  }
};

double milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void print_reply(const PingAnswer& answer, std::uint32_t number, Output& output) {
  const auto id = answer.node.id.to_string();
  const auto rtt = milliseconds(answer.reply.rtt);
  const auto remote = answer.reply.remote.to_string();
  if (output.json()) {
    output.print(fmt::format(
        "{{\"seq\":{},\"id\":\"{}\",\"name\":{},\"remote\":\"{}\",\"rtt_ms\":{:.3f}}}\n",
        number,
        id,
        json_quote(answer.node.name),
        remote,
        rtt));
  } else {
    output.print(fmt::format("answer from {} at {}: seq={} time={:.2f} ms\n",
                             format_node(answer.node.id, printable(answer.node.name)),
                             remote,
                             number,
                             rtt));
  }
}

void print_lost(const ControlError& error, std::uint32_t number, Output& output) {
  output.print(output.json()
                   ? fmt::format("{{\"seq\":{},\"error\":{}}}\n", number, json_quote(error.message))
                   : fmt::format("no answer: seq={}: {}\n", number, printable(error.message)));
}

void print_summary(const std::string& name, const Tally& tally, Output& output) {
  const auto lost = tally.sent == 0 ? 0 : 100 * (tally.sent - tally.received) / tally.sent;
  const bool any = tally.received > 0;
  const auto mean = any ? tally.sum / tally.received : Duration{};
  const auto least = any ? tally.least : Duration{};
  if (output.json()) {
    output.print(
        fmt::format("{{\"sent\":{},\"received\":{},\"rtt_min_ms\":{:.3f},"
                    "\"rtt_avg_ms\":{:.3f},\"rtt_max_ms\":{:.3f}}}\n",
                    tally.sent,
                    tally.received,
                    milliseconds(least),
                    milliseconds(mean),
                    milliseconds(tally.most)));
    return;
  }
  output.print(fmt::format("\n--- {} ---\n{} sent, {} received, {}% lost\n",
                           printable(name),
                           tally.sent,
                           tally.received,
                           lost));
  if (any) {
    output.print(fmt::format("rtt min/avg/max = {:.2f}/{:.2f}/{:.2f} ms\n",
                             milliseconds(least),
                             milliseconds(mean),
                             milliseconds(tally.most)));
  }
}

}  // namespace

ExitCode run_ping(const Arguments& arguments, Output& output) {
  if (arguments.words.empty()) {
    return output.fail({ExitCode::usage, "ping needs a name, a NodeId or an address", {}, {}});
  }
  const auto& name = arguments.words[0];
  const auto count = arguments.number("count", 4, kCountMax);
  const auto interval = arguments.number("interval", 1000, kMillisecondsMax);
  const auto timeout = arguments.number("timeout", 2000, kMillisecondsMax);
  for (const auto* number : {&count, &interval, &timeout}) {
    if (!*number) {
      return output.fail(number->error());
    }
  }
  auto client = connect(arguments);
  if (!client) {
    return output.fail(client.error());
  }
  const auto answer = client->resolve(name);
  if (!answer) {
    return output.fail(to_failure(answer.error()));
  }
  for (const auto& other : answer->node ? answer->others : decltype(answer->others){}) {
    output.remark(fmt::format(
        "note: {} calls itself {}, too\n", other.id.short_string(), printable(other.name)));
  }
  Tally tally;
  while (tally.sent < *count) {
    if (tally.sent > 0) {
      ::poll(nullptr, 0, static_cast<int>(*interval));
    }
    ++tally.sent;
    const auto reply = client->ping(name, std::chrono::milliseconds{*timeout});
    if (reply) {
      tally.add(reply->reply.rtt);
      print_reply(*reply, tally.sent, output);
      continue;
    }
    const bool known = answer->node && !answer->self;
    if (reply.error().kind != ControlError::Kind::declined || !known) {
      return output.fail(to_failure(reply.error()));
    }
    print_lost(reply.error(), tally.sent, output);
  }
  print_summary(name, tally, output);
  return tally.received > 0 ? ExitCode::ok : ExitCode::no_answer;
}

}  // namespace cli
