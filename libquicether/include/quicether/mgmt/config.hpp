#ifndef QUICETHER_MGMT_CONFIG_HPP
#define QUICETHER_MGMT_CONFIG_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/event.hpp>
#include <quicether/base/node_id.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/path/multipath_config.hpp>
#include <quicether/core/policy/admission.hpp>
#include <quicether/core/policy/rule.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::mgmt {

/// A host by name or address, and a UDP port: "home.example.com:9000", "[2001:db8::1]:9000".
struct HostPort {
  std::string host{};  ///< a DNS name, or an address without brackets
  std::uint16_t port = 0;

  /// Parses "name:port", "192.0.2.1:port" or "[2001:db8::1]:port"; the port is 1..65535.
  ///
  /// **Errors:** `malformed`.
  [[nodiscard]] static result<HostPort> parse(std::string_view text);

  [[nodiscard]] std::string to_string() const;

  friend auto operator<=>(const HostPort&, const HostPort&) = default;
};

/// One `[[peer]]` table or `--peer` flag.
struct PeerEntry {
  std::optional<NodeId> id{};      ///< pins the peer; none when `key` pins it or nothing does
  std::optional<PublicKey> key{};  ///< pins the peer, stronger
  std::string name{};              ///< what this node calls it; empty: what it calls itself
  std::vector<HostPort> endpoints{};
  std::vector<Prefix> subnets{};  ///< what it may announce; needs `id` or `key`

  friend bool operator==(const PeerEntry&, const PeerEntry&) = default;
};

enum class NodeRole { node, gateway };
using BondMode = path::BondMode;
using BondScheduler = path::BondScheduler;
enum class IoBackend { epoll, io_uring };
enum class LogFormat { text, json };
enum class Congestion { cubic, bbr };
enum class DatagramControl { connection, application };

/// `[node]`
struct NodeSection {
  std::string name{};  ///< 1..63 of [A-Za-z0-9._-]; empty: none
  NodeRole role = NodeRole::node;
  std::filesystem::path state_dir{};  ///< key and learned state; load_config() fills in the default
  SocketAddress listen{IpAddress::v6({}), 9000};  ///< the one UDP port

  friend bool operator==(const NodeSection&, const NodeSection&) = default;
};

/// `[network]`
struct NetworkSection {
  std::string name{};                                  ///< empty: no membership by secret
  std::optional<std::filesystem::path> secret_file{};  ///< 0600
  std::string secret{};                                ///< its content; never printed or sent
  std::string tun_name = "quicether0";
  std::optional<InterfaceAddress> tun_addr{};  ///< IPv4; none: drawn from the key
  std::optional<std::uint32_t> mtu{};          ///< bytes; none: the node chooses
  std::vector<Prefix> advertise_subnets{};     ///< behind this node
  std::vector<Prefix> forward_subnets{};       ///< forwarded for others as a gateway

  friend bool operator==(const NetworkSection&, const NetworkSection&) = default;
};

/// `[discovery]`
struct DiscoverySection {
  std::vector<HostPort> bootstrap_nodes{};
  bool bootstrap_mode = false;
  std::optional<bool> lan{};                ///< by multicast; none: in a network with a secret
  std::string public_ip{};                  ///< address or DNS name; empty: none
  std::optional<std::uint16_t> dht_port{};  ///< the same port as `node.listen`

  friend bool operator==(const DiscoverySection&, const DiscoverySection&) = default;
};

/// `[peers]`
struct PeersSection {
  std::vector<policy::Subject> allowed{};  ///< never "*" or "self"

  friend bool operator==(const PeersSection&, const PeersSection&) = default;
};

/// `[multipath]`
struct MultipathSection {
  bool enabled = false;
  bool accept = false;                    ///< let peers open further paths to this node
  std::vector<std::string> interfaces{};  ///< empty: all
  std::optional<BondMode> mode{};
  std::optional<BondScheduler> scheduler{};
  std::map<std::string, double> weights{};  ///< by interface, above 0

  friend bool operator==(const MultipathSection&, const MultipathSection&) = default;
};

/// `[gateway]`
struct GatewaySection {
  std::optional<policy::Subject> prefer{};
  std::vector<policy::Subject> allow{};

  friend bool operator==(const GatewaySection&, const GatewaySection&) = default;
};

/// `[security]`
struct SecuritySection {
  std::optional<std::filesystem::path> policy_file{};
  std::optional<std::filesystem::path> audit_log{};
  bool enterprise = false;
  bool require_2fa = false;
  bool require_post_quantum = false;  ///< refuse peers without X25519MLKEM768
  bool early_data = false;            ///< packets may go with the first flight of a resumed session

  friend bool operator==(const SecuritySection&, const SecuritySection&) = default;
};

/// `[transport]`
struct TransportSection {
  Duration idle_timeout = std::chrono::seconds{30};
  Duration keep_alive = std::chrono::seconds{15};  ///< zero: none
  Congestion congestion_control = Congestion::bbr;
  DatagramControl datagram_control = DatagramControl::application;

  friend bool operator==(const TransportSection&, const TransportSection&) = default;
};

/// `[monitoring]`
struct MonitoringSection {
  std::optional<SocketAddress> metrics_addr{};
  std::optional<SocketAddress> health_addr{};
  Severity log_level = Severity::info;  ///< the least severe that is printed
  LogFormat log_format = LogFormat::text;

  friend bool operator==(const MonitoringSection&, const MonitoringSection&) = default;
};

/// `[performance]`
struct PerformanceSection {
  IoBackend io_backend = IoBackend::epoll;
  unsigned shards = 1;                   ///< threads that share the work
  bool lanes = true;                     ///< also that of one link
  std::vector<unsigned> cpu_affinity{};  ///< CPU numbers; empty: any
  bool offload = true;                   ///< the kernel's segmentation offloads, TUN and UDP
  bool chunks = true;                    ///< super-packets travel whole

  friend bool operator==(const PerformanceSection&, const PerformanceSection&) = default;
};

/// `[control]`
struct ControlSection {
  std::filesystem::path socket{};  ///< load_config() fills in the default

  friend bool operator==(const ControlSection&, const ControlSection&) = default;
};

/// The whole configuration of a node, one member per section of the file.
///
/// A plain aggregate: a program that embeds the library may fill it without any file.
struct Config {
  NodeSection node{};
  NetworkSection network{};
  DiscoverySection discovery{};
  PeersSection peers{};
  std::vector<PeerEntry> peer{};
  MultipathSection multipath{};
  GatewaySection gateway{};
  SecuritySection security{};
  TransportSection transport{};
  MonitoringSection monitoring{};
  PerformanceSection performance{};
  ControlSection control{};

  friend bool operator==(const Config&, const Config&) = default;
};

/// What policy::Admission is compiled from: `peers.allowed`, and the `[[peer]]` entries, which are
/// admitted too when they have an id.
[[nodiscard]] policy::AdmissionConfig admission_config(const Config& config);

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_CONFIG_HPP
