#include <quicether/base/assert.hpp>
#include <quicether/core/path/link_table.hpp>
#include <quicether/core/path/scheduler.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace quicether::path {

namespace {

/// A peer that refuses us is asked again this often at most: only its operator can change its mind.
constexpr Duration kDeniedBackoff = std::chrono::seconds{5};

/// More sessions than this on one path are leftovers of a peer that keeps redialling.
constexpr std::size_t kSessionsPerPathMax = 4;

/// A planned path that was never up has failed when all its pairs were dialled more often than
/// this.
constexpr std::size_t kRoundsProbing = 2;

}  // namespace

LinkTable::LinkTable(const LinkConfig& config, Random& random) : config_{config}, random_{random} {
  QE_ASSERT(config.redial_min > Duration::zero());
  QE_ASSERT(config.redial_max >= config.redial_min);
}

result<PeerIndex> LinkTable::intern(const NodeId& id) {
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) {
    return found->second;
  }
  if (peers_.size() >= config_.peers_max) {
    return errc::limit_reached;
  }
  const auto index = config_.shard.peer_at(peers_.size());
  LinkPeer peer;
  peer.index = index;
  peer.id = id;
  peers_.push_back(std::move(peer));
  by_id_.emplace(id, index);
  return index;
}

void LinkTable::forget(PeerIndex peer) {
  if (find(peer) != nullptr) {
    mutable_peer(peer)->met = false;
  }
}

bool LinkTable::is_known(const LinkPeer& peer) const noexcept {
  return peer.met || !peer.sessions.empty() ||
         std::ranges::any_of(targets_,
                             [&](const auto& entry) { return entry.second.peer == peer.index; });
}

const LinkPeer* LinkTable::find(PeerIndex peer) const noexcept {
  const auto position = config_.shard.position_of(peer);
  return config_.shard.has(peer) && position < peers_.size() ? &peers_[position] : nullptr;
}

const LinkPeer* LinkTable::find(const NodeId& id) const noexcept {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : find(found->second);
}

const LinkPeer* LinkTable::find(SessionId session) const noexcept {
  const auto found = by_session_.find(session);
  return found == by_session_.end() ? nullptr : find(found->second);
}

LinkPeer* LinkTable::mutable_peer(PeerIndex peer) noexcept {
  const auto position = config_.shard.position_of(peer);
  QE_ASSERT(config_.shard.has(peer) && position < peers_.size());
  return &peers_[position];
}

result<TargetId> LinkTable::add_target(Instant now, PeerTarget wanted) {
  Target target;
  if (wanted.id) {
    if (*wanted.id == config_.self) {
      return errc::to_self;
    }
    auto index = intern(*wanted.id);
    if (!index) {
      return index.error();
    }
    target.peer = *index;
    auto& peer = *mutable_peer(*index);
    if (wanted.key) {
      peer.key = wanted.key;
    }
    if (!is_known(peer)) {
      peer.last_error = {};
      peer.last_detail.clear();
    }
  }
  Slot slot;
  slot.pairs = pairs_of(wanted);
  slot.backoff = config_.redial_min;
  slot.next_attempt = now;
  target.slots.push_back(std::move(slot));
  target.wanted = std::move(wanted);
  const TargetId id{next_target_++};
  targets_.emplace(id, std::move(target));
  return id;
}

result<void> LinkTable::add_path(Instant now,
                                 TargetId target,
                                 std::uint8_t path_id,
                                 const SocketAddress& local,
                                 const SocketAddress& remote) {
  const auto found = targets_.find(target);
  if (found == targets_.end()) {
    return errc::not_found;
  }
  if (path_id == 0 || path_id >= kPathsMax) {
    return errc::invalid_argument;
  }
  auto& slots = found->second.slots;
  if (std::ranges::any_of(slots, [&](const Slot& slot) { return slot.path_id == path_id; })) {
    return errc::already_open;
  }
  Slot slot;
  slot.path_id = path_id;
  slot.pairs.push_back({local, remote});
  slot.backoff = config_.redial_min;
  slot.next_attempt = now;
  slots.push_back(std::move(slot));
  return {};
}

std::vector<AddressPair> LinkTable::pairs_of(const PeerTarget& wanted) {
  std::vector<AddressPair> pairs;
  for (const auto& remote : wanted.addresses) {
    pairs.push_back({{}, remote});
  }
  return pairs;
}

void LinkTable::set_path(Instant now,
                         TargetId target,
                         std::uint8_t path_id,
                         std::vector<AddressPair> pairs) {
  QE_ASSERT(path_id < kPathsMax);
  const auto found = targets_.find(target);
  if (found == targets_.end()) {
    return;
  }
  auto& slots = found->second.slots;
  auto slot = std::ranges::find(slots, path_id, &Slot::path_id);
  if (slot == slots.end()) {
    slot = slots.insert(slots.end(), Slot{});
    slot->path_id = path_id;
  } else if (slot->planned && slot->pairs == pairs) {
    return;
  }
  // Attempts over a pair that stays are as good as new ones.
  const bool reordered =
      pairs.size() == slot->pairs.size() && std::ranges::is_permutation(pairs, slot->pairs);
  slot->planned = true;
  slot->pairs = std::move(pairs);
  if (!reordered) {
    abandon_unanswered(*slot);
    slot->next_pair = 0;
    slot->rounds = 0;
    slot->backoff = config_.redial_min;
    slot->next_attempt = std::max(now, slot->lost.value_or(now));
  }
}

void LinkTable::keep_paths(Instant now, TargetId target, std::uint32_t kept) {
  const auto found = targets_.find(target);
  if (found == targets_.end()) {
    return;
  }
  const auto keeps = [&](const Slot& slot) {
    return !slot.planned || (kept >> slot.path_id & 1U) != 0;
  };
  auto& slots = found->second.slots;
  for (auto& slot : slots) {
    if (!keeps(slot)) {
      abandon_unanswered(slot);
    }
  }
  std::erase_if(slots, [&](const Slot& slot) { return slot.path_id != 0 && !keeps(slot); });
  if (auto& first = slots.front(); !keeps(first)) {
    first.planned = false;
    first.pairs = pairs_of(found->second.wanted);
    first.next_pair = 0;
    first.next_attempt = now;
    first.backoff = config_.redial_min;
  }
}

void LinkTable::on_network_changed(Instant now) {
  for (auto& [id, target] : targets_) {
    for (auto& slot : target.slots) {
      if (slot.planned) {
        slot.next_attempt = now;
        slot.backoff = config_.redial_min;
      }
    }
  }
}

void LinkTable::offer_addresses(Instant now,
                                TargetId target,
                                std::vector<SocketAddress> addresses) {
  const auto found = targets_.find(target);
  if (found == targets_.end() || addresses.empty()) {
    return;
  }
  auto& slot = found->second.slots.front();
  slot.offered.assign(addresses.begin(), addresses.end());
  slot.offered_count = addresses.size();
  slot.next_attempt = now;
}

void LinkTable::remove_target(TargetId target) {
  const auto found = targets_.find(target);
  if (found == targets_.end()) {
    return;
  }
  for (auto& slot : found->second.slots) {
    abandon_attempts(slot, std::nullopt);
  }
  targets_.erase(found);
}

bool LinkTable::satisfied(const Target& target, const Slot& slot) const noexcept {
  if (!target.peer) {
    return false;
  }
  return std::ranges::any_of(find(*target.peer)->sessions, [&](const LinkSession& session) {
    // A session over a pair that is no longer planned carries on until a planned one is up.
    const bool off_plan = slot.planned && session.dialled &&
                          std::ranges::find(slot.pairs, *session.dialled) == slot.pairs.end();
    return session.path_id == slot.path_id && !off_plan;
  });
}

bool LinkTable::in_demand(const Target& target, Instant now) const noexcept {
  if (!target.peer) {
    return false;
  }
  const auto& peer = *find(*target.peer);
  return peer.ever_demanded && now - peer.last_demand <= config_.demand_window;
}

bool LinkTable::unanswered(const Slot& slot) noexcept {
  return std::ranges::none_of(slot.attempts, [](const Attempt& one) { return one.heard; });
}

bool LinkTable::may_be_up(const Slot& slot) noexcept {
  return std::ranges::any_of(slot.attempts,
                             [](const Attempt& one) { return one.heard || one.early; });
}

bool LinkTable::may_attempt(const Slot& slot) const noexcept {
  return (!slot.pairs.empty() || !slot.offered.empty()) && unanswered(slot);
}

void LinkTable::attempt(Instant now, Target& target, Slot& slot) {
  const auto overlap_max =
      std::max({config_.dials_per_path_max, slot.pairs.size(), slot.offered_count});
  if (slot.attempts.size() >= overlap_max) {
    actions_.emplace_back(AbandonDial{slot.attempts.front().dial});
    slot.attempts.erase(slot.attempts.begin());
  }

  const DialId dial{next_dial_++};
  Dial action;
  action.dial = dial;
  action.path_id = slot.path_id;
  const auto pair = take_pair(now, target, slot);
  action.local = pair.local;
  action.remote = pair.remote;
  action.peer = target.peer;
  action.expected_id = target.wanted.id;
  action.expected_key = target.wanted.key;
  action.guess = target.wanted.guess;
  action.lane = target.wanted.lane;
  actions_.emplace_back(std::move(action));
  slot.attempts.push_back({dial, pair, false});
}

AddressPair LinkTable::take_pair(Instant now, const Target& target, Slot& slot) {
  slot.next_attempt = now + config_.alternative_delay;
  if (!slot.offered.empty()) {
    const auto address = slot.offered.front();
    slot.offered.pop_front();
    return {{}, address};
  }
  QE_ASSERT(!slot.pairs.empty());
  const auto pair = slot.pairs[slot.next_pair];
  slot.next_pair = (slot.next_pair + 1) % slot.pairs.size();
  if (slot.next_pair != 0) {
    return pair;
  }
  ++slot.rounds;
  const auto wait = redial_pause(now, target, slot);
  // Up to a tenth of jitter, so that many nodes do not dial one in step.
  const auto jitter = random_.below(static_cast<std::uint64_t>(wait.count()) / 10 + 1);
  slot.next_attempt = now + wait - Duration{static_cast<Duration::rep>(jitter)};
  slot.backoff = std::min(slot.backoff * 2, config_.redial_max);
  return pair;
}

/// From the last pair to the first.
Duration LinkTable::redial_pause(Instant now, const Target& target, Slot& slot) const {
  const bool returning =
      slot.planned && slot.lost && now - *slot.lost <= config_.path_return_window;
  if (returning || in_demand(target, now)) {
    return config_.redial_min;
  }
  return slot.planned ? std::min(slot.backoff, config_.path_redial_max) : slot.backoff;
}

/// What was answered may be up on the other side: settle_duplicates() decides about that.
void LinkTable::abandon_unanswered(Slot& slot) {
  std::erase_if(slot.attempts, [&](const Attempt& attempt) {
    if (!attempt.heard) {
      actions_.emplace_back(AbandonDial{attempt.dial});
    }
    return !attempt.heard;
  });
}

void LinkTable::abandon_attempts(Slot& slot, std::optional<DialId> except) {
  for (const auto& attempt : slot.attempts) {
    if (attempt.dial != except) {
      actions_.emplace_back(AbandonDial{attempt.dial});
    }
  }
  slot.attempts.clear();
}

void LinkTable::on_demand(Instant now, PeerIndex peer) {
  if (find(peer) == nullptr) {
    return;
  }
  auto& entry = *mutable_peer(peer);
  const bool fresh = !entry.ever_demanded || now - entry.last_demand > config_.redial_min;
  entry.last_demand = now;
  entry.ever_demanded = true;
  if (!fresh) {
    return;
  }
  bool wanted = false;
  for (auto& [id, target] : targets_) {
    if (target.peer != peer) {
      continue;
    }
    wanted = true;
    for (auto& slot : target.slots) {
      slot.next_attempt = std::min(slot.next_attempt, now + config_.redial_min);
    }
  }
  if (!wanted) {
    events_.emplace_back(LinkWanted{peer});
  }
}

/// Dials a path that lost its session; all paths, when that was the last of the link.
void LinkTable::redial_at(Instant when, const LinkPeer& peer, std::uint8_t path_id) {
  for (auto& [id, target] : targets_) {
    if (target.peer != peer.index) {
      continue;
    }
    for (auto& slot : target.slots) {
      if (peer.sessions.empty() || slot.path_id == path_id) {
        slot.backoff = config_.redial_min;
        slot.next_pair = 0;
        slot.rounds = 0;
        slot.next_attempt = when;
        slot.lost = when;
      }
    }
  }
}

void LinkTable::on_path_suspect(SessionId session, bool suspect) {
  const auto found = by_session_.find(session);
  if (found != by_session_.end()) {
    auto& sessions = mutable_peer(found->second)->sessions;
    std::ranges::find(sessions, session, &LinkSession::session)->suspect = suspect;
  }
}

bool LinkTable::on_path_silent(Instant now, SessionId session) {
  return give_up(now, session, errc::timed_out);
}

bool LinkTable::on_path_lost(Instant now, SessionId session) {
  return give_up(now, session, errc::unreachable);
}

bool LinkTable::on_path_redundant(Instant now, SessionId session) {
  return give_up(now, session, errc::superseded);
}

bool LinkTable::give_up(Instant now, SessionId session, errc reason) {
  const auto found = by_session_.find(session);
  if (found == by_session_.end()) {
    return false;
  }
  auto& peer = *mutable_peer(found->second);
  if (peer.sessions.size() == 1) {
    return false;
  }
  const auto path_id = std::ranges::find(peer.sessions, session, &LinkSession::session)->path_id;
  close(peer, session, reason);
  redial_at(now + config_.redial_min, peer, path_id);
  events_.emplace_back(LinkChanged{peer.index});
  return true;
}

LinkTable::Slot* LinkTable::find_slot(DialId dial, Target** owner) noexcept {
  for (auto& [id, target] : targets_) {
    for (auto& slot : target.slots) {
      for (const auto& attempt : slot.attempts) {
        if (attempt.dial == dial) {
          *owner = &target;
          return &slot;
        }
      }
    }
  }
  return nullptr;
}

void LinkTable::on_session_up(Instant now, const SessionUp& up) {
  auto index = intern(up.id);
  if (!index) {
    actions_.emplace_back(CloseSession{up.session, errc::refused_busy});
    return;
  }
  auto& peer = *mutable_peer(*index);
  std::optional<AddressPair> dialled;
  if (up.dial) {
    Target* owner = nullptr;
    if (Slot* slot = find_slot(*up.dial, &owner); slot != nullptr) {
      owner->peer = *index;
      const auto& pair = std::ranges::find(slot->attempts, *up.dial, &Attempt::dial)->pair;
      if (slot->planned && !pair.local.address.is_unspecified()) {
        dialled = pair;
      }
      abandon_attempts(*slot, up.dial);
    }
  }
  // A dial that nobody answered yet cannot be up on the other side, unless it is early: it is safe
  // to give up.
  for (auto& [id, target] : targets_) {
    if (target.peer != *index) {
      continue;
    }
    for (auto& slot : target.slots) {
      if (slot.path_id == up.path_id) {
        if (!may_be_up(slot)) {
          abandon_attempts(slot, std::nullopt);
        }
        slot.offered.clear();
        slot.rounds = 0;
      }
    }
  }

  LinkSession session;
  session.session = up.session;
  session.path_id = up.path_id;
  session.dialled_here = up.dial.has_value();
  session.dialled = dialled;
  session.boot_id = up.boot_id;
  session.up_since = now;
  const auto place = std::ranges::find_if(
      peer.sessions, [&](const LinkSession& other) { return other.path_id > up.path_id; });
  peer.sessions.insert(place, session);
  by_session_.emplace(up.session, *index);
  peer.key = up.key;
  peer.met = true;
  peer.last_error = {};
  peer.last_detail.clear();
  if (peer.up_since) {
    events_.emplace_back(LinkChanged{*index});
  } else {
    peer.up_since = now;
    events_.emplace_back(LinkUp{*index});
  }
  settle_duplicates(now, peer, up.path_id);
}

void LinkTable::settle_duplicates(Instant now, LinkPeer& peer, std::uint8_t path_id) {
  std::vector<LinkSession> same_path;
  std::ranges::copy_if(peer.sessions, std::back_inserter(same_path), [&](const LinkSession& s) {
    return s.path_id == path_id;
  });
  QE_ASSERT(!same_path.empty());
  const LinkSession newest = same_path.back();
  same_path.pop_back();
  for (std::size_t i = 0; i < same_path.size(); ++i) {
    const auto& older = same_path[i];
    const bool leftover = same_path.size() - i >= kSessionsPerPathMax;
    const bool restarted = older.boot_id != newest.boot_id;
    const bool redialled = older.dialled_here && newest.dialled_here;
    if (leftover || restarted || redialled) {
      close(peer, older.session, errc::superseded);
    } else if (older.dialled_here != newest.dialled_here) {
      settle_crossed(now, peer, older, newest);
    }
  }
}

void LinkTable::settle_crossed(Instant now,
                               LinkPeer& peer,
                               const LinkSession& older,
                               const LinkSession& newer) {
  if (!(config_.self < peer.id)) {
    return;
  }
  if (newer.dialled_here) {
    close(peer, older.session, errc::superseded);
    return;
  }
  for (auto& session : peer.sessions) {
    if (session.session == older.session) {
      session.probed_at = now;
      session.patience = config_.probe_timeout_min;
    }
  }
  actions_.emplace_back(ProbeSession{older.session});
}

void LinkTable::on_probe_sent(SessionId session, Duration patience) {
  if (const auto found = by_session_.find(session); found != by_session_.end()) {
    auto& sessions = mutable_peer(found->second)->sessions;
    std::ranges::find(sessions, session, &LinkSession::session)->patience =
        std::max(patience, config_.probe_timeout_min);
  }
}

void LinkTable::on_session_heard(SessionId session, Instant heard) {
  const auto found = by_session_.find(session);
  if (found == by_session_.end()) {
    return;
  }
  auto& peer = *mutable_peer(found->second);
  const auto survivor = std::ranges::find(peer.sessions, session, &LinkSession::session);
  if (survivor == peer.sessions.end() || !survivor->probed_at || heard <= *survivor->probed_at) {
    return;
  }
  survivor->probed_at.reset();
  const auto path_id = survivor->path_id;
  std::vector<SessionId> losers;
  for (const auto& other : peer.sessions) {
    if (other.path_id == path_id && !other.dialled_here) {
      losers.push_back(other.session);
    }
  }
  for (const auto& loser : losers) {
    close(peer, loser, errc::superseded);
  }
  if (!losers.empty()) {
    events_.emplace_back(LinkChanged{peer.index});
  }
}

bool LinkTable::erase_session(LinkPeer& peer, SessionId session) {
  const auto found = std::ranges::find(peer.sessions, session, &LinkSession::session);
  if (found == peer.sessions.end()) {
    return false;
  }
  peer.sessions.erase(found);
  by_session_.erase(session);
  return true;
}

void LinkTable::close(LinkPeer& peer, SessionId session, errc reason) {
  if (erase_session(peer, session)) {
    actions_.emplace_back(CloseSession{session, reason});
  }
}

void LinkTable::on_session_down(Instant now,
                                SessionId session,
                                error_code reason,
                                std::string_view detail) {
  const auto found = by_session_.find(session);
  if (found == by_session_.end()) {
    return;
  }
  auto& peer = *mutable_peer(found->second);
  const auto ended = std::ranges::find(peer.sessions, session, &LinkSession::session);
  const auto up_since = ended->up_since;
  const auto path_id = ended->path_id;
  erase_session(peer, session);
  peer.last_error = reason;
  peer.last_detail = detail;
  // A session that ends as soon as it begins must not be dialled again and again without pause.
  redial_at(std::max(now, up_since + config_.redial_min), peer, path_id);
  tell_lost(peer, reason);
}

/// What the loss of a session means for its link.
void LinkTable::tell_lost(LinkPeer& peer, error_code reason) {
  if (peer.sessions.empty()) {
    peer.up_since.reset();
    events_.emplace_back(LinkDown{peer.index, reason});
  } else {
    events_.emplace_back(LinkChanged{peer.index});
  }
}

void LinkTable::on_dial_failed(Instant now,
                               DialId dial,
                               error_code reason,
                               std::string_view detail) {
  Target* target = nullptr;
  Slot* slot = find_slot(dial, &target);
  if (slot == nullptr) {
    return;
  }
  std::erase_if(slot->attempts, [&](const Attempt& attempt) { return attempt.dial == dial; });
  if (reason == condition::denied) {
    slot->next_attempt = now + std::max(slot->backoff, kDeniedBackoff);
  }
  if (target->peer) {
    auto& peer = *mutable_peer(*target->peer);
    if (!peer.up_since) {
      peer.last_error = reason;
      peer.last_detail = detail;
    }
  }
}

void LinkTable::on_dial_misplaced(Instant now, DialId dial, const NodeId& id) {
  Target* target = nullptr;
  Slot* slot = find_slot(dial, &target);
  if (slot == nullptr) {
    return;
  }
  std::erase_if(slot->attempts, [&](const Attempt& attempt) { return attempt.dial == dial; });
  if (target->wanted.lane.number != 0) {
    return;
  }
  target->wanted.guess = id;
  slot->next_attempt = now + config_.alternative_delay;
  if (!config_.shard.has_lane(lane_between(config_.self, id))) {
    const auto found =
        std::ranges::find_if(targets_, [&](const auto& entry) { return &entry.second == target; });
    events_.emplace_back(TargetMisplaced{found->first, id});
  }
}

void LinkTable::on_dial_heard(DialId dial) {
  Target* target = nullptr;
  if (Slot* slot = find_slot(dial, &target); slot != nullptr) {
    std::ranges::find(slot->attempts, dial, &Attempt::dial)->heard = true;
  }
}

void LinkTable::on_dial_early(DialId dial) {
  Target* target = nullptr;
  if (Slot* slot = find_slot(dial, &target); slot != nullptr) {
    std::ranges::find(slot->attempts, dial, &Attempt::dial)->early = true;
  }
}

void LinkTable::on_timeout(Instant now) {
  for (auto& [id, target] : targets_) {
    for (auto& slot : target.slots) {
      if (now >= slot.next_attempt && may_attempt(slot) && !satisfied(target, slot)) {
        attempt(now, target, slot);
      }
    }
  }
  for (auto& peer : peers_) {
    std::vector<SessionId> silent;
    for (const auto& session : peer.sessions) {
      if (session.probed_at && now >= *session.probed_at + session.patience) {
        silent.push_back(session.session);
      }
    }
    for (const auto& session : silent) {
      close(peer, session, errc::connection_lost);
      tell_lost(peer, errc::connection_lost);
    }
  }
}

Instant LinkTable::next_timeout() const noexcept {
  auto next = Instant::never();
  for (const auto& [id, target] : targets_) {
    for (const auto& slot : target.slots) {
      if (may_attempt(slot) && !satisfied(target, slot)) {
        next = std::min(next, slot.next_attempt);
      }
    }
  }
  for (const auto& peer : peers_) {
    for (const auto& session : peer.sessions) {
      if (session.probed_at) {
        next = std::min(next, *session.probed_at + session.patience);
      }
    }
  }
  return next;
}

std::optional<Action> LinkTable::poll_action() {
  if (actions_.empty()) {
    return std::nullopt;
  }
  auto action = std::move(actions_.front());
  actions_.pop_front();
  return action;
}

std::optional<LinkEvent> LinkTable::poll_event() {
  if (events_.empty()) {
    return std::nullopt;
  }
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::vector<DialId> LinkTable::unheard_dials() const {
  std::vector<DialId> dials;
  for (const auto& [id, target] : targets_) {
    for (const auto& slot : target.slots) {
      for (const auto& attempt : slot.attempts) {
        if (!attempt.heard) {
          dials.push_back(attempt.dial);
        }
      }
    }
  }
  return dials;
}

std::vector<SessionId> LinkTable::probed_sessions() const {
  std::vector<SessionId> sessions;
  for (const auto& peer : peers_) {
    for (const auto& session : peer.sessions) {
      if (session.probed_at) {
        sessions.push_back(session.session);
      }
    }
  }
  return sessions;
}

std::optional<PeerIndex> LinkTable::peer_of(TargetId target) const noexcept {
  const auto found = targets_.find(target);
  return found == targets_.end() ? std::nullopt : found->second.peer;
}

std::vector<SocketAddress> LinkTable::addresses_of(PeerIndex peer) const {
  std::vector<SocketAddress> addresses;
  for (const auto& [id, target] : targets_) {
    if (target.peer != peer) {
      continue;
    }
    addresses.insert(
        addresses.end(), target.wanted.addresses.begin(), target.wanted.addresses.end());
    for (const auto& slot : target.slots) {
      std::ranges::transform(slot.pairs, std::back_inserter(addresses), &AddressPair::remote);
    }
  }
  return addresses;
}

std::vector<WaitingPath> LinkTable::waiting_paths(PeerIndex peer) const {
  std::vector<WaitingPath> paths;
  for (const auto& [id, target] : targets_) {
    for (const auto& slot : target.slots) {
      if (target.peer != peer || !slot.planned || slot.pairs.empty() || satisfied(target, slot)) {
        continue;
      }
      const auto last = (slot.next_pair + slot.pairs.size() - 1) % slot.pairs.size();
      const bool begun = slot.rounds != 0 || slot.next_pair != 0;
      const bool failed = slot.rounds > kRoundsProbing || slot.lost.has_value();
      paths.push_back({slot.path_id,
                       failed ? PathState::failed : PathState::probing,
                       slot.pairs[begun ? last : 0]});
    }
  }
  std::ranges::sort(paths, {}, &WaitingPath::path_id);
  return paths;
}

bool LinkTable::dialling(const NodeId& id) const noexcept {
  const auto found = by_id_.find(id);
  return found != by_id_.end() && std::ranges::any_of(targets_, [&](const auto& entry) {
           return entry.second.peer == found->second &&
                  std::ranges::any_of(entry.second.slots,
                                      [](const Slot& slot) { return !slot.attempts.empty(); });
         });
}

}  // namespace quicether::path
