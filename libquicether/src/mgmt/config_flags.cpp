#include "mgmt/config_choices.hpp"

#include <quicether/mgmt/config_loader.hpp>
#include <quicether/mgmt/text.hpp>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace quicether::mgmt {
namespace {

namespace po = boost::program_options;

constexpr std::array kFlags{
    FlagSpec{"config", "FILE", "read this file instead of the usual two", {}, {}},
    FlagSpec{"state-dir", "DIR", "keep the key and learned state here", {}, "node.state_dir"},
    FlagSpec{"name", "NAME", "call this node NAME", {}, "node.name"},
    FlagSpec{"role", "ROLE", "node or gateway", kRoles, "node.role"},
    FlagSpec{"listen", "ADDRESS:PORT", "bind this UDP address", {}, "node.listen"},
    FlagSpec{"peer", "[ID@]HOST:PORT", "keep a link to this peer", {}, "peer"},
    FlagSpec{"peer-allow", "PEER", "admit this NodeId, key or named peer", {}, "peers.allowed"},
    FlagSpec{"network-name", "NAME", "belong to this network", {}, "network.name"},
    FlagSpec{"secret-file", "FILE", "the network's secret, mode 0600", {}, "network.secret_file"},
    FlagSpec{"tun-name", "NAME", "name of the TUN interface", {}, "network.tun_name"},
    FlagSpec{"tun-addr", "ADDRESS/LENGTH", "overlay address", {}, "network.tun_addr"},
    FlagSpec{"mtu", "BYTES", "MTU of the TUN interface", {}, "network.mtu"},
    FlagSpec{"advertise-subnet",
             "CIDR",
             "offer the subnet behind this node",
             {},
             "network.advertise_subnets"},
    FlagSpec{"forward-subnet",
             "CIDR",
             "forward to this subnet for others",
             {},
             "network.forward_subnets"},
    FlagSpec{
        "bootstrap-mode", "", "let others bootstrap from here", {}, "discovery.bootstrap_mode"},
    FlagSpec{"public-ip", "HOST", "address that others see", {}, "discovery.public_ip"},
    FlagSpec{"interfaces", "NAMES", "use these interfaces", {}, "multipath.interfaces"},
    FlagSpec{"multipath", "MODE", "use several paths at once", kModes, "multipath.mode"},
    FlagSpec{"scheduler", "NAME", "how packets choose paths", kSchedulers, "multipath.scheduler"},
    FlagSpec{"accept-multipath", "", "let peers use several paths", {}, "multipath.accept"},
    FlagSpec{"policy", "FILE", "read the rules from FILE", {}, "security.policy_file"},
    FlagSpec{"audit-log", "FILE", "write the audit log to FILE", {}, "security.audit_log"},
    FlagSpec{"enterprise", "", "admit by the own certificate authority", {}, "security.enterprise"},
    FlagSpec{"require-2fa", "", "ask peers for a second factor", {}, "security.require_2fa"},
    FlagSpec{"require-post-quantum",
             "",
             "refuse peers without X25519MLKEM768",
             {},
             "security.require_post_quantum"},
    FlagSpec{"early-data", "", "send packets in a first flight", {}, "security.early_data"},
    FlagSpec{"control-socket", "PATH", "listen for \"quicether\" here", {}, "control.socket"},
    FlagSpec{"log-level", "LEVEL", "least severe to print", kLogLevels, "monitoring.log_level"},
    FlagSpec{"log-format", "FORMAT", "text or json", kLogFormats, "monitoring.log_format"},
};

po::options_description describe_flags() {
  po::options_description description;
  description.add_options()("help", "")("version", "");
  for (const auto& flag : kFlags) {
    const std::string name{flag.name};
    if (flag.argument.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(name.c_str(), po::value<std::string>(), "");
    }
  }
  return description;
}

ConfigErrors usage_error(std::string_view where, std::string problem) {
  return {{{printable(where, 128), {}, std::move(problem)}}, true};
}

std::string unknown_flag(std::string_view name) {
  std::vector<std::string_view> names{"help", "version"};
  std::transform(kFlags.begin(), kFlags.end(), std::back_inserter(names), [](const FlagSpec& flag) {
    return flag.name;
  });
  const auto close = closest_match(name, names);
  return close.empty() ? "unknown flag" : fmt::format("unknown flag; did you mean --{}?", close);
}

std::string without_dashes(std::string_view token) {
  token.remove_prefix(std::min(token.find_first_not_of('-'), token.size()));
  return std::string{token.substr(0, token.find('='))};
}

// Abbreviated flags are not taken: a later version may make them ambiguous.
po::parsed_options parse(std::span<const std::string> arguments,
                         const po::options_description& description) {
  using po::command_line_style::style_t;
  constexpr int kStyle =
      style_t::allow_long | style_t::long_allow_adjacent | style_t::long_allow_next;
  return po::command_line_parser{std::vector<std::string>{arguments.begin(), arguments.end()}}
      .options(description)
      .style(kStyle)
      .allow_unregistered()
      .run();
}

void take_known(const po::option& option, ParsedFlags& flags, ConfigErrors& errors) {
  const auto value = option.value.empty() ? std::string{"true"} : option.value.front();
  if (value.starts_with("--")) {
    errors.errors.push_back(
        {"flag --" + option.string_key, {}, "needs a value, found " + printable(value, 128)});
  } else if (option.string_key == "help") {
    flags.help = true;
  } else if (option.string_key == "version") {
    flags.version = true;
  } else if (option.string_key == "config") {
    flags.config_file = value;
  } else {
    flags.values.emplace_back(option.string_key, value);
  }
}

void take_all(const std::vector<po::option>& options, ParsedFlags& flags, ConfigErrors& errors) {
  bool after_unknown = false;  // the next word is probably its value
  for (const auto& option : options) {
    const auto& token = option.original_tokens.front();
    const bool word = option.string_key.empty();
    if (option.unregistered) {
      errors.errors.push_back(
          {"flag " + printable(token, 128), {}, unknown_flag(without_dashes(token))});
    } else if (!word) {
      take_known(option, flags, errors);
    } else if (!after_unknown) {
      errors.errors.push_back({printable(token, 128), {}, "expected a flag, which begins with --"});
    }
    after_unknown = option.unregistered && token.find('=') == std::string::npos;
  }
}

}  // namespace

std::span<const FlagSpec> config_flags() {
  return kFlags;
}

std::string config_flags_help() {
  constexpr std::size_t kColumn = 32;
  std::string text;
  for (const auto& flag : kFlags) {
    const auto left = fmt::format("  --{} {}", flag.name, flag.argument);
    text += fmt::format("{:<{}} {}\n", left, kColumn, flag.help);
  }
  return text;
}

boost::system::result<ParsedFlags, ConfigErrors> parse_config_flags(
    std::span<const std::string> arguments) {
  ParsedFlags flags;
  ConfigErrors errors{{}, true};
  try {
    const auto description = describe_flags();
    take_all(parse(arguments, description).options, flags, errors);
  } catch (const po::invalid_command_line_syntax& error) {
    return usage_error(
        "flag " + error.get_option_name(),
        error.kind() == po::invalid_syntax::extra_parameter ? "takes no value" : "needs a value");
  } catch (const po::error& error) {
    return usage_error("flags", error.what());
  }
  if (!errors.errors.empty()) {
    return errors;
  }
  return flags;
}

}  // namespace quicether::mgmt
