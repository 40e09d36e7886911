#ifndef QUICETHER_SRC_SIM_EVENT_QUEUE_HPP
#define QUICETHER_SRC_SIM_EVENT_QUEUE_HPP

#include <quicether/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace quicether::sim::detail {

/// Something that events happen to.
class EventTarget {
 public:
  EventTarget() = default;
  EventTarget(const EventTarget&) = delete;
  EventTarget& operator=(const EventTarget&) = delete;

  virtual void on_event(std::uint64_t argument) = 0;

 protected:
  ~EventTarget() = default;
};

/// Names a queued event. The default names none; an event that is over is never named again.
struct EventId {
  std::uint32_t slot = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t generation = 0;
};

/// Events ordered by time, and by insertion within one instant: a four-ary heap whose entries know
/// their place, so that re-arming a timer leaves nothing behind.
class EventQueue {
 public:
  struct Due {
    Instant time{};
    EventTarget* target = nullptr;
    std::uint64_t argument = 0;
  };

  EventId push(Instant time, EventTarget& target, std::uint64_t argument);

  /// Removes an event; one that is over, or none, is no error.
  void cancel(EventId id) noexcept;

  [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }

  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }

  /// Instant::never() when the queue is empty.
  [[nodiscard]] Instant next_time() const noexcept {
    return heap_.empty() ? Instant::never() : heap_.front().time;
  }

  /// Takes the first event. The queue is not empty.
  Due pop() noexcept;

 private:
  struct Entry {
    Instant time;
    std::uint64_t sequence;
    std::uint32_t slot;
  };

  struct Slot {
    EventTarget* target = nullptr;
    std::uint64_t argument = 0;
    std::uint32_t position = 0;
    std::uint32_t generation = 0;
  };

  [[nodiscard]] static bool before(const Entry& left, const Entry& right) noexcept {
    return left.time != right.time ? left.time < right.time : left.sequence < right.sequence;
  }

  void place(std::size_t position, const Entry& entry) noexcept;
  void sift_up(std::size_t position, const Entry& entry) noexcept;
  void sift_down(std::size_t position, const Entry& entry) noexcept;
  void remove(std::size_t position) noexcept;

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace quicether::sim::detail

#endif  // QUICETHER_SRC_SIM_EVENT_QUEUE_HPP
