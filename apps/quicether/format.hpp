#ifndef QUICETHER_APPS_QUICETHER_FORMAT_HPP
#define QUICETHER_APPS_QUICETHER_FORMAT_HPP

#include <quicether/base/node_id.hpp>
#include <quicether/base/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

/// "0.21ms", "1.5ms", "15ms", "1200ms"; "-" for zero, which means unknown.
[[nodiscard]] std::string format_rtt(quicether::Duration rtt);

/// "950", "1.2K", "450K", "1.2M", "3.4G".
[[nodiscard]] std::string format_count(std::uint64_t count);

/// "1 rule", "3 rules".
[[nodiscard]] std::string format_amount(std::uint64_t count, std::string_view thing);

/// Bits per second: "950 bps", "25 Mbps", "1.2 Gbps".
[[nodiscard]] std::string format_bandwidth(std::uint64_t bits_per_second);

/// How much of `sent` was `lost`: "0%", "<0.01%", "0.02%", "1.5%"; "-" when nothing was sent.
[[nodiscard]] std::string format_loss(std::uint64_t lost, std::uint64_t sent);

/// The two largest units: "12s", "3m 5s", "2h 0m", "5d 3h".
[[nodiscard]] std::string format_uptime(quicether::Duration uptime);

/// "abc123def456", with the name behind it if there is one: "abc123def456 (home)".
[[nodiscard]] std::string format_node(const quicether::NodeId& id, std::string_view name);

/// The first letter as a capital.
[[nodiscard]] std::string capitalized(std::string_view word);

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_FORMAT_HPP
