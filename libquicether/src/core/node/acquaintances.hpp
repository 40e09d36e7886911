#ifndef QUICETHER_SRC_CORE_NODE_ACQUAINTANCES_HPP
#define QUICETHER_SRC_CORE_NODE_ACQUAINTANCES_HPP

#include <quicether/base/node_id.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>

namespace quicether::node {

/// What an admitted peer said and proved in its last HELLO.
struct Acquaintance {
  PublicKey key{};
  std::uint64_t boot_id = 0;
  std::uint64_t capabilities = 0;
  std::uint8_t shards = 1;
  bool network_member = false;
};

/// The acquaintances of a node: who may be taken for what it was when its session is resumed.
///
/// A bounded memory; those that were made first are forgotten first.
class Acquaintances {
 public:
  explicit Acquaintances(std::size_t most) : most_{most} {}

  void remember(const NodeId& peer, const Acquaintance& what) {
    if (const auto [known, inserted] = by_id_.insert_or_assign(peer, what); !inserted) {
      return;
    }
    by_age_.push_back(peer);
    while (by_id_.size() > most_) {
      by_id_.erase(by_age_.front());
      by_age_.pop_front();
    }
  }

  void forget(const NodeId& peer) {
    if (by_id_.erase(peer) != 0) {
      std::erase(by_age_, peer);
    }
  }

  void forget_all() noexcept {
    by_id_.clear();
    by_age_.clear();
  }

  /// The peer's, or null. Valid until the next non-const call.
  [[nodiscard]] const Acquaintance* find(const NodeId& peer) const noexcept {
    const auto found = by_id_.find(peer);
    return found == by_id_.end() ? nullptr : &found->second;
  }

 private:
  std::size_t most_;
  std::map<NodeId, Acquaintance> by_id_{};
  std::deque<NodeId> by_age_{};
};

}  // namespace quicether::node

#endif  // QUICETHER_SRC_CORE_NODE_ACQUAINTANCES_HPP
