#ifndef QUICETHER_SRC_PLATFORM_LINUX_FILE_STORE_HPP
#define QUICETHER_SRC_PLATFORM_LINUX_FILE_STORE_HPP

#include "platform/linux/state_lock.hpp"

#include <quicether/base/bytes.hpp>
#include <quicether/base/error.hpp>
#include <quicether/env/store.hpp>

#include <cstddef>
#include <string_view>

namespace quicether::linux_platform {

/// Largest value of a FileStore.
inline constexpr std::size_t kStoreValueBytesMax = std::size_t{16} << 20U;

/// A Store of one file per value, named after it, in a locked state directory.
///
/// The name "lock" is taken and refused with `invalid_argument`. load() also fails with
/// `is_symlink`: nothing of ours makes links there, so somebody else did. Neither copyable nor
/// movable.
class FileStore final : public Store {
 public:
  explicit FileStore(StateLock lock) noexcept;

  [[nodiscard]] result<ByteVector> load(std::string_view name) override;
  [[nodiscard]] result<void> save(std::string_view name, ConstBytes value) override;
  [[nodiscard]] result<void> remove(std::string_view name) override;

 private:
  StateLock lock_;
};

}  // namespace quicether::linux_platform

#endif  // QUICETHER_SRC_PLATFORM_LINUX_FILE_STORE_HPP
