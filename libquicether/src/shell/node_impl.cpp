#include "node_impl.hpp"

#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/node_address.hpp>

#include <algorithm>
#include <charconv>
#include <set>
#include <span>
#include <utility>

namespace quicether {

namespace {

/// State entry: how often the IPv4 address was drawn again.
constexpr std::string_view kAttemptName = "address-v4-attempt";

constexpr std::string_view kTooManySubnets = "more than 256 subnets are advertised";
static_assert(wire::kSubnetsMax == 256);

/// Members that are dialled because they announced themselves on a link.
constexpr std::size_t kLanTargetsMax = 256;

record::LanCodec lan_codec_of(const std::optional<crypto::NetworkKey>& network) {
  return network ? record::LanCodec{*network} : record::LanCodec{};
}

/// The node's own TUN is no way to its peers.
PathManagerConfig paths_of(const NodeConfig& config) {
  auto paths = config.paths;
  paths.multipath.except.push_back(config.tun_name);
  return paths;
}

std::vector<policy::Rule> rules_of(const NodeConfig& config) {
  if (config.rules) {
    return *config.rules;
  }
  const auto built_in = PolicyEngine::built_in();
  return {built_in.rules().begin(), built_in.rules().end()};
}

/// Who is admitted: the list, and every configured peer that is known by id or key.
policy::AdmissionConfig admission_of(const NodeConfig& config) {
  auto admission = config.admission;
  for (const auto& peer : config.peers) {
    if (peer.key) {
      admission.peers.push_back({peer.name, peer.key, std::nullopt});
    } else if (peer.id) {
      admission.peers.push_back(
          {peer.name, std::nullopt, NodeIdPrefix::parse(peer.id->to_string()).value()});
    }
  }
  return admission;
}

}  // namespace

Node::Impl::Impl(Environment& environment, const Identity& identity, NodeConfig config)
    : environment_{environment},
      identity_{identity},
      config_{std::move(config)},
      network_key_{config_.transport.sessions.network_key},
      lan_codec_{lan_codec_of(network_key_)},
      admission_{environment},
      addresses_{identity.node_id(), identity.public_key()},
      cache_{environment},
      shards_{environment,
              identity,
              {std::move(config_.transport), paths_of(config_), config_.router},
              admission_,
              *this} {}

Node::Impl::~Impl() {
  left_.reset();
  claims_.reset();
  membership_.reset();
  lan_.reset();
  discovery_.reset();
  close_tun();
}

result<void> Node::Impl::start() {
  started_at_ = environment_.now();
  if (config_.advertise_subnets.size() > wire::kSubnetsMax) {
    error_detail_ = kTooManySubnets;
    return errc::limit_reached;
  }
  if (const auto ruled = apply_rules(config_); !ruled) {
    return ruled;
  }
  if (const auto admitted = admission_.configure(admission_of(config_)); !admitted) {
    error_detail_ = "the list of admitted peers is invalid";
    return admitted;
  }
  addresses_.set_own_v4(config_.tun_address, stored_attempt());
  cache_.load();
  admission_.invites().use(config_.network);
  if (const auto opened = shards_.open(); !opened) {
    error_detail_ = "cannot open the UDP port";
    return opened;
  }
  if (config_.tun) {
    if (const auto opened = open_tun(); !opened) {
      return opened;
    }
  }
  if (const auto opened = open_discovery(); !opened) {
    return opened;
  }
  announce();
  if (const auto added = add_peers(); !added) {
    return added;
  }
  open_network();
  open_lan();
  return {};
}

/// Needs a network with a secret, and the DHT.
void Node::Impl::open_network() {
  if (!discovery_ || !network_key_) {
    return;
  }
  lists_ = std::make_shared<detail::ListStore>(std::shared_ptr<Dht>{discovery_, &discovery_->dht()},
                                               record::NetworkRecords{*network_key_});
  membership_ = std::make_shared<detail::Membership>(
      environment_, identity_, shards_, *discovery_, cache_, lists_, config_.membership);
  membership_->set_handlers(
      [this](const PublicKey& key) { return configured(crypto::node_id(key), key) != nullptr; },
      [this](const PublicKey& key) { on_member_changed(key); });
  admission_.on_member([this](const PublicKey& key) { membership_->on_proof(key); });
  membership_->open();
  claims_ = std::make_shared<detail::SubnetClaims>(environment_, identity_, *discovery_, lists_);
  if (left_ && left_->network() == claims_->network()) {
    left_.reset();  // it came back
  }
  claim_subnets();
}

/// Members find by its subnets who has them; the entitlement to them is no matter of claims.
void Node::Impl::claim_subnets() {
  if (!claims_) {
    return;
  }
  const auto& subnets = config_.advertise_subnets;
  std::set<record::Topic> topics;
  for (const auto& subnet :
       std::span{subnets}.first(std::min(subnets.size(), kClaimedSubnetsMax))) {
    topics.insert(record::Topic::subnet(subnet));
  }
  claims_->claim(topics);
}

result<void> Node::Impl::advertise(std::vector<Prefix> subnets) {
  if (subnets.size() > wire::kSubnetsMax) {
    return errc::limit_reached;
  }
  config_.advertise_subnets = std::move(subnets);
  shards_.set_local(own_addresses(), config_.advertise_subnets);
  announce();
  claim_subnets();
  return {};
}

void Node::Impl::on_member_changed(const PublicKey& key) {
  const auto id = crypto::node_id(key);
  if (const auto met = lan_targets_.find(id); met != lan_targets_.end()) {
    shards_.remove_peer(met->second);  // the Membership has a target now
    lan_targets_.erase(met);
  }
  if (is_stranger(id, key)) {
    forget(id);
    return;
  }
  if (const auto peer = shards_.intern(id)) {
    // The route to its IPv6 address, which follows from its key: packets ask for a link.
    apply_claims(*peer);
    remember_address(*shards_.peer(*peer));
    // It may have said its name before its proof was heard of here.
    if (const auto said = announces_.find(*peer); membership_ && said != announces_.end()) {
      membership_->on_name(id, said->second.name);
    }
  }
}

/// Where a peer that will be dialled after a restart is now.
void Node::Impl::remember_address(const path::LinkPeer& link) {
  const bool known = configured(link.id, link.key) != nullptr ||
                     (membership_ && membership_->members().contains(link.id));
  if (!known || link.sessions.empty()) {
    return;
  }
  if (const auto remote = shards_.remote_of(link.index)) {
    cache_.remember(link.id, *remote);
  }
}

result<void> Node::Impl::open_discovery() {
  if (!config_.discovery) {
    return {};
  }
  discovery_ = std::make_shared<detail::Discovery>(
      environment_, identity_, shards_.transport(), shards_, *config_.discovery, config_.gateway);
  discovery_->on_contacts([this] {
    if (membership_) {
      membership_->look_again();
      claims_->look_again();
    }
    if (left_) {
      left_->look_again();
    }
  });
  const auto opened = discovery_->open();
  if (!opened) {
    error_detail_ = "cannot start discovery";
  }
  return opened;
}

// Nodes on the same links.

void Node::Impl::open_lan() {
  if (!config_.lan) {
    return;
  }
  lan_ = std::make_shared<detail::LanDiscovery>(
      environment_,
      *config_.lan,
      lan_codec_,
      identity_.public_key(),
      shards_.transport().local_endpoint(),
      [this](const PublicKey& key, const SocketAddress& address) {
        return on_lan_candidate(key, address);
      });
  lan_->open();
}

void Node::Impl::close_lan() {
  lan_.reset();
  for (const auto& [id, target] : lan_targets_) {
    shards_.remove_peer(target);
  }
  lan_targets_.clear();
}

detail::LanDiscovery::Verdict Node::Impl::on_lan_candidate(const PublicKey& key,
                                                           const SocketAddress& address) {
  using Verdict = detail::LanDiscovery::Verdict;
  const auto id = crypto::node_id(key);
  const auto target = lan_target(id, key);
  if (!target) {
    return Verdict::unwanted;
  }
  if (const auto link = shards_.peer(id); link && link->up_since) {
    return Verdict::linked;
  }
  shards_.offer_addresses(*target, {address});
  return Verdict::dialled;
}

/// The target of a configured peer, or of a member of the network, which proves that it is one when
/// it is dialled.
std::optional<path::TargetId> Node::Impl::lan_target(const NodeId& id, const PublicKey& key) {
  for (const auto& [peer, target] : targets_) {
    if (peer.key ? peer.key == key : peer.id == id) {
      return target;
    }
  }
  if (membership_ && membership_->want(id)) {
    return membership_->members().at(id).target;
  }
  if (const auto known = lan_targets_.find(id); known != lan_targets_.end()) {
    return known->second;
  }
  if (!lan_codec_.sealed() || lan_targets_.size() >= kLanTargetsMax) {
    return std::nullopt;
  }
  path::PeerTarget target;
  target.id = id;
  target.key = key;
  const auto added = shards_.add_peer(std::move(target));
  if (!added) {
    return std::nullopt;
  }
  lan_targets_.emplace(id, *added);
  return *added;
}

void Node::Impl::on_lan_link_down(const path::LinkPeer& link, error_code reason) {
  if (reason != errc::not_admitted_by_peer) {
    lan_->on_link_down(*link.key);
    return;
  }
  // It has left the network, as far as anybody can tell without lists; else it announces itself.
  if (const auto met = lan_targets_.find(link.id); met != lan_targets_.end()) {
    shards_.remove_peer(met->second);
    lan_targets_.erase(met);
    if (is_stranger(link.id, link.key)) {
      forget(link.id);
    }
  }
}

std::uint32_t Node::Impl::stored_attempt() {
  const auto bytes = environment_.store().load(kAttemptName);
  std::uint32_t attempt = 0;
  if (bytes) {
    const auto text = as_text(*bytes);
    std::from_chars(text.data(), text.data() + text.size(), attempt);
  }
  return attempt;
}

result<void> Node::Impl::apply_rules(const NodeConfig& config) {
  if (const auto replaced = shards_.replace_rules(rules_of(config)); !replaced) {
    error_detail_ = "the policy is invalid";
    return replaced;
  }
  shards_.set_self(identity_.node_id(), identity_.public_key(), config.name);
  return {};
}

// The TUN and what the system routes into it.

std::vector<InterfaceAddress> Node::Impl::own_interface_addresses() const {
  return {addresses_.own_v4(), addresses_.own_v6()};
}

std::vector<IpAddress> Node::Impl::own_addresses() const {
  return {addresses_.own_v4().address, addresses_.own_v6().address};
}

result<void> Node::Impl::open_tun() {
  TunOptions options;
  options.name = config_.tun_name;
  options.mtu = config_.mtu;
  options.addresses = own_interface_addresses();
  shards_.set_local(own_addresses(), config_.advertise_subnets);
  const auto opened = shards_.open_tun(std::move(options));
  if (!opened) {
    error_detail_ = "cannot create the TUN interface " + config_.tun_name;
  }
  return opened;
}

void Node::Impl::close_tun() noexcept {
  shards_.close_tun();
  system_routes_.clear();
}

void Node::Impl::sync_system_routes(PeerIndex peer, const std::vector<Prefix>& wanted) {
  auto* tun = shards_.tun();
  if (tun == nullptr) {
    return;
  }
  auto& installed = system_routes_[peer];
  for (const auto& prefix : installed) {
    if (std::ranges::find(wanted, prefix) == wanted.end()) {
      (void)tun->remove_route(prefix);
    }
  }
  std::vector<Prefix> kept;
  for (const auto& prefix : wanted) {
    const bool connected = addresses_.own_v4().network().contains(prefix);
    if (connected) {
      continue;
    }
    if (const auto added = tun->add_route(prefix); added) {
      kept.push_back(prefix);
    } else {
      environment_.events().on_event(
          {"route.failed",
           Severity::error,
           {{"destination", prefix.to_string()}, {"reason", added.error().message()}}});
    }
  }
  installed = std::move(kept);
}

// Peers.

result<void> Node::Impl::add_peers() {
  for (const auto& peer : config_.peers) {
    const auto known = std::ranges::find(
        targets_, peer, [](const auto& entry) -> const NodePeer& { return entry.first; });
    if (known != targets_.end()) {
      continue;
    }
    path::PeerTarget target;
    target.id = peer.id;
    target.key = peer.key;
    target.addresses = peer.addresses;
    if (peer.id && peer.addresses.empty()) {
      if (const auto cached = cache_.find(*peer.id)) {
        target.addresses.push_back(*cached);
      }
    }
    const auto added = shards_.add_peer(std::move(target));
    if (!added) {
      error_detail_ = "cannot add the peer " + (peer.name.empty() ? "without name" : peer.name);
      return added.error();
    }
    targets_.emplace_back(peer, *added);
    if (discovery_ && peer.id) {
      discovery_->want(*added, *peer.id, peer.key);
    }
  }
  return {};
}

const NodePeer* Node::Impl::configured(const NodeId& id,
                                       const std::optional<PublicKey>& key) const noexcept {
  const auto found = std::ranges::find_if(config_.peers, [&](const NodePeer& peer) {
    return peer.key ? peer.key == key : peer.id == id;
  });
  return found == config_.peers.end() ? nullptr : &*found;
}

std::string Node::Impl::display_name(PeerIndex peer, const NodeId& id) const {
  const auto link = shards_.peer(peer);
  const auto* known = configured(id, link ? link->key : std::nullopt);
  if (known != nullptr && !known->name.empty()) {
    return known->name;
  }
  if (const auto claims = addresses_.peers().find(peer); claims != addresses_.peers().end()) {
    return claims->second.name;
  }
  if (!membership_) {
    return {};
  }
  const auto member = membership_->members().find(id);
  return member == membership_->members().end() ? std::string{} : member->second.name;
}

void Node::Impl::apply_configured(PeerIndex peer, const path::LinkPeer& link) {
  const auto* known = configured(link.id, link.key);
  shards_.set_peer(peer, link.id, *link.key, known == nullptr ? std::string{} : known->name);
  remember_address(link);
}

void Node::Impl::on_link_up(PeerIndex peer) {
  const auto link = shards_.peer(peer);
  if (!link || !link->key) {
    return;
  }
  apply_configured(peer, *link);
  if (discovery_) {
    discovery_->on_link_up(link->id);
  }
  environment_.events().on_event({"link.up", Severity::info, {{"peer", link->id.to_string()}}});
}

void Node::Impl::on_link_down(PeerIndex peer, error_code reason) {
  // Routes stay: packets to the peer are what makes its link come back, and nobody else may claim
  // its addresses meanwhile.
  const auto link = shards_.peer(peer);
  if (discovery_ && link) {
    discovery_->on_link_down(link->id);
  }
  if (membership_ && link) {
    membership_->on_link_down(link->id, reason);
  }
  if (lan_ && link && link->key) {
    on_lan_link_down(*link, reason);
  }
  environment_.events().on_event(
      {"link.down",
       Severity::warning,
       {{"peer", link ? link->id.to_string() : ""}, {"reason", reason.message()}}});
}

void Node::Impl::on_link_wanted(PeerIndex peer) {
  const auto link = shards_.peer(peer);
  if (membership_ && link) {
    (void)membership_->want(link->id);
  }
}

void Node::Impl::on_announce(PeerIndex peer, const wire::Announce& announce) {
  announces_[peer] = announce;
  if (const auto link = shards_.peer(peer); membership_ && link) {
    membership_->on_name(link->id, announce.name);
  }
  judge_announcement(peer, announce);
}

void Node::Impl::judge_announcement(PeerIndex peer, const wire::Announce& announce) {
  const auto link = shards_.peer(peer);
  if (!link || !link->key) {
    return;
  }
  const auto* known = configured(link->id, link->key);
  const auto outcome = addresses_.claim(peer,
                                        link->id,
                                        *link->key,
                                        announce,
                                        known == nullptr ? std::vector<Prefix>{} : known->subnets);
  for (const auto& prefix : outcome.claims.refused) {
    environment_.events().on_event(
        {"route.refused",
         Severity::warning,
         {{"peer", link->id.to_string()}, {"prefix", prefix.to_string()}}});
  }
  apply_claims(peer);
  if (outcome.displaced) {
    apply_claims(*outcome.displaced);
  }
  if (outcome.redraw) {
    redraw_address();
  }
}

void Node::Impl::apply_claims(PeerIndex peer) {
  std::vector<Prefix> prefixes;
  const auto link = shards_.peer(peer);
  if (membership_ && link) {
    if (const auto member = membership_->members().find(link->id);
        member != membership_->members().end()) {
      prefixes.push_back(Prefix::host(crypto::overlay_address(member->second.key)));
    }
  }
  if (const auto found = addresses_.peers().find(peer); found != addresses_.peers().end()) {
    for (const auto& address : found->second.addresses) {
      if (std::ranges::find(prefixes, Prefix::host(address)) == prefixes.end()) {
        prefixes.push_back(Prefix::host(address));
      }
    }
    prefixes.insert(prefixes.end(), found->second.subnets.begin(), found->second.subnets.end());
  }
  shards_.set_prefixes(peer, prefixes);
  sync_system_routes(peer, prefixes);
}

void Node::Impl::redraw_address() {
  const auto attempt = addresses_.attempt() + 1;
  addresses_.set_own_v4(config_.tun_address, attempt);
  (void)environment_.store().save(kAttemptName, as_bytes(std::to_string(attempt)));
  environment_.events().on_event(
      {"address.drawn_again", Severity::warning, {{"address", addresses_.own_v4().to_string()}}});
  if (shards_.tun() != nullptr) {
    close_tun();
    if (const auto opened = open_tun(); !opened) {
      environment_.events().on_event(
          {"tun.lost", Severity::error, {{"reason", opened.error().message()}}});
    }
  }
  announce();
  const auto announces = announces_;
  for (const auto& [peer, announced] : announces) {
    judge_announcement(peer, announced);
  }
}

void Node::Impl::announce() {
  wire::Announce announce;
  announce.name = config_.name;
  announce.gateway = config_.gateway;
  announce.addresses = own_addresses();
  announce.subnets = config_.advertise_subnets;
  announce.endpoints = endpoints();
  shards_.announce(announce);
}

/// Where peers may open further paths to this node.
std::vector<SocketAddress> Node::Impl::endpoints() {
  auto endpoints = shards_.paths().endpoints();
  if (!endpoints.empty() && discovery_) {
    for (const auto& known : discovery_->own_endpoints()) {
      if (std::ranges::find(endpoints, known) == endpoints.end()) {
        endpoints.push_back(known);
      }
    }
  }
  return endpoints;
}

// Reload and stop.

result<ReloadReport> Node::Impl::reload(NodeConfig config) {
  if (const auto compiled = PolicyEngine::compile(rules_of(config)); !compiled) {
    error_detail_ = "the policy is invalid";
    return compiled.error();
  }
  if (const auto admitted = admission_.configure(admission_of(config)); !admitted) {
    error_detail_ = "the list of admitted peers is invalid";
    return admitted.error();
  }
  if (config.advertise_subnets.size() > wire::kSubnetsMax) {
    error_detail_ = kTooManySubnets;
    return errc::limit_reached;
  }
  ReloadReport report;
  const auto note = [](std::vector<std::string>& list, bool changed, std::string_view key) {
    if (changed) {
      list.emplace_back(key);
    }
  };
  note(report.applied, config.peers != config_.peers, "peer");
  note(report.applied, config.name != config_.name, "node.name");
  note(report.applied, rules_of(config) != rules_of(config_), "security.policy_file");
  note(report.applied,
       config.advertise_subnets != config_.advertise_subnets,
       "network.advertise_subnets");
  note(report.needs_restart, config.tun_name != config_.tun_name, "network.tun_name");
  note(report.needs_restart, config.tun_address != config_.tun_address, "network.tun_addr");
  note(report.needs_restart, config.mtu != config_.mtu, "network.mtu");
  note(report.needs_restart, config.gateway != config_.gateway, "node.role");
  note(report.needs_restart,
       config.discovery.has_value() != config_.discovery.has_value(),
       "discovery.bootstrap_nodes");

  const bool other_lan = config.lan.has_value() != config_.lan.has_value();
  note(report.applied, other_lan, "discovery.lan");
  const bool other_network = config.network != config_.network;
  note(report.applied, other_network, "network");
  if (other_network) {
    if (const auto changed = change_network(config); !changed) {
      return changed.error();
    }
  }
  if (other_lan || other_network) {
    close_lan();
    config_.lan = config.lan;
    open_lan();
  }
  config_.peers = std::move(config.peers);
  config_.name = std::move(config.name);
  config_.rules = std::move(config.rules);
  config_.policy_source = std::move(config.policy_source);
  config_.admission = std::move(config.admission);

  const auto ruled = apply_rules(config_);
  QE_ASSERT(ruled.has_value());  // The same rules were compiled above.
  std::erase_if(targets_, [&](const auto& entry) {
    const bool gone = std::ranges::find(config_.peers, entry.first) == config_.peers.end();
    if (gone) {
      shards_.remove_peer(entry.second);
      if (discovery_) {
        discovery_->forget(entry.second);
      }
    }
    return gone;
  });
  if (discovery_ && config.discovery) {
    discovery_->add_bootstrap(config.discovery->dht.bootstrap);
  }
  const auto added = add_peers();
  if (membership_) {
    membership_->refresh();
  }
  shards_.readmit();
  // Without the lists of members, whoever proved that it is one may still be.
  if (other_network || !network_key_ || membership_) {
    forget_strangers();
  }
  for (const auto& [peer, announced] : std::map{announces_}) {
    if (const auto link = shards_.peer(peer); link && link->key) {
      apply_configured(peer, *link);
    }
    judge_announcement(peer, announced);
  }
  const auto advertised = advertise(std::move(config.advertise_subnets));
  QE_ASSERT(advertised.has_value());  // counted above
  if (!added) {
    return added.error();
  }
  return report;
}

// Networks.

/// Leaves the network that the node is in, and enters that of `config`, if there is one.
result<void> Node::Impl::change_network(NodeConfig& config) {
  leave_network();
  network_key_ = config.transport.sessions.network_key;
  lan_codec_ = lan_codec_of(network_key_);
  shards_.set_network_key(network_key_);
  config_.network = std::move(config.network);
  config_.membership = std::move(config.membership);
  admission_.invites().use(config_.network);
  if (!discovery_) {
    config_.discovery = std::move(config.discovery);
    if (const auto opened = open_discovery(); !opened) {
      return opened;
    }
  } else if (config.discovery) {
    discovery_->add_bootstrap(config.discovery->dht.bootstrap);
  }
  open_network();
  return {};
}

void Node::Impl::leave_network() {
  admission_.on_member({});
  std::map<NodeId, detail::Member> left;
  if (membership_) {
    left = membership_->members();
    membership_->forget();
  }
  membership_.reset();
  if (claims_) {
    left_ = std::move(claims_);
    left_->leave();
  }
  lists_.reset();
  close_lan();
  for (const auto& [id, member] : left) {
    on_member_changed(member.key);
  }
}

/// True for whom the node neither names nor admits nor counts among the members of its network.
bool Node::Impl::is_stranger(const NodeId& id, const std::optional<PublicKey>& key) {
  if (configured(id, key) != nullptr || (membership_ && membership_->members().contains(id))) {
    return false;
  }
  return !key || !admission_.admit(*key, id, false).admitted;
}

void Node::Impl::forget_strangers() {
  for (const auto& peer : shards_.peers()) {
    if (is_stranger(peer.id, peer.key)) {
      forget(peer.id);
    }
  }
}

/// Its name, addresses and routes, and where it was.
void Node::Impl::forget(const NodeId& id) {
  cache_.forget(id);
  if (const auto peer = shards_.intern(id)) {
    announces_.erase(*peer);
    addresses_.release(*peer);
    apply_claims(*peer);
    shards_.forget(*peer);
  }
}

result<record::Invite> Node::Impl::create_invite(const InviteOptions& options) {
  if (!config_.network || !discovery_) {
    return errc::not_open;
  }
  record::Invite invite;
  invite.endpoints = discovery_->own_endpoints();
  for (const auto& address : options.addresses) {
    const SocketAddress endpoint{address, shards_.transport().local_endpoint().port};
    if (record::is_dialable(endpoint) &&
        std::ranges::find(invite.endpoints, endpoint) == invite.endpoints.end()) {
      invite.endpoints.push_back(endpoint);
    }
  }
  invite.endpoints.resize(std::min(invite.endpoints.size(), record::kInviteEndpointsMax));
  if (invite.endpoints.empty()) {
    return errc::no_address;
  }
  const auto lifetime = std::chrono::ceil<std::chrono::seconds>(options.lifetime).count();
  const auto token = admission_.invites().issue(lifetime, options.once);
  if (!token) {
    return token.error();
  }
  invite.network = config_.network->name;
  invite.inviter = identity_.public_key();
  invite.token = *token;
  invite.expires = environment_.unix_time() + lifetime;
  invite.once = options.once;
  return invite;
}

void Node::Impl::ping(const NodeId& peer, const PingOptions& options, PingHandler handler) {
  if (membership_) {
    (void)membership_->want(peer);
  }
  shards_.ping(peer, options, std::move(handler));
}

void Node::Impl::redeem(const record::Invite& invite, GrantHandler handler) {
  shards_.redeem(invite, std::move(handler));
}

std::optional<NetworkStatus> Node::Impl::network() const {
  if (!config_.network) {
    return std::nullopt;
  }
  NetworkStatus status;
  status.name = config_.network->name;
  status.invites = admission_.invites().size();
  if (!membership_) {
    return status;
  }
  status.listed = membership_->listed();
  std::set<NodeId> connected;
  for (const auto& peer : shards_.peers()) {
    if (peer.state == "connected") {
      connected.insert(peer.id);
    }
  }
  for (const auto& [id, member] : membership_->members()) {
    status.members.push_back({id, member.key, member.name, connected.contains(id), member.until});
  }
  return status;
}

void Node::Impl::stop(StopHandler handler) {
  admission_.on_member({});
  left_.reset();
  claims_.reset();
  membership_.reset();
  close_lan();
  discovery_.reset();
  for (const auto& [peer, target] : targets_) {
    shards_.remove_peer(target);
  }
  targets_.clear();
  close_tun();
  shards_.close(std::move(handler));
}

}  // namespace quicether
