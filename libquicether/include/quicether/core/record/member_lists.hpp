#ifndef QUICETHER_CORE_RECORD_MEMBER_LISTS_HPP
#define QUICETHER_CORE_RECORD_MEMBER_LISTS_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/record/network_records.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

namespace quicether::record {

/// Bounds and rhythms of MemberLists.
struct MemberListsConfig {
  std::size_t lists_max = 127;         ///< seven levels of the tree: room for 1016 claims
  std::size_t members_max = 1024;      ///< that are remembered
  std::size_t reads_max = 4;           ///< at a time
  std::uint32_t lifetime = 24 * 3600;  ///< of a claim, seconds; renewed in its second half
  Duration pause_min = std::chrono::seconds{2};    ///< between rounds while something changes
  Duration pause_max = std::chrono::minutes{5};    ///< between rounds when nothing does
  Duration pause_list = std::chrono::seconds{30};  ///< the same, at least so long for each list
  /// How often the list with the own claim is stored again: the DHT forgets it after two hours.
  Duration keep_alive = std::chrono::minutes{30};
};

/// The driver gets the item with this salt and reports on_read().
struct ReadList {
  std::size_t list = 0;
  ByteVector salt{};
};

/// The driver puts this item, signed with NetworkRecords::writer(), and reports on_written().
struct WriteList {
  std::size_t list = 0;
  ByteVector salt{};
  ByteVector value{};
  std::int64_t seq = 0;
  std::optional<std::int64_t> cas{};
};

using ListRequest = std::variant<ReadList, WriteList>;

/// A list as it lies in the DHT.
struct StoredList {
  ByteVector value{};
  std::int64_t seq = 0;
};

/// Keeps a node's own claim in the MEMBERS lists of its network and reads the others'.
///
/// The lists are a binary tree: the lists behind list n are 2n + 1 and 2n + 2. A member's own way
/// leads down from list 0 along the bits of its NodeId, and its claim belongs into the first list
/// on that way which has room. Readers look behind a list only when it is full, so that a network
/// of up to eight members is one list. Rounds of reading are frequent while something changes.
///
/// A sans-IO machine: after each call the driver drains poll_request() and poll_claim() and calls
/// on_timeout() at next_timeout(). **Source:** docs/spec/records.md.
class MemberLists {
 public:
  /// `self` and `random` outlive the object.
  MemberLists(const MemberListsConfig& config,
              NetworkRecords records,
              const crypto::KeyPair& self,
              Random& random);

  [[nodiscard]] const NetworkRecords& records() const noexcept { return records_; }

  void on_timeout(Instant now, UnixSeconds unix_time);

  /// The answer to a ReadList. `stored`: none when nobody has the list. `answered`: false when
  /// nobody could be asked.
  void on_read(Instant now,
               std::size_t list,
               const std::optional<StoredList>& stored,
               bool answered);

  /// The answer to a WriteList. `taken`: false when somebody else was faster, or nobody took it.
  void on_written(Instant now, bool taken);

  /// Begins the next round now, unless one is under way.
  void look_again(Instant now);

  /// never() while requests are under way.
  [[nodiscard]] Instant next_timeout() const noexcept;

  [[nodiscard]] std::optional<ListRequest> poll_request();

  /// A claim of another member that is news: of an unknown owner, or a newer one.
  [[nodiscard]] std::optional<Claim> poll_claim();

  /// True once the own claim was read in a list.
  [[nodiscard]] bool listed() const noexcept { return listed_; }

  /// How many lists the last round read.
  [[nodiscard]] std::size_t lists_read() const noexcept { return round_.size(); }

 private:
  /// A list of this round.
  struct List {
    std::vector<Claim> claims{};
    std::optional<StoredList> stored{};
  };

  [[nodiscard]] static std::optional<std::size_t> find_own(const List& list, const PublicKey& self);
  [[nodiscard]] std::size_t next_on_way(std::size_t list, std::size_t depth) const noexcept;
  void read_next();
  void note(const std::vector<Claim>& claims);
  void place_own(Instant now);
  bool tidy_up(std::size_t home, std::size_t depth);
  void write(std::size_t list, const std::vector<Claim>& claims);
  void keep_alive(Instant now, std::size_t list);
  void end_round(Instant now, bool again_soon);

  MemberListsConfig config_;
  NetworkRecords records_;
  const crypto::KeyPair& self_;
  Random& random_;
  NodeId id_;
  UnixSeconds unix_time_ = 0;  ///< of the round
  std::map<std::size_t, List> round_{};
  std::deque<std::size_t> waiting_{};  ///< lists to be read
  std::set<std::size_t> reading_{};
  bool in_round_ = false;
  bool failed_ = false;   ///< a list of this round could not be read
  bool changed_ = false;  ///< this round brought news
  bool listed_ = false;
  Instant due_{};
  std::optional<Instant> kept_at_{};  ///< when the list with the own claim was stored last
  Duration pause_{};
  std::map<PublicKey, UnixSeconds> known_{};  ///< until when the claims of others hold
  std::deque<ListRequest> requests_{};
  std::deque<Claim> news_{};
};

}  // namespace quicether::record

#endif  // QUICETHER_CORE_RECORD_MEMBER_LISTS_HPP
