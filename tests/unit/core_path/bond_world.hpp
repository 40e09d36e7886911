#ifndef QUICETHER_TESTS_UNIT_CORE_PATH_BOND_WORLD_HPP
#define QUICETHER_TESTS_UNIT_CORE_PATH_BOND_WORLD_HPP

// A Bond, links with a bottleneck each, and a Resequencer at their other end, in virtual time.

#include <quicether/base/random.hpp>
#include <quicether/core/path/bond.hpp>
#include <quicether/core/path/resequencer.hpp>
#include <quicether/core/wire/bonded.hpp>
#include <quicether/core/wire/datagram.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace quicether::path {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// One direction: a queue in front of a line, and a delay. Acknowledgements only have the delay.
struct TestLink {
  double bits_per_second = 0;
  Duration one_way{};
  Duration queue = milliseconds{30};
  double loss = 0;
  bool dead = false;
};

class BondWorld {
 public:
  static constexpr std::size_t kOverhead = 60;
  static constexpr std::size_t kPayload = 1400;

  BondWorld(std::vector<TestLink> links, std::unique_ptr<PathScheduler> scheduler)
      : bond{{}, std::move(scheduler)}, order{{}}, links_{std::move(links)} {
    free_at_.resize(links_.size());
    reports_.resize(links_.size());
    for (std::size_t i = 0; i < links_.size(); ++i) {
      BondPath path;
      path.path_id = static_cast<std::uint8_t>(i);
      path.session = {i + 1};
      path.datagram_payload_max = kPayload + wire::kBondedHeadBytes + 1;
      path.rtt = 2 * links_[i].one_way;
      paths_.push_back(path);
    }
    bond.set_paths(now_, paths_);
  }

  [[nodiscard]] Instant now() const noexcept { return now_; }

  [[nodiscard]] TestLink& link(std::size_t index) { return links_[index]; }

  /// Calls `what` later.
  void after(Duration delay, std::function<void()> what) {
    events_.emplace(now_ + delay, std::move(what));
  }

  /// Sends an inner packet; `number` comes out at deliver() with its flow.
  void send(std::uint32_t flow, std::uint32_t number, std::size_t bytes = kPayload) {
    ByteVector head(wire::kBondedHeadBytes + 1);
    ByteVector body(bytes);
    store_be(Bytes{body}, flow);
    store_be(Bytes{body}.subspan(4), number);
    const queue::OutgoingDatagram datagram{head, body, flow};
    bond.push(now_, {&datagram, 1});
    transmit();
  }

  /// Runs for a while.
  void run(Duration length) {
    const auto end = now_ + length;
    for (;;) {
      const auto timer = std::max(now_, std::min(bond.next_timeout(), order.next_timeout()));
      const auto event = events_.empty() ? Instant::never() : events_.begin()->first;
      const auto next = std::min(timer, event);
      if (next > end) {
        now_ = end;
        return;
      }
      now_ = next;
      if (event <= timer) {
        auto what = std::move(events_.begin()->second);
        events_.erase(events_.begin());
        what();
      } else {
        bond.on_timeout(now_);
        order.on_timeout(now_);
        give_out();
        transmit();
      }
    }
  }

  /// Bytes that a link carried, headers included.
  [[nodiscard]] std::uint64_t carried(std::size_t index) const {
    const auto found = carried_.find(index);
    return found == carried_.end() ? 0 : found->second;
  }

  void forget_carried() { carried_.clear(); }

  Bond bond;
  Resequencer order;
  std::function<void(std::uint32_t flow, std::uint32_t number)> deliver{};
  std::uint64_t dropped = 0;  ///< by links

 private:
  struct Report {
    std::uint32_t token = 0;
    std::uint64_t serial = 0;
  };

  void transmit() {
    while (const auto batch = bond.poll_transmit(now_)) {
      const auto index = static_cast<std::size_t>(batch->session.value - 1);
      for (const auto& datagram : batch->datagrams) {
        enter(index, datagram);
      }
    }
  }

  void enter(std::size_t index, const queue::OutgoingDatagram& datagram) {
    const auto& link = links_[index];
    const auto bytes = datagram.body.size() + kOverhead;
    reports_[index].push_back({datagram.token, ++serial_});
    const auto serial = serial_;
    const auto length = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>{static_cast<double>(bytes) * 8 / link.bits_per_second});
    const auto begins = std::max(free_at_[index], now_);
    const auto draw = static_cast<double>(random_.next() >> 11U) * 0x1.0p-53;
    if (link.dead || begins - now_ > link.queue || draw < link.loss) {
      ++dropped;
      return;
    }
    free_at_[index] = begins + length;
    carried_[index] += bytes;
    ByteVector copy{datagram.body.begin(), datagram.body.end()};
    after(begins + length + link.one_way - now_,
          [this, index, serial, copy = std::move(copy)]() mutable {
            if (links_[index].dead) {
              return;
            }
            arrive(index, copy);
            after(links_[index].one_way, [this, index, serial] { acknowledge(index, serial); });
          });
  }

  void arrive(std::size_t index, ByteVector& datagram) {
    const auto outer = wire::parse_datagram(datagram);
    if (!outer || outer->context != wire::kContextBonded) {
      return;
    }
    const auto bonded = wire::parse_bonded(outer->body);
    order.take(now_, {index + 1}, *bonded);
    give_out();
  }

  void give_out() {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> out;
    for (const auto& released : order.released()) {
      const auto inner = wire::parse_datagram(released.payload);
      out.emplace_back(load_be<std::uint32_t>(inner->body),
                       load_be<std::uint32_t>(inner->body.subspan(4)));
    }
    order.clear_released();
    for (const auto& [flow, number] : out) {
      if (deliver) {
        deliver(flow, number);
      }
    }
  }

  // What left three packets before one that is acknowledged is lost (RFC 9002 section 6.1.1).
  void acknowledge(std::size_t index, std::uint64_t serial) {
    auto& reports = reports_[index];
    if (links_[index].dead) {
      return;
    }
    const SessionId session{index + 1};
    while (!reports.empty() && reports.front().serial <= serial) {
      const auto report = reports.front();
      reports.pop_front();
      bond.on_fate(now_, session, report.token, report.serial == serial);
    }
    transmit();
  }

  std::vector<TestLink> links_;
  std::vector<BondPath> paths_{};
  std::vector<Instant> free_at_{};
  std::vector<std::deque<Report>> reports_{};
  std::map<std::size_t, std::uint64_t> carried_{};
  std::multimap<Instant, std::function<void()>> events_{};
  Instant now_{seconds{1}};
  std::uint64_t serial_ = 0;
  SeededRandom random_{7};
};

}  // namespace quicether::path

#endif  // QUICETHER_TESTS_UNIT_CORE_PATH_BOND_WORLD_HPP
