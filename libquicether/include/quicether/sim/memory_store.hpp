#ifndef QUICETHER_SIM_MEMORY_STORE_HPP
#define QUICETHER_SIM_MEMORY_STORE_HPP

#include <quicether/env/store.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace quicether::sim {

/// A Store in memory, with faults on demand.
class MemoryStore final : public Store {
 public:
  [[nodiscard]] result<ByteVector> load(std::string_view name) override;
  [[nodiscard]] result<void> save(std::string_view name, ConstBytes value) override;
  [[nodiscard]] result<void> remove(std::string_view name) override;

  /// Makes the `count`-th change from now (1: the next one) fail with `code` and change nothing.
  /// 0 takes the order back.
  void fail_change(std::uint64_t count, errc code = errc::io_failure) noexcept;

  /// While frozen every change fails with `io_failure`: the disk of a process that is gone.
  void set_frozen(bool frozen) noexcept { frozen_ = frozen; }

  /// save() and remove() calls that had an effect.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

  /// All values, by name.
  [[nodiscard]] const std::map<std::string, ByteVector, std::less<>>& values() const noexcept {
    return values_;
  }

 private:
  [[nodiscard]] result<void> allow_change(std::string_view name) noexcept;

  std::map<std::string, ByteVector, std::less<>> values_{};
  std::uint64_t changes_ = 0;
  std::uint64_t fail_in_ = 0;
  errc fail_code_ = errc::io_failure;
  bool frozen_ = false;
};

}  // namespace quicether::sim

#endif  // QUICETHER_SIM_MEMORY_STORE_HPP
