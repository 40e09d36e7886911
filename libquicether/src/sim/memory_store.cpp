#include <quicether/sim/memory_store.hpp>

#include <algorithm>

namespace quicether::sim {

namespace {

// The bounds that Store documents.
constexpr std::size_t kNameMax = 64;
constexpr std::size_t kValueMax = 16U << 20U;

[[nodiscard]] bool valid_name(std::string_view name) noexcept {
  const auto allowed = [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '.' || character == '_' || character == '-';
  };
  return !name.empty() && name.size() <= kNameMax && name.front() != '.' &&
         std::ranges::all_of(name, allowed);
}

}  // namespace

result<ByteVector> MemoryStore::load(std::string_view name) {
  if (!valid_name(name)) {
    return errc::invalid_argument;
  }
  const auto found = values_.find(name);
  if (found == values_.end()) {
    return errc::not_found;
  }
  if (found->second.size() > kValueMax) {
    return errc::too_large;
  }
  return found->second;
}

result<void> MemoryStore::save(std::string_view name, ConstBytes value) {
  if (auto allowed = allow_change(name); !allowed) {
    return allowed;
  }
  values_.insert_or_assign(std::string{name}, ByteVector{value.begin(), value.end()});
  ++changes_;
  return {};
}

result<void> MemoryStore::remove(std::string_view name) {
  if (auto allowed = allow_change(name); !allowed) {
    return allowed;
  }
  if (const auto found = values_.find(name); found != values_.end()) {
    values_.erase(found);
    ++changes_;
  }
  return {};
}

void MemoryStore::fail_change(std::uint64_t count, errc code) noexcept {
  fail_in_ = count;
  fail_code_ = code;
}

result<void> MemoryStore::allow_change(std::string_view name) noexcept {
  if (!valid_name(name)) {
    return errc::invalid_argument;
  }
  if (frozen_) {
    return errc::io_failure;
  }
  if (fail_in_ == 0) {
    return {};
  }
  --fail_in_;
  return fail_in_ == 0 ? result<void>{fail_code_} : result<void>{};
}

}  // namespace quicether::sim
