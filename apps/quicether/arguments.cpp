#include "arguments.hpp"

#include "command.hpp"

#include <quicether/mgmt/text.hpp>

#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cli {
namespace {

namespace po = boost::program_options;
using quicether::mgmt::printable;

Failure usage_failure(const CommandSpec& command, std::string message) {
  return {
      ExitCode::usage, std::move(message), fmt::format("see: quicether help {}", command.name), {}};
}

po::options_description describe(const CommandSpec& command) {
  po::options_description description;
  for (const auto& option : command.options) {
    std::string name{option.name};
    if (option.letter != '\0') {
      name += {',', option.letter};
    }
    if (option.argument.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(name.c_str(), po::value<std::string>(), "");
    }
  }
  return description;
}

std::string unknown_option(const CommandSpec& command, const std::string& token) {
  std::vector<std::string_view> names;
  for (const auto& option : command.options) {
    names.push_back(option.name);
  }
  const auto dashes = token.find_first_not_of('-');
  const auto name = dashes == std::string::npos ? std::string{} : token.substr(dashes);
  const auto close = quicether::mgmt::closest_match(name.substr(0, name.find('=')), names);
  const auto hint = close.empty() ? std::string{} : fmt::format("; did you mean --{}?", close);
  return fmt::format("unknown option {}{}", printable(token, 128), hint);
}

// Unknown options and plain words of a command that passes them on, in their order.
boost::system::result<Arguments, Failure> sort_out(const CommandSpec& command,
                                                   const std::vector<po::option>& options) {
  Arguments arguments;
  for (const auto& option : options) {
    if (option.unregistered || option.string_key.empty()) {
      auto& target = command.takes_config_flags ? arguments.config_flags : arguments.words;
      if (option.unregistered && !command.takes_config_flags) {
        return usage_failure(command, unknown_option(command, option.original_tokens.front()));
      }
      target.insert(target.end(), option.original_tokens.begin(), option.original_tokens.end());
      continue;
    }
    const auto value = option.value.empty() ? std::string{} : option.value.front();
    if (!arguments.options.emplace(option.string_key, value).second) {
      return usage_failure(command, fmt::format("--{} is given twice", option.string_key));
    }
  }
  if (arguments.words.size() > command.arguments_max) {
    return usage_failure(
        command,
        fmt::format("unexpected word {}",
                    quicether::mgmt::quote(arguments.words[command.arguments_max], 128)));
  }
  return arguments;
}

}  // namespace

std::optional<std::string> Arguments::value(std::string_view option) const {
  const auto found = options.find(option);
  return found == options.end() ? std::nullopt : std::optional{found->second};
}

boost::system::result<std::uint32_t, Failure> Arguments::number(std::string_view option,
                                                                std::uint32_t otherwise,
                                                                std::uint32_t max) const {
  const auto text = value(option);
  if (!text) {
    return otherwise;
  }
  std::uint32_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc{} || read.ptr != text->data() + text->size() || number == 0 ||
      number > max) {
    return Failure{ExitCode::usage,
                   fmt::format("--{}: found {}, expected a number from 1 to {}",
                               option,
                               quicether::mgmt::quote(*text, 64),
                               max),
                   {},
                   {}};
  }
  return number;
}

boost::system::result<Arguments, Failure> parse_arguments(const CommandSpec& command,
                                                          std::span<const std::string> words) {
  using po::command_line_style::style_t;
  constexpr int kLong =
      style_t::allow_long | style_t::long_allow_adjacent | style_t::long_allow_next;
  constexpr int kShort = style_t::allow_short | style_t::allow_dash_for_short |
                         style_t::short_allow_adjacent | style_t::short_allow_next;
  const bool letters =
      std::ranges::any_of(command.options, [](const auto& one) { return one.letter != '\0'; });
  try {
    const auto description = describe(command);
    const auto parsed =
        po::command_line_parser{std::vector<std::string>{words.begin(), words.end()}}
            .options(description)
            .style(letters ? kLong | kShort : kLong)
            .allow_unregistered()
            .run();
    return sort_out(command, parsed.options);
  } catch (const po::invalid_command_line_syntax& error) {
    const bool extra = error.kind() == po::invalid_syntax::extra_parameter;
    return usage_failure(
        command,
        fmt::format("{} {}", error.get_option_name(), extra ? "takes no value" : "needs a value"));
  } catch (const po::error& error) {
    return usage_failure(command, error.what());
  }
}

}  // namespace cli
