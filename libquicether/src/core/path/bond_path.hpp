#ifndef QUICETHER_SRC_CORE_PATH_BOND_PATH_HPP
#define QUICETHER_SRC_CORE_PATH_BOND_PATH_HPP

#include "core/queue/fair_queue.hpp"

#include <quicether/core/path/bond.hpp>
#include <quicether/core/path/path_rate.hpp>

#include <deque>
#include <memory>

namespace quicether::path {

/// A datagram with its number, bound to a path or under way on it.
struct BoundDatagram {
  std::unique_ptr<queue::WaitingDatagram> datagram{};
  bool bulk = false;
  int repeats = 0;  ///< times that it was sent again
};

/// One path of a Bond: what waits for it, what is under way on it.
class BondPathQueue {
 public:
  explicit BondPathQueue(const BondPath& path) noexcept : path_{path}, rate_{path.rtt} {}

  [[nodiscard]] const BondPath& path() const noexcept { return path_; }

  void update(const BondPath& path) noexcept { path_ = path; }

  [[nodiscard]] const PathRate& rate() const noexcept { return rate_; }

  [[nodiscard]] BondPathState state() const noexcept { return state_; }

  [[nodiscard]] bool active() const noexcept { return state_ == BondPathState::active; }

  /// Appends what is not bulk, or sent again, before all bulk.
  void bind(BoundDatagram bound);

  /// Bytes bound and not sent.
  [[nodiscard]] std::size_t bytes_bound() const noexcept { return bytes_bound_; }

  /// Sends the next datagram if it may leave now: returns it with its token filled in, else null.
  /// It stays valid until its fate is told.
  [[nodiscard]] const queue::WaitingDatagram* send(Instant now, std::uint32_t& token);

  /// Nothing waits: what the path takes is not known from now on.
  void on_nothing_to_send() noexcept;

  /// Takes what the path reported; the datagram, unless it was taken back before.
  [[nodiscard]] BoundDatagram on_fate(Instant now, std::uint32_t token, bool delivered);

  /// When the path counts as silent, or the next probe is due.
  [[nodiscard]] Instant silence_deadline(const BondConfig& config) const noexcept;

  /// When the next datagram may leave; never when none waits.
  [[nodiscard]] Instant next_send() const noexcept;

  /// Nothing was heard until silence_deadline(): true when the path just became suspect.
  [[nodiscard]] bool suspect() noexcept;

  /// A suspect path has to answer, and one that was not used lately may have changed.
  [[nodiscard]] bool wants_probe(Instant now, const BondConfig& config) const noexcept;

  [[nodiscard]] int probes_unanswered() const noexcept { return probes_; }

  /// Makes a datagram be sent that only asks for an acknowledgement; returns its token.
  [[nodiscard]] std::uint32_t send_probe(Instant now);

  /// Takes back all that is under way, then what is bound.
  void take_back(std::deque<BoundDatagram>& into);

 private:
  struct Sent {
    BoundDatagram bound{};
    RateStamp stamp{};
    std::size_t bytes = 0;
    bool reported = false;
  };

  [[nodiscard]] std::uint32_t note_sent(Instant now, BoundDatagram bound, std::size_t bytes);
  void drop_reported(Instant now) noexcept;

  BondPath path_;
  PathRate rate_;
  BondPathState state_ = BondPathState::active;
  std::deque<BoundDatagram> express_{};  ///< leaves at once
  std::deque<BoundDatagram> repeats_{};  ///< before bulk, at the pace of the path
  std::deque<BoundDatagram> bulk_{};
  std::size_t bytes_bound_ = 0;
  std::deque<Sent> sent_{};
  std::uint32_t first_token_ = 1;  ///< of sent_
  std::size_t unreported_ = 0;
  Instant heard_{};  ///< last acknowledgement, or sending after nothing was under way
  Instant probed_{};
  int probes_ = 0;
};

}  // namespace quicether::path

#endif  // QUICETHER_SRC_CORE_PATH_BOND_PATH_HPP
