#include "mgmt/config_schema.hpp"

#include "mgmt/config_choices.hpp"
#include "mgmt/config_codecs.hpp"
#include "mgmt/host_name.hpp"

#include <quicether/base/shard.hpp>

#include <algorithm>

namespace quicether::mgmt {
namespace {

bool accepts_node_name(std::string_view text) noexcept {
  return policy::is_node_name(text);
}

bool accepts_network_name(std::string_view text) noexcept {
  return policy::is_node_name(text);
}

constexpr TextRule kNodeName{accepts_node_name, "1 to 63 of A-Z a-z 0-9 . _ -", {}};
constexpr TextRule kNetworkName{accepts_network_name, "1 to 63 of A-Z a-z 0-9 . _ -", {}};
constexpr TextRule kInterface{is_interface_name,
                              "the name of an interface, at most 15 bytes",
                              "names of interfaces, at most 15 bytes each"};
constexpr TextRule kPublicHost{is_host, "an IP address or a DNS name without a port", {}};
constexpr TextRule kListenAddress{nullptr, "\"ADDRESS:PORT\" such as \"[::]:9000\"", {}};
constexpr TextRule kHostPort{nullptr,
                             "\"HOST:PORT\" such as \"home.example.com:9000\"",
                             "\"HOST:PORT\" such as \"home.example.com:9000\""};

using NodeName = TextCodec<kNodeName>;
using NetworkName = TextCodec<kNetworkName>;
using InterfaceName = TextCodec<kInterface>;
using PublicHost = TextCodec<kPublicHost>;
using Address = ParsedCodec<SocketAddress, kListenAddress>;
using HostPorts = ListCodec<ParsedCodec<HostPort, kHostPort>>;
using Subnets = ListCodec<PrefixCodec>;
using PeerSubjects = ListCodec<PeerSubjectCodec>;
using OptionalPath = OptionalCodec<PathCodec>;
// RFC 8200 section 5 for the least, the length field of an IP header for the most.
using Mtu = OptionalCodec<IntegerCodec<std::uint32_t, 1280, 65535>>;
using OptionalBoolean = OptionalCodec<BooleanCodec>;
using Port = OptionalCodec<IntegerCodec<std::uint16_t, 1, 65535>>;
using ShardCount = IntegerCodec<unsigned, 1, kShardsMax>;
using Cpus = ListCodec<IntegerCodec<unsigned, 0, 1023>>;  // CPU_SETSIZE, sched.h
using IdleTimeout = DurationCodec<2'000, 600'000>;
using KeepAlive = DurationCodec<0, 300'000>;

template <typename Codec, auto Section, auto Member>
constexpr KeySpec key(std::string_view name) {
  return {
      .name = name,
      .shape = Codec::kShape,
      .expected = [] { return Codec::one(); },
      .read = [](const ValueInput& input,
                 Config& config) { return Codec::read(input, (config.*Section).*Member); },
      .write = [](const Config& config) { return Codec::write((config.*Section).*Member); },
  };
}

constexpr KeySpec peer_key() {
  return {
      .name = "peer",
      .shape = PeersCodec::kShape,
      .expected = [] { return PeersCodec::one(); },
      .read = [](const ValueInput& input,
                 Config& config) { return PeersCodec::read(input, config.peer); },
      .write = [](const Config& config) { return PeersCodec::write(config.peer); },
  };
}

constexpr KeySpec live(KeySpec spec) {
  spec.live = true;
  return spec;
}

constexpr KeySpec ignored(KeySpec spec, std::string_view effect) {
  spec.availability = Availability::ignored;
  spec.effect = effect;
  return spec;
}

constexpr KeySpec refused(KeySpec spec, std::string_view effect) {
  spec.availability = Availability::refused;
  spec.effect = effect;
  return spec;
}

constexpr auto kNode = &Config::node;
constexpr auto kNetwork = &Config::network;
constexpr auto kDiscovery = &Config::discovery;
constexpr auto kPeers = &Config::peers;
constexpr auto kMultipath = &Config::multipath;
constexpr auto kGateway = &Config::gateway;
constexpr auto kSecurity = &Config::security;
constexpr auto kTransport = &Config::transport;
constexpr auto kMonitoring = &Config::monitoring;
constexpr auto kPerformance = &Config::performance;
constexpr auto kControl = &Config::control;

constexpr std::string_view kNoGateway = "no node forwards for others";

constexpr std::array kSchema{
    live(key<NodeName, kNode, &NodeSection::name>("node.name")),
    ignored(key<ChoiceCodec<NodeRole, kRoles>, kNode, &NodeSection::role>("node.role"),
            "this node does not forward for others"),
    key<PathCodec, kNode, &NodeSection::state_dir>("node.state_dir"),
    key<Address, kNode, &NodeSection::listen>("node.listen"),

    key<NetworkName, kNetwork, &NetworkSection::name>("network.name"),
    key<OptionalPath, kNetwork, &NetworkSection::secret_file>("network.secret_file"),
    key<InterfaceName, kNetwork, &NetworkSection::tun_name>("network.tun_name"),
    key<OptionalCodec<OverlayAddressCodec>, kNetwork, &NetworkSection::tun_addr>(
        "network.tun_addr"),
    key<Mtu, kNetwork, &NetworkSection::mtu>("network.mtu"),
    live(key<Subnets, kNetwork, &NetworkSection::advertise_subnets>("network.advertise_subnets")),
    ignored(key<Subnets, kNetwork, &NetworkSection::forward_subnets>("network.forward_subnets"),
            kNoGateway),

    key<HostPorts, kDiscovery, &DiscoverySection::bootstrap_nodes>("discovery.bootstrap_nodes"),
    key<BooleanCodec, kDiscovery, &DiscoverySection::bootstrap_mode>("discovery.bootstrap_mode"),
    live(key<OptionalBoolean, kDiscovery, &DiscoverySection::lan>("discovery.lan")),
    key<PublicHost, kDiscovery, &DiscoverySection::public_ip>("discovery.public_ip"),
    key<Port, kDiscovery, &DiscoverySection::dht_port>("discovery.dht_port"),

    live(key<PeerSubjects, kPeers, &PeersSection::allowed>("peers.allowed")),
    live(peer_key()),

    key<BooleanCodec, kMultipath, &MultipathSection::enabled>("multipath.enabled"),
    key<BooleanCodec, kMultipath, &MultipathSection::accept>("multipath.accept"),
    key<ListCodec<InterfaceName>, kMultipath, &MultipathSection::interfaces>(
        "multipath.interfaces"),
    key<OptionalCodec<ChoiceCodec<BondMode, kModes>>, kMultipath, &MultipathSection::mode>(
        "multipath.mode"),
    key<OptionalCodec<ChoiceCodec<BondScheduler, kSchedulers>>,
        kMultipath,
        &MultipathSection::scheduler>("multipath.scheduler"),
    key<WeightsCodec, kMultipath, &MultipathSection::weights>("multipath.weights"),

    ignored(
        key<OptionalCodec<PeerSubjectCodec>, kGateway, &GatewaySection::prefer>("gateway.prefer"),
        kNoGateway),
    ignored(key<PeerSubjects, kGateway, &GatewaySection::allow>("gateway.allow"), kNoGateway),

    live(key<OptionalPath, kSecurity, &SecuritySection::policy_file>("security.policy_file")),
    ignored(key<OptionalPath, kSecurity, &SecuritySection::audit_log>("security.audit_log"),
            "NO AUDIT LOG IS WRITTEN"),
    refused(key<BooleanCodec, kSecurity, &SecuritySection::enterprise>("security.enterprise"),
            "nodes are not checked against a certificate authority"),
    refused(key<BooleanCodec, kSecurity, &SecuritySection::require_2fa>("security.require_2fa"),
            "peers are admitted without a second factor"),
    key<BooleanCodec, kSecurity, &SecuritySection::require_post_quantum>(
        "security.require_post_quantum"),
    key<BooleanCodec, kSecurity, &SecuritySection::early_data>("security.early_data"),

    key<IdleTimeout, kTransport, &TransportSection::idle_timeout>("transport.idle_timeout"),
    key<KeepAlive, kTransport, &TransportSection::keep_alive>("transport.keep_alive"),
    key<ChoiceCodec<Congestion, kCongestions>, kTransport, &TransportSection::congestion_control>(
        "transport.congestion_control"),
    key<ChoiceCodec<DatagramControl, kDatagramControls>,
        kTransport,
        &TransportSection::datagram_control>("transport.datagram_control"),

    key<OptionalCodec<Address>, kMonitoring, &MonitoringSection::metrics_addr>(
        "monitoring.metrics_addr"),
    key<OptionalCodec<Address>, kMonitoring, &MonitoringSection::health_addr>(
        "monitoring.health_addr"),
    live(key<ChoiceCodec<Severity, kLogLevels>, kMonitoring, &MonitoringSection::log_level>(
        "monitoring.log_level")),
    key<ChoiceCodec<LogFormat, kLogFormats>, kMonitoring, &MonitoringSection::log_format>(
        "monitoring.log_format"),

    ignored(key<ChoiceCodec<IoBackend, kIoBackends>, kPerformance, &PerformanceSection::io_backend>(
                "performance.io_backend"),
            "epoll is used"),
    key<ShardCount, kPerformance, &PerformanceSection::shards>("performance.shards"),
    key<BooleanCodec, kPerformance, &PerformanceSection::lanes>("performance.lanes"),
    key<Cpus, kPerformance, &PerformanceSection::cpu_affinity>("performance.cpu_affinity"),
    key<BooleanCodec, kPerformance, &PerformanceSection::offload>("performance.offload"),
    key<BooleanCodec, kPerformance, &PerformanceSection::chunks>("performance.chunks"),

    key<PathCodec, kControl, &ControlSection::socket>("control.socket"),
};

}  // namespace

std::string_view KeySpec::section() const noexcept {
  return name.substr(0, name.find('.'));
}

std::string_view KeySpec::key() const noexcept {
  const auto dot = name.find('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
}

bool KeySpec::is_set(const Config& config) const {
  static const Config kDefaults{};
  return write(config) != write(kDefaults);
}

std::span<const KeySpec> config_schema() {
  return kSchema;
}

const KeySpec* find_key(std::string_view name) noexcept {
  const auto found = std::find_if(
      kSchema.begin(), kSchema.end(), [name](const KeySpec& spec) { return spec.name == name; });
  return found == kSchema.end() ? nullptr : &*found;
}

}  // namespace quicether::mgmt
