#include "profile.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>

namespace quicether::bench {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kBits{Unit{"bit", 1}, Unit{"kbit", 1e3}, Unit{"Mbit", 1e6}, Unit{"Gbit", 1e9}};
constexpr std::array kBytes{Unit{"B", 1}, Unit{"kB", 1e3}, Unit{"MB", 1e6}};
constexpr std::array kNanoseconds{Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9}};
constexpr std::array kShare{Unit{"%", 1e-2}, Unit{"", 1}};
constexpr std::array kPlain{Unit{"", 1}};

/// One "name=value" of a profile.
struct Part {
  std::string_view text{};
  std::string_view name{};
  std::string_view value{};
};

[[noreturn]] void refuse(const Part& part, std::string_view why) {
  throw std::invalid_argument{"'" + std::string{part.text} + "': " + std::string{why}};
}

std::optional<double> measure(std::string_view text, std::span<const Unit> units) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value) || value < 0 || value > 1e12) {
    return std::nullopt;
  }
  const auto suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& unit : units) {
    if (suffix == unit.name) {
      return value * unit.factor;
    }
  }
  return std::nullopt;
}

double demand(const Part& part, std::span<const Unit> units, std::string_view otherwise) {
  const auto measured = measure(part.value, units);
  if (!measured) {
    refuse(part, otherwise);
  }
  return *measured;
}

Duration time(const Part& part) {
  return Duration{
      static_cast<Duration::rep>(demand(part, kNanoseconds, "a time such as 20ms is needed"))};
}

double share(const Part& part) {
  const auto measured = demand(part, kShare, "a share such as 1% is needed");
  if (measured > 0.5) {
    refuse(part, "at most half can be lost");
  }
  return measured;
}

sim::GilbertElliott burst(const Part& part) {
  const auto colon = part.value.find(':');
  if (colon == std::string_view::npos) {
    refuse(part, "a share and a mean length such as 1%:5 are needed");
  }
  const auto loss = share({part.text, part.name, part.value.substr(0, colon)});
  const auto length =
      demand({part.text, part.name, part.value.substr(colon + 1)}, kPlain, "no mean length");
  if (length < 1) {
    refuse(part, "a burst has at least one packet");
  }
  return sim::GilbertElliott::with_mean(loss, length);
}

std::size_t whole_number(const Part& part,
                         std::span<const Unit> units,
                         double least,
                         double most,
                         std::string_view otherwise) {
  const auto value = demand(part, units, otherwise);
  if (value < least || value > most) {
    refuse(part, otherwise);
  }
  return static_cast<std::size_t>(value);
}

std::size_t queue_bytes(const Part& part, double bytes_per_second) {
  constexpr double kDefaultSeconds = 0.05;
  if (part.text.empty()) {
    return static_cast<std::size_t>(kDefaultSeconds * bytes_per_second);
  }
  if (const auto bytes = measure(part.value, kBytes)) {
    return static_cast<std::size_t>(*bytes);
  }
  const auto nanoseconds = demand(part, kNanoseconds, "a size or a time is needed");
  return static_cast<std::size_t>(nanoseconds * 1e-9 * bytes_per_second);
}

}  // namespace

sim::LinkModel parse_profile(std::string_view text) {
  sim::LinkModel model;
  Part queue;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const auto equals = word.find('=');
    const Part part{
        word,
        word.substr(0, equals),
        equals == std::string_view::npos ? std::string_view{} : word.substr(equals + 1)};
    if (part.name == "rate") {
      model.rate_bits_per_second =
          whole_number(part, kBits, 1e3, 1e11, "a rate such as 100Mbit is needed");
    } else if (part.name == "delay") {
      model.delay = time(part);
    } else if (part.name == "jitter") {
      model.jitter = time(part);
    } else if (part.name == "queue") {
      queue = part;
    } else if (part.name == "loss") {
      model.loss = share(part);
    } else if (part.name == "burst") {
      model.bursts = burst(part);
    } else if (part.name == "corrupt") {
      model.corruption = share(part);
    } else if (part.name == "mtu") {
      model.mtu = whole_number(part, kPlain, 68, 9000, "an MTU is 68 to 9000 bytes");  // RFC 791
    } else {
      refuse(part, "it is one of rate, delay, jitter, queue, loss, burst, corrupt, mtu");
    }
  }
  if (model.rate_bits_per_second != sim::kUnlimited) {
    model.queue_bytes = queue_bytes(queue, static_cast<double>(model.rate_bits_per_second) / 8);
  } else if (!queue.text.empty()) {
    refuse(queue, "only a rate makes a queue");
  }
  return model;
}

}  // namespace quicether::bench
