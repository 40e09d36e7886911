#ifndef QUICETHER_SRC_SHELL_LAN_DISCOVERY_HPP
#define QUICETHER_SRC_SHELL_LAN_DISCOVERY_HPP

#include <quicether/core/record/lan_announcement.hpp>
#include <quicether/core/route/token_bucket.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/node.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace quicether::detail {

/// Tells the links of this host that a node is here, and hears who else is.
///
/// Nothing is ever sent in answer to an announcement, so that none amplifies anything; a candidate
/// is a place to dial, and each is handed on a few times only. **Source:** docs/spec/lan.md.
class LanDiscovery final : public std::enable_shared_from_this<LanDiscovery> {
 public:
  /// What became of a candidate.
  enum class Verdict : std::uint8_t { unwanted, linked, dialled };

  /// A node says that it is at an address.
  using CandidateHandler =
      std::function<Verdict(const PublicKey& key, const SocketAddress& address)>;

  /// `environment` outlives the object. `listen`: of the sessions.
  LanDiscovery(Environment& environment,
               const LanConfig& config,
               const record::LanCodec& codec,
               const PublicKey& self,
               const SocketAddress& listen,
               CandidateHandler on_candidate);
  ~LanDiscovery();
  LanDiscovery(const LanDiscovery&) = delete;
  LanDiscovery& operator=(const LanDiscovery&) = delete;

  /// Begins. A port that cannot be opened is tried again with each announcement.
  void open();

  /// Hands on where the node said to be last: it may have moved while its link seemed to be up.
  void on_link_down(const PublicKey& key);

  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counters() const;

 private:
  /// A node that announced itself.
  struct Neighbour {
    SocketAddress address{};
    Instant offered{};
    int offers = 0;  ///< of this address since there was a link
  };

  void announce();
  void arm_timer(Instant due);
  void watch_network();
  void on_network_changed();
  void open_socket();
  void wait_readable();
  void on_readable();
  void on_datagram(const LanDatagram& datagram);
  void offer(const PublicKey& key, const SocketAddress& address);

  Environment& environment_;
  LanConfig config_;
  const record::LanCodec& codec_;
  PublicKey self_;
  SocketAddress listen_;
  CandidateHandler on_candidate_;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<LanSocket> socket_{};
  std::unique_ptr<NetworkWatch> watch_{};
  bool failed_ = false;  ///< the last attempt to open it
  std::size_t announced_ = 0;
  Instant announced_at_{};
  Instant due_{};  ///< the next announcement
  route::TokenBucket readings_;
  std::map<PublicKey, Neighbour> neighbours_{};
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t refused_ = 0;  ///< not ours to read, or above the rate
};

}  // namespace quicether::detail

#endif  // QUICETHER_SRC_SHELL_LAN_DISCOVERY_HPP
