#ifndef QUICETHER_SRC_CORE_DHT_SOURCE_TABLE_HPP
#define QUICETHER_SRC_CORE_DHT_SOURCE_TABLE_HPP

#include "rate_bucket.hpp"
#include "recent_map.hpp"

#include <quicether/base/address.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/dht/limits.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace quicether::dht {

/// What is known about the addresses that send to us or that we send to.
///
/// Three questions: does it send too much; has it proved that it receives what we send (else our
/// answers might hit a victim whose address was forged); does it ever answer at all.
class SourceTable {
 public:
  explicit SourceTable(const Limits& limits)
      : limits_{limits}, sources_{limits.sources_max}, subnets_{limits.sources_max} {}

  /// Counts a query of so many bytes; false when address or subnet sends too many.
  [[nodiscard]] bool admit(Instant now, const IpAddress& from, std::size_t bytes);

  /// Bytes that may be sent to an address now: without bound to those that receive what we send,
  /// to others what they sent, or one loan out of a budget that all strangers share.
  [[nodiscard]] std::size_t allowance(Instant now, const IpAddress& to);

  /// Counts an answer of so many bytes, within the allowance.
  void on_answered(Instant now, const IpAddress& to, std::size_t bytes);

  /// The address showed something that only the receiver of our datagrams knows.
  void on_verified(Instant now, const IpAddress& address);

  /// A query of ours of so many bytes went to the address, or was answered from there.
  void on_query_sent(Instant now, const IpAddress& address, std::size_t bytes);
  void on_query_answered(Instant now, const IpAddress& address);

  /// True when a query of ours went to the address so lately that a translator or firewall between
  /// may still let its datagrams in.
  [[nodiscard]] bool asked_lately(Instant now, const IpAddress& address) noexcept;

  /// True for addresses that never answered: hearsay about them is believed no more for a while.
  [[nodiscard]] bool silent(Instant now, const IpAddress& address) noexcept;

 private:
  struct Source {
    RateBucket queries{};
    std::uint64_t received = 0;   ///< bytes, while not verified
    std::uint64_t sent = 0;       ///< in answers
    std::uint64_t asked_for = 0;  ///< in queries: a forged address is asked whether it is there
    Instant verified_until{};
    std::optional<Instant> asked{};  ///< last time
    bool answered = false;           ///< a query, once
    std::uint8_t unanswered = 0;     ///< queries since it answered, if ever
  };

  const Limits& limits_;
  RecentMap<Source> sources_;
  RecentMap<RateBucket> subnets_;
  RateBucket loans_{};
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_SOURCE_TABLE_HPP
