#include "mgmt/config_codecs.hpp"

#include "mgmt/host_name.hpp"
#include "mgmt/utf8.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

namespace quicether::mgmt {
namespace {

struct Unit {
  std::string_view suffix;
  std::chrono::milliseconds length;
};

// From the longest, so that the first that divides a duration is the one to print.
constexpr std::array kUnits{
    Unit{"h", std::chrono::hours{1}},
    Unit{"m", std::chrono::minutes{1}},
    Unit{"s", std::chrono::seconds{1}},
    Unit{"ms", std::chrono::milliseconds{1}},
};

// What cannot be printed as it is would deceive in messages.
bool is_printable(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto character = first_character(text);
    if (!character.code_point || !is_safe_to_print(*character.code_point)) {
      return false;
    }
    text.remove_prefix(character.bytes);
  }
  return true;
}

bool is_path(std::string_view text) noexcept {
  constexpr std::size_t kPathBytesMax = 4095;  // PATH_MAX, linux/limits.h, less the final zero
  return !text.empty() && text.size() <= kPathBytesMax && is_printable(text);
}

}  // namespace

bool BooleanCodec::read(const ValueInput& input, Value& out) {
  const auto* boolean = input.value().if_bool();
  if (boolean == nullptr) {
    return input.expected(one());
  }
  out = *boolean;
  return true;
}

std::optional<std::int64_t> read_integer(const ValueInput& input,
                                         std::int64_t min,
                                         std::int64_t max) {
  const auto* number = input.value().if_int64();
  if (number == nullptr || *number < min || *number > max) {
    (void)input.expected(fmt::format("an integer from {} to {}", min, max));
    return std::nullopt;
  }
  return *number;
}

std::string describe_choices(ChoiceNames names) {
  std::string text = "one of ";
  for (const auto name : names) {
    text += fmt::format("{}\"{}\"", name == names.front() ? "" : ", ", name);
  }
  return text;
}

std::optional<std::size_t> read_choice(const ValueInput& input, ChoiceNames names) {
  const auto* text = input.text();
  if (text == nullptr) {
    (void)input.expected(describe_choices(names));
    return std::nullopt;
  }
  const std::string_view word{*text};
  const auto found = std::find(names.begin(), names.end(), word);
  if (found != names.end()) {
    return static_cast<std::size_t>(found - names.begin());
  }
  const auto close = closest_match(word, names);
  (void)input.expected(
      close.empty() ? describe_choices(names)
                    : fmt::format("{}; did you mean \"{}\"?", describe_choices(names), close));
  return std::nullopt;
}

bool PathCodec::read(const ValueInput& input, Value& out) {
  const auto* text = input.text();
  if (text == nullptr || !is_path(*text)) {
    return input.expected(one());
  }
  out = (input.base() / std::string_view{*text}).lexically_normal();
  return true;
}

boost::json::value PathCodec::write(const Value& value) {
  return value.empty() ? boost::json::value{} : boost::json::value(value.string());
}

std::optional<Duration> parse_duration(std::string_view text) noexcept {
  constexpr std::int64_t kCountMax = 1'000'000'000;  // of hours still fits into milliseconds
  std::int64_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec != std::errc{} || count < 0 || count > kCountMax) {
    return std::nullopt;
  }
  const std::string_view suffix{parsed.ptr, static_cast<std::size_t>(end - parsed.ptr)};
  for (const auto& unit : kUnits) {
    if (unit.suffix == suffix) {
      constexpr auto kLongest =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::hours{24 * 365});
      return Duration{std::min(count * unit.length, kLongest)};
    }
  }
  return std::nullopt;
}

std::string format_duration(Duration duration) {
  const auto length = std::chrono::duration_cast<std::chrono::milliseconds>(duration);
  if (length.count() == 0) {
    return "0s";
  }
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [length](const Unit& candidate) {
    return length % candidate.length == std::chrono::milliseconds{0};
  });
  return fmt::format("{}{}", length / unit->length, unit->suffix);
}

bool PrefixCodec::read(const ValueInput& input, Value& out) {
  const auto* text = input.text();
  const auto prefix = text == nullptr ? result<Prefix>{errc::malformed} : Prefix::parse(*text);
  if (prefix) {
    out = *prefix;
    return true;
  }
  const auto with_host_bits =
      text == nullptr ? result<InterfaceAddress>{errc::malformed} : InterfaceAddress::parse(*text);
  return input.expected(with_host_bits
                            ? fmt::format("a CIDR block without host bits; did you mean \"{}\"?",
                                          with_host_bits->network().to_string())
                            : one());
}

bool OverlayAddressCodec::read(const ValueInput& input, Value& out) {
  const auto* text = input.text();
  const auto address =
      text == nullptr ? result<InterfaceAddress>{errc::malformed} : InterfaceAddress::parse(*text);
  if (!address || !address->address.is_v4()) {
    return input.expected(one());
  }
  out = *address;
  return true;
}

bool PeerSubjectCodec::read(const ValueInput& input, Value& out) {
  const auto* text = input.text();
  auto subject =
      text == nullptr ? result<policy::Subject>{errc::malformed} : policy::Subject::parse(*text);
  if (!subject || subject->is_any() || subject->is_self()) {
    return input.expected(one());
  }
  out = std::move(*subject);
  return true;
}

bool WeightsCodec::read(const ValueInput& input, Value& out) {
  const auto* table = input.value().if_object();
  if (table == nullptr) {
    return input.expected(one());
  }
  out.clear();
  bool good = true;
  for (const auto& entry : *table) {
    const std::string name{std::string_view{entry.key()}};
    const auto part = input.part(name, entry.value());
    boost::system::error_code not_a_number;
    const auto weight = entry.value().to_number<double>(not_a_number);
    if (!is_interface_name(name)) {
      good = part.wrong_name(
          fmt::format("found {}, expected the name of an interface", quote(name, 64)));
    } else if (not_a_number || !std::isfinite(weight) || weight <= 0.0) {
      good = part.expected("a number above 0");
    } else {
      out[name] = weight;
    }
  }
  return good;
}

boost::json::value WeightsCodec::write(const Value& value) {
  boost::json::object table;
  for (const auto& [name, weight] : value) {
    table[name] = weight;
  }
  return table;
}

}  // namespace quicether::mgmt
