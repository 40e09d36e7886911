#include "membership.hpp"

#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/policy/rule.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace quicether::detail {

namespace {

constexpr Duration kTick = std::chrono::seconds{1};

/// State entry: "network <writer key>", then for each member "<key> <until> <name or ->".
constexpr std::string_view kCacheName = "members";

/// How long a proof is remembered: as long as a claim holds.
constexpr UnixSeconds kProofLifetime = 24 * 3600;

std::string_view take_word(std::string_view& line) {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::optional<Member> parse_member(std::string_view line) {
  const auto key = PublicKey::parse(take_word(line));
  const auto until = take_word(line);
  Member member;
  const auto parsed = std::from_chars(until.data(), until.data() + until.size(), member.until);
  const bool named = line != "-";
  if (!key || parsed.ec != std::errc{} || parsed.ptr != until.data() + until.size() ||
      (named && !policy::is_node_name(line))) {
    return std::nullopt;
  }
  member.key = *key;
  member.name = named ? line : "";
  return member;
}

}  // namespace

Membership::Membership(Environment& environment,
                       const Identity& identity,
                       Shards& shards,
                       Discovery& discovery,
                       const PeerCache& addresses,
                       std::shared_ptr<const ListStore> store,
                       const MembershipConfig& config)
    : environment_{environment},
      identity_{identity},
      shards_{shards},
      discovery_{discovery},
      addresses_{addresses},
      store_{std::move(store)},
      lists_{
          std::make_shared<ClaimKeeper>(environment,
                                        identity,
                                        store_,
                                        record::Topic::members(),
                                        config.lists,
                                        [this](const record::Claim& claim) { on_claim(claim); })},
      config_{config},
      timer_{environment.make_timer()} {}

Membership::~Membership() {
  if (changed_) {
    save();
  }
  for (auto& [id, member] : members_) {
    stop_target(member);
  }
}

void Membership::set_handlers(ConfiguredCheck is_configured, ChangeHandler on_change) {
  is_configured_ = std::move(is_configured);
  on_change_ = std::move(on_change);
}

void Membership::open() {
  load();
  for (const auto& known : config_.known) {
    learn(known.key, environment_.unix_time() + kProofLifetime);
    const auto member = members_.find(crypto::node_id(known.key));
    if (member != members_.end() && member->second.target) {
      shards_.offer_addresses(*member->second.target, known.addresses);
    }
  }
  if (!discovery_.alone()) {
    look_again();
  }
  arm_timer();
}

void Membership::arm_timer() {
  timer_->async_wait(environment_.now() + kTick, [weak = weak_from_this()](error_code error) {
    if (const auto self = weak.lock(); self && !error) {
      self->tick();
      self->arm_timer();
    }
  });
}

void Membership::look_again() {
  lists_->look_again();
  lists_->tick();
}

void Membership::tick() {
  if (!discovery_.alone()) {
    lists_->tick();
  }
  expire();
  if (std::exchange(changed_, false)) {
    save();
  }
}

// Members.

void Membership::on_claim(const record::Claim& claim) {
  if (!claim.is_withdrawal()) {
    learn(claim.owner, claim.made_at + claim.duration());
    return;
  }
  // As long as it is linked it is a member: it may have come back, and its claim on the way here.
  const auto known = members_.find(crypto::node_id(claim.owner));
  if (known != members_.end()) {
    known->second.until = 0;
    expire();
  }
}

void Membership::on_link_down(const NodeId& id, error_code reason) {
  if (reason == errc::not_admitted_by_peer && members_.contains(id) && !discovery_.alone()) {
    look_again();
  }
}

void Membership::learn(const PublicKey& key, UnixSeconds until) {
  const auto id = crypto::node_id(key);
  if (id == identity_.node_id()) {
    return;
  }
  const auto known = members_.find(id);
  if (known != members_.end()) {
    changed_ = changed_ || known->second.until < until;
    known->second.until = std::max(known->second.until, until);
    return;
  }
  if (members_.size() >= config_.lists.owners_max) {
    return;
  }
  auto& member = members_[id];
  member.key = key;
  member.until = until;
  changed_ = true;
  environment_.events().on_event({"network.member", Severity::info, {{"peer", id.to_string()}}});
  if (targets_ < config_.links_max) {
    start_target(id, member);
  }
  on_change_(key);
}

void Membership::on_proof(const PublicKey& key) {
  learn(key, environment_.unix_time() + kProofLifetime);
}

void Membership::on_name(const NodeId& id, const std::string& name) {
  const auto known = members_.find(id);
  if (known != members_.end() && known->second.name != name) {
    known->second.name = name;
    changed_ = true;
  }
}

bool Membership::want(const NodeId& id) {
  const auto known = members_.find(id);
  if (known == members_.end()) {
    return false;
  }
  if (!known->second.target) {
    start_target(id, known->second);
  }
  return true;
}

void Membership::start_target(const NodeId& id, Member& member) {
  if (is_configured_(member.key)) {
    return;
  }
  path::PeerTarget target;
  target.id = id;
  target.key = member.key;
  if (const auto cached = addresses_.find(id)) {
    target.addresses.push_back(*cached);
  }
  if (const auto added = shards_.add_peer(std::move(target))) {
    member.target = *added;
    ++targets_;
    discovery_.want(*added, id, member.key);
  }
}

void Membership::stop_target(Member& member) {
  if (member.target) {
    discovery_.forget(*member.target);
    shards_.remove_peer(*member.target);
    member.target.reset();
    --targets_;
  }
}

void Membership::refresh() {
  for (auto& [id, member] : members_) {
    if (is_configured_(member.key)) {
      stop_target(member);
    } else if (!member.target && targets_ < config_.links_max) {
      start_target(id, member);
    }
  }
}

void Membership::expire() {
  const auto now = environment_.unix_time();
  const auto linked = [this](const NodeId& id) {
    const auto link = shards_.peer(id);
    return link && link->up_since;
  };
  for (auto at = members_.begin(); at != members_.end();) {
    if (at->second.until > now || linked(at->first)) {
      ++at;
      continue;
    }
    const auto key = at->second.key;
    stop_target(at->second);
    at = members_.erase(at);
    changed_ = true;
    on_change_(key);
  }
}

// What lasts.

void Membership::load() {
  const auto bytes = environment_.store().load(kCacheName);
  if (!bytes) {
    return;
  }
  auto text = as_text(*bytes);
  const auto network = store_->records().writer().public_key().to_string();
  if (take_line(text) != "network " + network) {
    return;  // of another network
  }
  while (!text.empty() && members_.size() < config_.lists.owners_max) {
    const auto member = parse_member(take_line(text));
    if (!member) {
      environment_.events().on_event(
          {"members.unreadable", Severity::warning, {{"reason", "malformed line"}}});
      break;
    }
    learn(member->key, member->until);
    on_name(crypto::node_id(member->key), member->name);
  }
  changed_ = false;
}

void Membership::save() {
  std::string text = "network " + store_->records().writer().public_key().to_string() + '\n';
  for (const auto& [id, member] : members_) {
    text += member.key.to_string() + ' ' + std::to_string(member.until) + ' ' +
            (member.name.empty() ? "-" : member.name) + '\n';
  }
  if (const auto saved = environment_.store().save(kCacheName, as_bytes(text)); !saved) {
    environment_.events().on_event(
        {"members.not_saved", Severity::warning, {{"reason", saved.error().message()}}});
  }
}

void Membership::forget() {
  changed_ = false;
  (void)environment_.store().remove(kCacheName);
}

}  // namespace quicether::detail
