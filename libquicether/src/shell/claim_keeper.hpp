#ifndef QUICETHER_SRC_SHELL_CLAIM_KEEPER_HPP
#define QUICETHER_SRC_SHELL_CLAIM_KEEPER_HPP

#include "list_store.hpp"

#include <quicether/core/record/claim_lists.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/identity.hpp>

#include <functional>
#include <memory>

namespace quicether::detail {

/// Drives the ClaimLists of one topic over the DHT.
class ClaimKeeper final : public std::enable_shared_from_this<ClaimKeeper> {
 public:
  /// Hears of each claim or withdrawal of another node that is news.
  using ClaimHandler = std::function<void(const record::Claim& claim)>;

  /// `environment` and `identity` outlive the ClaimKeeper.
  ClaimKeeper(Environment& environment,
              const Identity& identity,
              std::shared_ptr<const ListStore> store,
              record::Topic topic,
              const record::ClaimListsConfig& config,
              ClaimHandler on_claim);

  /// Does what is due. Call it about once a second while somebody can be asked.
  void tick();

  /// The next tick() begins a round: there is somebody to ask again.
  void look_again();

  /// From now on takes the own claim back.
  void withdraw();

  [[nodiscard]] bool in_round() const noexcept { return lists_.next_timeout() == Instant::never(); }

  [[nodiscard]] const record::ClaimLists& lists() const noexcept { return lists_; }

 private:
  void pump();
  void read(const record::ReadList& request);
  void write(const record::WriteList& request);

  Environment& environment_;
  std::shared_ptr<const ListStore> store_;
  record::ClaimLists lists_;
  ClaimHandler on_claim_;
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_CLAIM_KEEPER_HPP
