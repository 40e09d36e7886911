#ifndef QUICETHER_SRC_SHELL_SUBNET_CLAIMS_HPP
#define QUICETHER_SRC_SHELL_SUBNET_CLAIMS_HPP

#include "claim_keeper.hpp"
#include "discovery.hpp"

#include <map>
#include <memory>
#include <set>
#include <vector>

namespace quicether::detail {

/// Keeps this node's claims about subnets in the lists of its network, and takes all its claims
/// back when it leaves.
class SubnetClaims final : public std::enable_shared_from_this<SubnetClaims> {
 public:
  /// All references outlive the SubnetClaims.
  SubnetClaims(Environment& environment,
               const Identity& identity,
               Discovery& discovery,
               std::shared_ptr<const ListStore> store);

  /// What is to be claimed from now on, and nothing else.
  void claim(const std::set<record::Topic>& topics);

  /// Somebody can be asked again.
  void look_again();

  /// Takes everything back, membership as well: the last call.
  void leave();

  /// The network: the key that its lists are written with.
  [[nodiscard]] const PublicKey& network() const noexcept {
    return store_->records().writer().public_key();
  }

 private:
  void arm_timer();
  void tick();

  [[nodiscard]] bool idle() const noexcept { return keepers_.empty() && leaving_.empty(); }

  Environment& environment_;
  const Identity& identity_;
  Discovery& discovery_;
  std::shared_ptr<const ListStore> store_;
  std::unique_ptr<Timer> timer_;
  bool armed_ = false;
  std::map<record::Topic, std::shared_ptr<ClaimKeeper>> keepers_{};
  std::map<record::Topic, std::shared_ptr<ClaimKeeper>> leaving_{};  ///< whose claims are taken out
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_SUBNET_CLAIMS_HPP
