#ifndef QUICETHER_SRC_SHELL_CLAIM_LOOK_UP_HPP
#define QUICETHER_SRC_SHELL_CLAIM_LOOK_UP_HPP

#include "list_store.hpp"

#include <quicether/core/record/list_reader.hpp>

#include <boost/asio/any_completion_handler.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace quicether::detail {

/// Finds out once who claims something.
class ClaimLookUp final : public std::enable_shared_from_this<ClaimLookUp> {
 public:
  /// The claims that hold, in order of their owners. Without an error the list may be empty.
  using Handler = boost::asio::any_completion_handler<void(error_code, std::vector<record::Claim>)>;

  /// Calls `handler` once. **Errors:** those of Dht::async_get() without `not_found`; what was read
  /// is there nevertheless.
  static void start(std::shared_ptr<const ListStore> store,
                    const record::Topic& topic,
                    UnixSeconds now,
                    Handler handler);

 private:
  ClaimLookUp(std::shared_ptr<const ListStore> store, const record::Topic& topic, Handler handler);

  void pump();
  void on_read(std::size_t list, error_code error, const std::optional<record::StoredList>& stored);
  void finish();

  std::shared_ptr<const ListStore> store_;
  record::ListReader reader_;
  Handler handler_;
  std::size_t running_ = 0;  ///< reads
  error_code error_{};
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_CLAIM_LOOK_UP_HPP
