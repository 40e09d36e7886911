#ifndef QUICETHER_CORE_RECORD_LIST_READER_HPP
#define QUICETHER_CORE_RECORD_LIST_READER_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/record/network_records.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace quicether::record {

/// The driver gets the item with this salt and reports on_read().
struct ReadList {
  std::size_t list = 0;
  ByteVector salt{};
};

/// A list as it lies in the DHT.
struct StoredList {
  ByteVector value{};
  std::int64_t seq = 0;
};

/// A list that was read: the claims in it that hold.
struct ClaimList {
  std::vector<Claim> claims{};
  std::optional<StoredList> stored{};
};

/// Reads all lists of a topic: the first one, and the two behind each that is full. A sans-IO
/// machine like ClaimLists.
class ListReader {
 public:
  /// `records` outlives the object.
  ListReader(const NetworkRecords& records, Topic topic);

  /// Forgets what was read, and begins.
  void begin(UnixSeconds unix_time);

  [[nodiscard]] std::optional<ReadList> poll_request();

  /// The answer to a ReadList; see ClaimLists::on_read(). Null when it was not asked for.
  const ClaimList* on_read(std::size_t list,
                           const std::optional<StoredList>& stored,
                           bool answered);

  /// True when all lists are read.
  [[nodiscard]] bool done() const noexcept { return waiting_.empty() && reading_.empty(); }

  /// True when one of them could not be asked for.
  [[nodiscard]] bool failed() const noexcept { return failed_; }

  /// By their numbers.
  [[nodiscard]] const std::map<std::size_t, ClaimList>& lists() const noexcept { return lists_; }

 private:
  const NetworkRecords& records_;
  Topic topic_;
  UnixSeconds unix_time_ = 0;
  std::map<std::size_t, ClaimList> lists_{};
  std::deque<std::size_t> waiting_{};  ///< lists to be read
  std::set<std::size_t> reading_{};
  bool failed_ = false;
};

}  // namespace quicether::record

#endif  // QUICETHER_CORE_RECORD_LIST_READER_HPP
