#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/record/member_lists.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace quicether::record {

namespace {

/// Two members that write at the same time must not choose the same sequence number: nodes of the
/// DHT would keep the one or the other version for ever. So the time is in units of 2^-20 s, whose
/// number within the second is drawn.
constexpr int kSeqFractionBits = 20;

constexpr std::int64_t kSeqMax =
    std::numeric_limits<std::int64_t>::max() - (std::int64_t{2} << kSeqFractionBits);

}  // namespace

MemberLists::MemberLists(const MemberListsConfig& config,
                         NetworkRecords records,
                         const crypto::KeyPair& self,
                         Random& random)
    : config_{config},
      records_{std::move(records)},
      self_{self},
      random_{random},
      id_{crypto::node_id(self.public_key())},
      pause_{config.pause_min} {
  QE_ASSERT(config.lists_max >= 1 && config.reads_max >= 1);
}

void MemberLists::look_again(Instant now) {
  pause_ = config_.pause_min;
  due_ = std::min(due_, now);
}

Instant MemberLists::next_timeout() const noexcept {
  return in_round_ ? Instant::never() : due_;
}

std::optional<ListRequest> MemberLists::poll_request() {
  if (requests_.empty()) {
    return std::nullopt;
  }
  auto request = std::move(requests_.front());
  requests_.pop_front();
  return request;
}

std::optional<Claim> MemberLists::poll_claim() {
  if (news_.empty()) {
    return std::nullopt;
  }
  const auto claim = news_.front();
  news_.pop_front();
  return claim;
}

// Reading.

void MemberLists::on_timeout(Instant now, UnixSeconds unix_time) {
  if (in_round_ || now < due_) {
    return;
  }
  unix_time_ = unix_time;
  std::erase_if(known_, [&](const auto& entry) { return entry.second <= unix_time; });
  round_.clear();
  waiting_ = {0};
  in_round_ = true;
  failed_ = false;
  changed_ = false;
  read_next();
}

void MemberLists::read_next() {
  while (!waiting_.empty() && reading_.size() < config_.reads_max) {
    const auto list = waiting_.front();
    waiting_.pop_front();
    reading_.insert(list);
    requests_.emplace_back(ReadList{list, records_.salt(Place::members(list))});
  }
}

void MemberLists::on_read(Instant now,
                          std::size_t list,
                          const std::optional<StoredList>& stored,
                          bool answered) {
  if (reading_.erase(list) == 0) {
    return;
  }
  failed_ = failed_ || !answered;
  auto& read = round_[list];
  read.stored = stored;
  if (stored) {
    // What is not a list is overwritten by the next who writes here.
    if (auto claims = records_.decode(Place::members(list), stored->value, unix_time_)) {
      read.claims = std::move(*claims);
    }
  }
  note(read.claims);
  const auto behind = 2 * list + 1;
  if (read.claims.size() == kClaimsMax && behind + 1 < config_.lists_max) {
    waiting_.push_back(behind);
    waiting_.push_back(behind + 1);
  }
  read_next();
  if (!reading_.empty()) {
    return;
  }
  if (failed_) {
    end_round(now, changed_);
  } else {
    place_own(now);
  }
}

void MemberLists::note(const std::vector<Claim>& claims) {
  for (const auto& claim : claims) {
    if (claim.owner == self_.public_key()) {
      continue;
    }
    const auto until = claim.made_at + UnixSeconds{claim.lifetime};
    const auto known = known_.find(claim.owner);
    if (known == known_.end() ? known_.size() >= config_.members_max : known->second >= until) {
      continue;
    }
    changed_ = changed_ || known == known_.end();
    known_[claim.owner] = until;
    news_.push_back(claim);
  }
}

// The own claim.

std::optional<std::size_t> MemberLists::find_own(const List& list, const PublicKey& self) {
  const auto own = std::ranges::find(list.claims, self, &Claim::owner);
  return own == list.claims.end()
             ? std::nullopt
             : std::optional{static_cast<std::size_t>(own - list.claims.begin())};
}

/// The list behind `list`, which is the `depth`-th of the own way.
std::size_t MemberLists::next_on_way(std::size_t list, std::size_t depth) const noexcept {
  const auto byte = id_.bytes.at(depth / 8 % id_.bytes.size());
  const bool bit = ((byte >> (7 - depth % 8)) & 1U) != 0;
  return 2 * list + (bit ? 2 : 1);
}

void MemberLists::place_own(Instant now) {
  listed_ = std::ranges::any_of(round_, [&](const auto& one) {
    return find_own(one.second, self_.public_key()).has_value();
  });
  std::size_t list = 0;
  for (std::size_t depth = 0; list < config_.lists_max; ++depth) {
    auto claims = round_[list].claims;
    const auto own = find_own(round_[list], self_.public_key());
    const bool room = claims.size() < kClaimsMax;
    if (own && unix_time_ < claims[*own].made_at + UnixSeconds{config_.lifetime / 2}) {
      if (!kept_at_ || now >= *kept_at_ + config_.keep_alive) {
        keep_alive(now, list);
      } else if (!tidy_up(list, depth)) {
        end_round(now, changed_);
      }
      return;
    }
    if (own || room) {
      add_claim(claims,
                records_.make_claim(self_, Place::members(list), unix_time_, config_.lifetime));
      kept_at_ = now;
      write(list, claims);
      return;
    }
    list = next_on_way(list, depth);
  }
  end_round(now, changed_);  // no room on the whole way: others can still be found
}

/// Takes the own claim out of a list behind the one where it belongs: a place nearer to the root
/// has become free. False when there is none.
bool MemberLists::tidy_up(std::size_t home, std::size_t depth) {
  for (auto list = next_on_way(home, depth); list < config_.lists_max;
       list = next_on_way(list, ++depth)) {
    const auto read = round_.find(list);
    if (read == round_.end()) {
      return false;
    }
    if (const auto own = find_own(read->second, self_.public_key())) {
      auto claims = read->second.claims;
      claims.erase(claims.begin() + static_cast<std::ptrdiff_t>(*own));
      write(list, claims);
      return true;
    }
  }
  return false;
}

void MemberLists::write(std::size_t list, const std::vector<Claim>& claims) {
  const auto place = Place::members(list);
  WriteList request;
  request.list = list;
  request.salt = records_.salt(place);
  request.value = records_.encode(place, claims, random_);
  request.seq = unix_time_ << kSeqFractionBits;
  if (const auto& stored = round_[list].stored) {
    request.cas = stored->seq;
    // No sum that could overflow: the last number of all stays what it is.
    request.seq = std::max(request.seq, std::min(stored->seq, kSeqMax) + 1);
  }
  request.seq += static_cast<std::int64_t>(random_.below(1U << kSeqFractionBits));
  changed_ = true;  // the next round soon sees whether it lasts
  requests_.emplace_back(std::move(request));
}

void MemberLists::keep_alive(Instant now, std::size_t list) {
  kept_at_ = now;
  const auto& stored = *round_[list].stored;
  WriteList request;
  request.list = list;
  request.salt = records_.salt(Place::members(list));
  request.value = stored.value;
  request.seq = stored.seq;
  requests_.emplace_back(std::move(request));
}

void MemberLists::on_written(Instant now, bool taken) {
  if (!taken) {
    kept_at_.reset();
  }
  end_round(now, changed_ || !taken);
}

void MemberLists::end_round(Instant now, bool again_soon) {
  in_round_ = false;
  const auto lists = static_cast<Duration::rep>(round_.size());
  const auto longest = std::max(config_.pause_max, config_.pause_list * lists);
  pause_ = again_soon ? config_.pause_min : std::min(2 * pause_, longest);
  // Up to a half more, so that members that began together do not write together for ever.
  const auto more = random_.below(static_cast<std::uint64_t>(pause_.count() / 2) + 1);
  due_ = now + pause_ + Duration{static_cast<Duration::rep>(more)};
}

}  // namespace quicether::record
