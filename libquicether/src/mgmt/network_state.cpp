#include <quicether/base/hex.hpp>
#include <quicether/core/policy/rule.hpp>
#include <quicether/mgmt/network_state.hpp>

#include <algorithm>
#include <array>

namespace quicether::mgmt {

namespace {

constexpr std::string_view kStoreName = "network";
constexpr std::string_view kHeading = "quicether-network 1";
constexpr std::string_view kAnyHeading = "quicether-network ";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretBytesMax = 1024;  // as read_secret_file()

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

NetworkState make_network(std::string_view name, Random& random) {
  std::array<std::uint8_t, kSecretBytes> secret{};
  random.fill(secret);
  NetworkState state;
  state.name = name;
  state.secret = to_hex(secret);
  return state;
}

std::string encode(const NetworkState& state) {
  std::string text = std::string{kHeading} + "\nname " + state.name + '\n';
  if (!state.secret.empty()) {
    text += "secret " + to_hex(as_bytes(state.secret)) + '\n';
  }
  if (state.invite) {
    text += "invite " + record::to_text(*state.invite) + '\n';
  }
  if (!state.refused.empty()) {
    text += "refused " + one_line(state.refused) + '\n';
  }
  return text;
}

result<NetworkState> decode_network_state(std::string_view text) {
  const auto heading = take_line(text);
  if (heading != kHeading) {
    return heading.starts_with(kAnyHeading) ? errc::unsupported : errc::malformed;
  }
  NetworkState state;
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto word = line.substr(0, line.find(' '));
    const auto value = line.substr(std::min(word.size() + 1, line.size()));
    if (word == "name") {
      state.name = value;
    } else if (word == "secret") {
      ByteVector secret(value.size() / 2);
      if (!from_hex(value, secret)) {
        return errc::malformed;
      }
      state.secret = as_text(secret);
    } else if (word == "invite") {
      const auto invite = record::parse_invite(value);
      if (!invite) {
        return errc::malformed;
      }
      state.invite = *invite;
    } else if (word == "refused") {
      state.refused = value;
    }
  }
  const bool of_use = !state.secret.empty() || state.invite;
  if (!policy::is_node_name(state.name) || !of_use || state.secret.size() > kSecretBytesMax) {
    return errc::malformed;
  }
  return state;
}

result<std::optional<NetworkState>> load_network_state(Store& store) {
  const auto bytes = store.load(kStoreName);
  if (!bytes) {
    return bytes.error() == errc::not_found
               ? result<std::optional<NetworkState>>{std::optional<NetworkState>{}}
               : bytes.error();
  }
  auto state = decode_network_state(as_text(*bytes));
  if (!state) {
    return state.error();
  }
  return std::optional{std::move(*state)};
}

result<void> save_network_state(Store& store, const NetworkState& state) {
  return store.save(kStoreName, as_bytes(encode(state)));
}

result<void> remove_network_state(Store& store) {
  return store.remove(kStoreName);
}

std::string explain_network_state(error_code error, const std::filesystem::path& directory) {
  return (directory / kStoreName).string() + ": " + error.message() +
         ". Without this file the node is in no network";
}

Config with_network(Config config, const std::optional<NetworkState>& state) {
  if (!state || state->secret.empty() || !config.network.name.empty()) {
    return config;
  }
  config.network.name = state->name;
  config.network.secret = state->secret;
  if (state->invite) {
    for (const auto& endpoint : state->invite->endpoints) {
      config.discovery.bootstrap_nodes.push_back({endpoint.address.to_string(), endpoint.port});
    }
  }
  return config;
}

}  // namespace quicether::mgmt
