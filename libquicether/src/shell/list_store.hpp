#ifndef QUICETHER_SRC_SHELL_LIST_STORE_HPP
#define QUICETHER_SRC_SHELL_LIST_STORE_HPP

#include <quicether/core/record/claim_lists.hpp>
#include <quicether/dht.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace quicether::detail {

/// Reads and writes the lists of one network in the DHT.
class ListStore {
 public:
  /// `error`: none, `not_found` (nobody has the list), or why nobody could be asked.
  using ReadHandler =
      std::function<void(error_code error, const std::optional<record::StoredList>& stored)>;
  using WriteHandler = std::function<void(error_code error)>;

  /// When `dht` is gone, all calls end with `cancelled`.
  ListStore(std::weak_ptr<Dht> dht, record::NetworkRecords records)
      : dht_{std::move(dht)}, records_{std::move(records)} {}

  [[nodiscard]] const record::NetworkRecords& records() const noexcept { return records_; }

  void read(const record::ReadList& request, ReadHandler handler) const;
  void write(const record::WriteList& request, WriteHandler handler) const;

 private:
  std::weak_ptr<Dht> dht_;
  record::NetworkRecords records_;
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_LIST_STORE_HPP
