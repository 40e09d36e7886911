#ifndef QUICETHER_CORE_PATH_RESEQUENCER_HPP
#define QUICETHER_CORE_PATH_RESEQUENCER_HPP

#include <quicether/base/bytes.hpp>
#include <quicether/base/ids.hpp>
#include <quicether/base/time.hpp>
#include <quicether/core/wire/bonded.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace quicether::path {

/// Bounds of a Resequencer.
struct ResequencerConfig {
  std::size_t held_bytes_max = 32U << 20U;  ///< memory of what waits for what is missing
  std::size_t slots_max = 1U << 19U;        ///< memory of what came, 16 bytes each
  Duration hold_max = std::chrono::seconds{1};
  Duration hold_first = std::chrono::milliseconds{150};  ///< until gaps have been seen to close
};

struct ResequencerStats {
  std::uint64_t in_order = 0;    ///< given out without waiting for others
  std::uint64_t waited = 0;      ///< given out after those before them
  std::uint64_t late = 0;        ///< came after others had stopped to wait for them: given out
  std::uint64_t duplicates = 0;  ///< dropped; or too late to be told from duplicates
  std::uint64_t missed = 0;      ///< numbers that others stopped to wait for

  ResequencerStats& operator+=(const ResequencerStats& other) noexcept {
    in_order += other.in_order;
    waited += other.waited;
    late += other.late;
    duplicates += other.duplicates;
    missed += other.missed;
    return *this;
  }
};

/// Restores the order of what a Bond spread over several paths, flow by flow.
///
/// A datagram waits until those before it have come, and for the rest of its own packet. How long
/// at most follows from how long gaps took to close lately: the spread of the paths, and the time
/// in which a loss is repaired. Whatever a peer sends, memory is bounded and everything that is no
/// duplicate is given out once. A flow whose numbers jump begins anew.
///
/// A sans-IO machine; see Bond.
class Resequencer {
 public:
  struct Released {
    Bytes payload{};
    SessionId session{};    ///< through which it came
    bool in_order = false;  ///< part of the flow's sequence; else it did not wait for its turn
  };

  explicit Resequencer(const ResequencerConfig& config);
  Resequencer(const Resequencer&) = delete;
  Resequencer& operator=(const Resequencer&) = delete;
  ~Resequencer();

  /// Takes a datagram. What it releases refers to its bytes, which stay until clear_released().
  void take(Instant now, SessionId session, const wire::Bonded& datagram);

  /// Waits at least so long: what a loss on the slowest path takes to be repaired.
  void set_hold_min(Duration hold) noexcept;

  /// Stops to wait for what is overdue.
  void on_timeout(Instant now);

  [[nodiscard]] Instant next_timeout() const noexcept;

  /// Datagrams that may go on, in order; valid until clear_released().
  [[nodiscard]] std::span<const Released> released() const noexcept;

  void clear_released() noexcept;

  /// How long a datagram waits at most for those before it.
  [[nodiscard]] Duration hold() const noexcept;

  [[nodiscard]] const ResequencerStats& stats() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quicether::path

#endif  // QUICETHER_CORE_PATH_RESEQUENCER_HPP
