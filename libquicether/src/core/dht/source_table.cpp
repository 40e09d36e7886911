#include "source_table.hpp"

#include "address_rules.hpp"

#include <quicether/core/dht/krpc.hpp>

#include <limits>

namespace quicether::dht {

namespace {

/// One machine: an IPv6 host may use its whole /64.
IpAddress machine(const IpAddress& address) noexcept {
  return address.is_v6() ? subnet_of(address) : address;
}

/// Longer than translators keep a mapping: at least two minutes, five are recommended, and few keep
/// it longer (RFC 4787 section 4.3).
constexpr Duration kMappingMax = std::chrono::minutes{10};

/// How long a proof of address counts: a little longer than contacts go unasked.
constexpr Duration kVerifiedFor = std::chrono::minutes{20};

}  // namespace

bool SourceTable::admit(Instant now, const IpAddress& from, std::size_t bytes) {
  auto& source = sources_[machine(from)];
  // The subnet's share is only charged for what the address itself may send, so that one flooder
  // does not silence its neighbours.
  if (!source.queries.take(now, limits_.queries_per_source) ||
      !subnets_[subnet_of(from)].take(now, limits_.queries_per_subnet)) {
    return false;
  }
  source.received += bytes;
  return true;
}

std::size_t SourceTable::allowance(Instant now, const IpAddress& to) {
  const auto& source = sources_[machine(to)];
  if (source.verified_until > now) {
    return kMessageBytesMax;
  }
  const auto spent = source.sent + source.asked_for;
  const auto credit = source.received - std::min(spent, source.received);
  if (source.sent == 0 && loans_.take(now, limits_.loan_bytes_per_second, kMessageBytesMax)) {
    return kMessageBytesMax;
  }
  return static_cast<std::size_t>(std::min<std::uint64_t>(credit, kMessageBytesMax));
}

void SourceTable::on_answered(Instant now, const IpAddress& to, std::size_t bytes) {
  auto& source = sources_[machine(to)];
  if (source.verified_until <= now) {
    source.sent += bytes;
  }
}

void SourceTable::on_verified(Instant now, const IpAddress& address) {
  auto& source = sources_[machine(address)];
  source.verified_until = now + kVerifiedFor;
}

void SourceTable::on_query_answered(Instant now, const IpAddress& address) {
  on_verified(now, address);
  auto& source = sources_[machine(address)];
  source.answered = true;
  source.unanswered = 0;
}

void SourceTable::on_query_sent(Instant now, const IpAddress& address, std::size_t bytes) {
  auto& source = sources_[machine(address)];
  if (source.verified_until <= now) {
    source.asked_for += bytes;
  }
  if (source.unanswered < std::numeric_limits<std::uint8_t>::max()) {
    ++source.unanswered;
  }
  source.asked = now;
}

bool SourceTable::asked_lately(Instant now, const IpAddress& address) noexcept {
  const auto* source = sources_.find(machine(address));
  return source != nullptr && source->asked && now - *source->asked < kMappingMax;
}

bool SourceTable::silent(Instant now, const IpAddress& address) noexcept {
  const auto* source = sources_.find(machine(address));
  return source != nullptr && !source->answered && source->unanswered >= limits_.unanswered_max &&
         source->asked && now - *source->asked < limits_.silence;
}

}  // namespace quicether::dht
