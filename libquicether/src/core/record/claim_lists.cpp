#include <quicether/core/crypto/node_address.hpp>
#include <quicether/core/record/claim_lists.hpp>

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

ClaimLists::ClaimLists(const ClaimListsConfig& config,
                       const NetworkRecords& records,
                       Topic topic,
                       const crypto::KeyPair& self,
                       Random& random)
    : config_{config},
      records_{records},
      topic_{std::move(topic)},
      self_{self},
      random_{random},
      id_{crypto::node_id(self.public_key())},
      reader_{records, topic_},
      pause_{config.pause_min} {}

void ClaimLists::look_again(Instant now) {
  pause_ = config_.pause_min;
  due_ = std::min(due_, now);
}

void ClaimLists::withdraw(Instant now) {
  wanted_ = false;
  look_again(now);
}

Instant ClaimLists::next_timeout() const noexcept {
  return in_round_ ? Instant::never() : due_;
}

std::optional<ListRequest> ClaimLists::poll_request() {
  if (auto read = reader_.poll_request()) {
    return std::move(*read);
  }
  if (auto write = std::exchange(write_, std::nullopt)) {
    return std::move(*write);
  }
  return std::nullopt;
}

std::optional<Claim> ClaimLists::poll_claim() {
  if (news_.empty()) {
    return std::nullopt;
  }
  const auto claim = news_.front();
  news_.pop_front();
  return claim;
}

// Reading.

void ClaimLists::on_timeout(Instant now, UnixSeconds unix_time) {
  if (in_round_ || now < due_) {
    return;
  }
  unix_time_ = unix_time;
  std::erase_if(known_, [&](const auto& entry) { return entry.second.until <= unix_time; });
  in_round_ = true;
  changed_ = false;
  reader_.begin(unix_time);
}

void ClaimLists::on_read(Instant now,
                         std::size_t list,
                         const std::optional<StoredList>& stored,
                         bool answered) {
  const auto* read = reader_.on_read(list, stored, answered);
  if (read == nullptr) {
    return;
  }
  note(read->claims);
  if (!reader_.done()) {
    return;
  }
  if (reader_.failed()) {
    end_round(now, changed_);
  } else {
    place_own(now);
  }
}

void ClaimLists::note(const std::vector<Claim>& claims) {
  for (const auto& claim : claims) {
    if (claim.owner == self_.public_key()) {
      continue;
    }
    const auto known = known_.find(claim.owner);
    if (known == known_.end() ? known_.size() >= config_.owners_max
                              : known->second.made_at >= claim.made_at) {
      continue;
    }
    changed_ = changed_ || known == known_.end();
    known_[claim.owner] = {claim.made_at, claim.made_at + claim.duration()};
    news_.push_back(claim);
  }
}

// The own claim.

const Claim* ClaimLists::find_own(const ClaimList& list) const {
  const auto own = std::ranges::find(list.claims, self_.public_key(), &Claim::owner);
  return own == list.claims.end() ? nullptr : &*own;
}

/// True when the own claim in a list says what it has to, for long enough.
bool ClaimLists::stands(const Claim& own) const noexcept {
  return wanted_
             ? !own.is_withdrawal() && unix_time_ < own.made_at + UnixSeconds{config_.lifetime / 2}
             : own.is_withdrawal();
}

/// The list behind `list`, which is the `depth`-th of the own way.
std::size_t ClaimLists::next_on_way(std::size_t list, std::size_t depth) const noexcept {
  const auto byte = id_.bytes.at(depth / 8 % id_.bytes.size());
  const bool bit = ((byte >> (7 - depth % 8)) & 1U) != 0;
  return 2 * list + (bit ? 2 : 1);
}

void ClaimLists::place_own(Instant now) {
  listed_ = std::ranges::any_of(reader_.lists(), [&](const auto& one) {
    const auto* own = find_own(one.second);
    return own != nullptr && !own->is_withdrawal();
  });
  const auto lifetime = wanted_ ? config_.lifetime : 0;
  std::size_t list = 0;
  for (std::size_t depth = 0; reader_.lists().contains(list); ++depth) {
    const auto& read = reader_.lists().at(list);
    const auto* own = find_own(read);
    if (own != nullptr && stands(*own)) {
      settle(now, list, depth);
      return;
    }
    const auto made_at = own != nullptr ? std::max(unix_time_, own->made_at + 1) : unix_time_;
    auto claims = read.claims;
    if (add_claim(claims, records_.make_claim(self_, topic_.list(list), made_at, lifetime))) {
      kept_at_ = now;
      write(list, claims);
      return;
    }
    list = next_on_way(list, depth);
  }
  withdrawn_ = !wanted_;
  end_round(now, changed_);  // no room on the whole way: others can still be found
}

/// `list` holds the own claim that counts. One behind it is from when there was no room here.
void ClaimLists::settle(Instant now, std::size_t list, std::size_t depth) {
  if (wanted_ && (!kept_at_ || now >= *kept_at_ + config_.keep_alive)) {
    keep_alive(now, list);
  } else if (!take_out(next_on_way(list, depth), depth + 1)) {
    withdrawn_ = !wanted_;
    end_round(now, changed_);
  }
}

/// Takes the own claim out of `list`, the `depth`-th of the own way, or the first behind it that
/// has one. False when there is none.
bool ClaimLists::take_out(std::size_t list, std::size_t depth) {
  for (; reader_.lists().contains(list); list = next_on_way(list, depth++)) {
    const auto& read = reader_.lists().at(list);
    if (find_own(read) != nullptr) {
      auto claims = read.claims;
      std::erase_if(claims, [&](const Claim& claim) { return claim.owner == self_.public_key(); });
      write(list, claims);
      return true;
    }
  }
  return false;
}

void ClaimLists::write(std::size_t list, const std::vector<Claim>& claims) {
  const auto place = topic_.list(list);
  WriteList request;
  request.list = list;
  request.salt = records_.salt(place);
  request.value = records_.encode(place, claims, random_);
  request.seq = unix_time_ << kSeqFractionBits;
  if (const auto& stored = reader_.lists().at(list).stored) {
    request.cas = stored->seq;
    // No sum that could overflow: the last number of all stays what it is.
    request.seq = std::max(request.seq, std::min(stored->seq, kSeqMax) + 1);
  }
  request.seq += static_cast<std::int64_t>(random_.below(1U << kSeqFractionBits));
  changed_ = true;  // the next round soon sees whether it lasts
  write_ = std::move(request);
}

void ClaimLists::keep_alive(Instant now, std::size_t list) {
  kept_at_ = now;
  const auto& stored = *reader_.lists().at(list).stored;
  WriteList request;
  request.list = list;
  request.salt = records_.salt(topic_.list(list));
  request.value = stored.value;
  request.seq = stored.seq;
  write_ = std::move(request);
}

void ClaimLists::on_written(Instant now, bool taken) {
  if (!taken) {
    kept_at_.reset();
  }
  end_round(now, changed_ || !taken);
}

void ClaimLists::end_round(Instant now, bool again_soon) {
  in_round_ = false;
  const auto lists = static_cast<Duration::rep>(lists_read());
  const auto longest = std::max(config_.pause_max, config_.pause_list * lists);
  pause_ = again_soon ? config_.pause_min : std::min(2 * pause_, longest);
  // Up to a half more, so that members that began together do not write together for ever.
  const auto more = random_.below(static_cast<std::uint64_t>(pause_.count() / 2) + 1);
  due_ = now + pause_ + Duration{static_cast<Duration::rep>(more)};
}

}  // namespace quicether::record
