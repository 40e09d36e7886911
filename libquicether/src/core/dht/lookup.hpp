#ifndef QUICETHER_SRC_CORE_DHT_LOOKUP_HPP
#define QUICETHER_SRC_CORE_DHT_LOOKUP_HPP

#include <quicether/core/dht/krpc.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace quicether::dht {

struct LookupConfig {
  std::size_t width = 8;    ///< how many nearest nodes are wanted (Kademlia's k)
  std::size_t paths = 2;    ///< disjoint ones, 1..8
  std::size_t flights = 4;  ///< queries without an answer at a time (Kademlia's α), over all paths
  std::size_t per_subnet = 1;  ///< nodes of one /24 or /64 that are believed
  std::size_t candidates_max = 96;
  bool patient = true;  ///< waits for slow nodes while too few others answered
};

/// Where a look-up stands with one node.
enum class CandidateState : std::uint8_t { fresh, asked, slow, answered, failed };

struct Candidate {
  NodeInfo node{};
  bool id_known = true;  ///< false for a bootstrap address: it counts as farthest
  CandidateState state = CandidateState::fresh;
  std::uint8_t heard_by = 0;  ///< bit set of the paths that know it
  std::uint8_t asked_by = 0;  ///< the path that asked it
  std::uint8_t depth = 0;     ///< hops: 1 for those of our own table
  ByteVector token{};         ///< for writing to it, once it answered
};

/// One iterative search for the nodes nearest to a target, over disjoint paths.
///
/// Each path asks the nearest nodes that it heard of, and no node is asked by two: what a hostile
/// node tells stays with the path that asked it, so that one of them does not decide where all the
/// others look (Baumgart and Mies, "S/Kademlia", 2007, section 4.4). A path ends when the `width`
/// nearest working nodes that it knows have answered somebody.
///
/// Asks nobody itself: next() tells whom to ask.
class Lookup {
 public:
  Lookup(const Id& target, const LookupConfig& config) : target_{target}, config_{config} {}

  [[nodiscard]] const Id& target() const noexcept { return target_; }

  /// A node to begin with, of our own table.
  void add_seed(const NodeInfo& node);

  /// An address to begin with whose id is not known.
  void add_seed(const SocketAddress& address);

  /// The next node to ask, now marked as asked; nothing while enough are on their way, or at the
  /// end.
  [[nodiscard]] std::optional<Candidate> next();

  /// A node answered and named others.
  void on_answer(const NodeInfo& node, ConstBytes token, std::span<const NodeInfo> named);

  /// A node is slower than usual: another one is asked meanwhile, its answer still counts.
  void on_slow(const SocketAddress& address);

  void on_failed(const SocketAddress& address);

  /// After next() gave nothing: true when nobody is waited for any more. A slow node is not, when
  /// enough others answered.
  [[nodiscard]] bool done() const noexcept;

  /// Looks on, for twice as many nearest nodes.
  void widen() noexcept { config_.width *= 2; }

  /// Those that answered, nearest first, at most `width`.
  [[nodiscard]] std::vector<Candidate> closest() const;

  /// How many hops away the nearest node that answered was found; 0 when none did.
  [[nodiscard]] std::size_t hops() const noexcept;

  [[nodiscard]] std::size_t asked() const noexcept { return asked_; }

 private:
  using Candidates = std::vector<Candidate>;

  [[nodiscard]] bool nearer(const Candidate& one, const Candidate& other) const noexcept;
  [[nodiscard]] Candidates::iterator find(const SocketAddress& address) noexcept;
  [[nodiscard]] bool subnet_is_full(const IpAddress& address) const;
  void add(Candidate candidate);
  void trim();
  [[nodiscard]] Candidate* next_of(std::uint8_t path) noexcept;

  Id target_;
  LookupConfig config_;
  Candidates candidates_{};  ///< nearest first
  std::map<IpAddress, std::size_t> per_subnet_{};
  std::uint8_t turn_ = 0;  ///< the path whose turn it is to ask
  std::size_t seeds_ = 0;
  std::size_t flying_ = 0;  ///< asked and not slow
  std::size_t asked_ = 0;
};

}  // namespace quicether::dht

#endif  // QUICETHER_SRC_CORE_DHT_LOOKUP_HPP
