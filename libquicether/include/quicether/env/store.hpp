#ifndef QUICETHER_ENV_STORE_HPP
#define QUICETHER_ENV_STORE_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>

#include <string_view>

namespace quicether {

/// Small named values that survive a restart (peers seen, pins). One state directory, one process.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  /// Reads a value. `name`: 1..64 characters of [a-z0-9._-], not starting with a dot.
  ///
  /// **Errors:** `not_found`, `invalid_argument`, `too_large` (over 16 MiB), `permission_denied`,
  /// `io_failure`.
  [[nodiscard]] virtual result<ByteVector> load(std::string_view name) = 0;

  /// Replaces a value atomically: after a crash it is the old one or the new one, whole.
  ///
  /// **Errors:** `invalid_argument`, `permission_denied`, `io_failure`.
  [[nodiscard]] virtual result<void> save(std::string_view name, ConstBytes value) = 0;

  /// Removes a value. Removing an absent one is no error.
  ///
  /// **Errors:** `invalid_argument`, `permission_denied`, `io_failure`.
  [[nodiscard]] virtual result<void> remove(std::string_view name) = 0;
};

}  // namespace quicether

#endif  // QUICETHER_ENV_STORE_HPP
