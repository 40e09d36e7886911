#ifndef QUICETHER_CORE_RECORD_CLAIM_LISTS_HPP
#define QUICETHER_CORE_RECORD_CLAIM_LISTS_HPP

#include <quicether/base/random.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/record/list_reader.hpp>
#include <quicether/core/record/network_records.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace quicether::record {

/// Bounds and rhythms of ClaimLists.
struct ClaimListsConfig {
  std::size_t owners_max = 1024;       ///< that are remembered
  std::uint32_t lifetime = 24 * 3600;  ///< of a claim, seconds; renewed in its second half
  Duration pause_min = std::chrono::seconds{2};    ///< between rounds while something changes
  Duration pause_max = std::chrono::minutes{5};    ///< between rounds when nothing does
  Duration pause_list = std::chrono::seconds{30};  ///< the same, at least so long for each list
  /// How often the list with the own claim is stored again: the DHT forgets it after two hours.
  Duration keep_alive = std::chrono::minutes{30};
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

/// Keeps a node's own claim in the lists of a topic and reads the others'.
///
/// The lists are a binary tree: the lists behind list n are 2n + 1 and 2n + 2. A node's own way
/// leads down from list 0 along the bits of its NodeId, and its claim belongs into the first list
/// on that way which has room. Rounds of reading are frequent while something changes.
///
/// A sans-IO machine: after each call the driver drains poll_request() and poll_claim() and calls
/// on_timeout() at next_timeout(). **Source:** docs/spec/records.md.
class ClaimLists {
 public:
  /// `records`, `self` and `random` outlive the object.
  ClaimLists(const ClaimListsConfig& config,
             const NetworkRecords& records,
             Topic topic,
             const crypto::KeyPair& self,
             Random& random);

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

  /// From now on a withdrawal is kept in the lists in place of the own claim.
  void withdraw(Instant now);

  /// True once a round after withdraw() read the withdrawal and no own claim, or had no room.
  [[nodiscard]] bool withdrawn() const noexcept { return withdrawn_; }

  /// never() while requests are under way.
  [[nodiscard]] Instant next_timeout() const noexcept;

  [[nodiscard]] std::optional<ListRequest> poll_request();

  /// A claim or withdrawal of another node that is news: of an unknown owner, or a newer one.
  [[nodiscard]] std::optional<Claim> poll_claim();

  /// True when the last round read the own claim in a list.
  [[nodiscard]] bool listed() const noexcept { return listed_; }

  /// How many lists the last round read.
  [[nodiscard]] std::size_t lists_read() const noexcept { return reader_.lists().size(); }

 private:
  /// The newest claim of another node.
  struct Known {
    UnixSeconds made_at = 0;
    UnixSeconds until = 0;
  };

  [[nodiscard]] const Claim* find_own(const ClaimList& list) const;
  [[nodiscard]] bool stands(const Claim& own) const noexcept;
  [[nodiscard]] std::size_t next_on_way(std::size_t list, std::size_t depth) const noexcept;
  void note(const std::vector<Claim>& claims);
  void place_own(Instant now);
  void settle(Instant now, std::size_t list, std::size_t depth);
  bool take_out(std::size_t list, std::size_t depth);
  void write(std::size_t list, const std::vector<Claim>& claims);
  void keep_alive(Instant now, std::size_t list);
  void end_round(Instant now, bool again_soon);

  ClaimListsConfig config_;
  const NetworkRecords& records_;
  Topic topic_;
  const crypto::KeyPair& self_;
  Random& random_;
  NodeId id_;
  ListReader reader_;
  UnixSeconds unix_time_ = 0;  ///< of the round
  bool in_round_ = false;
  bool changed_ = false;  ///< this round brought news
  bool listed_ = false;
  bool wanted_ = true;  ///< the own claim
  bool withdrawn_ = false;
  Instant due_{};
  std::optional<Instant> kept_at_{};  ///< when the list with the own claim was stored last
  Duration pause_{};
  std::map<PublicKey, Known> known_{};
  std::optional<WriteList> write_{};
  std::deque<Claim> news_{};
};

}  // namespace quicether::record

#endif  // QUICETHER_CORE_RECORD_CLAIM_LISTS_HPP
