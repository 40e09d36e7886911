// A link between two interfaces of its namespace, with a rate, a delay, a queue and loss. It stands
// in for netem, which many kernels are built without.
#include "direction.hpp"
#include "frame.hpp"
#include "packet_port.hpp"
#include "profile.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quicether::bench {
namespace {

constexpr std::string_view kUsage =
    R"(usage: link_emulator [--seconds N] [--seed N] LEFT RIGHT [PROFILE [PROFILE_BACK]]

Carries all frames between the interfaces LEFT and RIGHT of its namespace. PROFILE is what happens
from LEFT to RIGHT; PROFILE_BACK, the other way, is the same when it is not given:

  rate=100Mbit,delay=20ms,jitter=1ms,queue=500kB,loss=1%,burst=1%:5,corrupt=1%,mtu=1500

All parts are optional. queue is in bytes or in time at the rate (50ms); loss hits each packet by
itself, burst is a share and the mean length of a burst. Prints "ready", and at the end, after
--seconds (60) or SIGTERM, one line of JSON with counters. SIGUSR1 makes the link silent: it loses
all that enters, both ways, until SIGUSR2. The two ends must have TCP segmentation, GSO and GRO
switched off: packets larger than the MTU are dropped.
)";

volatile std::sig_atomic_t stop_wanted = 0;
volatile std::sig_atomic_t silence_wanted = 0;

Instant monotonic_now() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Instant{std::chrono::seconds{time.tv_sec} + Duration{time.tv_nsec}};
}

struct Options {
  std::uint64_t seconds = 60;
  std::uint64_t seed = 1;
  std::vector<std::string> names{};
};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, value);
      read.ec != std::errc{} || read.ptr != end) {
    throw std::invalid_argument{"'" + std::string{text} + "' is no number"};
  }
  return value;
}

Options parse_arguments(std::span<char* const> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == "--seconds" || argument == "--seed") {
      if (++i == arguments.size()) {
        throw std::invalid_argument{std::string{argument} + " needs a number"};
      }
      (argument == "--seed" ? options.seed : options.seconds) = number(arguments[i]);
    } else if (argument.starts_with("-")) {
      throw std::invalid_argument{"unknown option " + std::string{argument}};
    } else {
      options.names.emplace_back(argument);
    }
  }
  if (options.names.size() < 2 || options.names.size() > 4) {
    throw std::invalid_argument{"two interfaces and at most two profiles are needed"};
  }
  return options;
}

/// The two directions, each read from one interface and sent to the other.
class LinkEmulator {
 public:
  LinkEmulator(const std::string& left,
               const std::string& right,
               const sim::LinkModel& there,
               const sim::LinkModel& back,
               std::uint64_t seed)
      // Two streams of chance: what one direction sees does not depend on the other's traffic.
      : there_{left, there, 2 * seed}, back_{right, back, 2 * seed + 1} {}

  void run(Instant end, const sigset_t& signals_while_waiting) {
    while (stop_wanted == 0) {
      be_silent(silence_wanted != 0);
      const bool more_there = carry(there_, back_.port);
      const bool more_back = carry(back_, there_.port);
      const auto now = monotonic_now();
      if (now >= end) {
        return;
      }
      const auto next = std::min({end, there_.direction.next_due(), back_.direction.next_due()});
      const bool more = more_there || more_back;
      wait(more ? Duration{0} : std::max(next - now, Duration{0}), signals_while_waiting);
    }
  }

  void print() const {
    print("there", there_);
    std::printf(", ");
    print("back", back_);
  }

 private:
  struct Lane {
    Lane(const std::string& interface, const sim::LinkModel& model, std::uint64_t seed)
        : port{interface}, direction{model, seed} {}

    PacketPort port;
    Direction direction;
    std::uint64_t refused_by_kernel = 0;
  };

  void be_silent(bool silent) noexcept {
    if (silent != silent_) {
      silent_ = silent;
      there_.direction.set_silent(silent);
      back_.direction.set_silent(silent);
    }
  }

  /// Reads what arrived, sends what is due; returns whether there may be more of either.
  bool carry(Lane& lane, PacketPort& out) {
    std::array<Frame*, PacketPort::kBatch> batch{};
    std::ranges::generate(batch, [this] { return frames_.get(); });
    const auto received = lane.port.receive(batch);
    const auto arrived = monotonic_now();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (i >= received || !lane.direction.enter(arrived, batch[i])) {
        frames_.put(batch[i]);
      }
    }
    const auto due = lane.direction.take_due(monotonic_now(), batch);
    lane.refused_by_kernel += out.send(std::span{batch}.first(due));
    std::for_each_n(batch.begin(), due, [this](Frame* frame) { frames_.put(frame); });
    return received == batch.size() || due == batch.size();
  }

  void wait(Duration timeout, const sigset_t& signals) const noexcept {
    std::array<pollfd, 2> ports{
        pollfd{.fd = there_.port.descriptor(), .events = POLLIN, .revents = 0},
        pollfd{.fd = back_.port.descriptor(), .events = POLLIN, .revents = 0}};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const timespec limit{seconds.count(), (timeout - seconds).count()};
    ppoll(ports.data(), ports.size(), &limit, &signals);
  }

  static void print(const char* name, const Lane& lane) {
    const auto& stats = lane.direction.stats();
    const auto item = [](const char* key, std::uint64_t value) {
      std::printf("\"%s\": %llu, ", key, static_cast<unsigned long long>(value));
    };
    std::printf("\"%s\": {", name);
    item("passed", stats.datagrams_passed);
    item("passed_bytes", stats.bytes_passed);
    item("lost", stats.lost);
    item("corrupted", stats.corrupted);
    item("dropped_queue_full", stats.dropped_queue_full);
    item("dropped_too_large", stats.dropped_too_large);
    item("dropped_silently", stats.dropped_down);
    item("refused_by_kernel", lane.refused_by_kernel);
    item("late", lane.direction.late());
    const std::chrono::duration<double, std::milli> late_max = lane.direction.late_max();
    std::printf("\"late_ms_max\": %.3f}", late_max.count());
  }

  FramePool frames_;
  Lane there_;
  Lane back_;
  bool silent_ = false;
};

void on_signal(int signal) {
  switch (signal) {
    case SIGUSR1:
      silence_wanted = 1;
      break;
    case SIGUSR2:
      silence_wanted = 0;
      break;
    default:
      stop_wanted = 1;
  }
}

/// Lets signals in only while the program waits, so that none is missed.
sigset_t hold_signals() {
  sigset_t held;
  sigset_t before;
  sigemptyset(&held);
  for (const auto signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) {
    sigaddset(&held, signal);
    struct sigaction action{};
    action.sa_handler = on_signal;
    sigaction(signal, &action, nullptr);
  }
  pthread_sigmask(SIG_BLOCK, &held, &before);
  for (const auto signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) {
    sigdelset(&before, signal);
  }
  return before;
}

/// A frame that waits for a CPU is late, and its lateness would be taken for the link's.
bool go_ahead_of_others() {
  // The kernel may otherwise wake us up to 50 us late (timer slack, prctl(2)).
  prctl(PR_SET_TIMERSLACK, 1UL);
  const sched_param lowest{.sched_priority = 1};
  return sched_setscheduler(0, SCHED_RR, &lowest) == 0;
}

int run(const Options& options) {
  const auto& names = options.names;
  const auto there = parse_profile(names.size() > 2 ? names[2] : "");
  const auto back = names.size() > 3 ? parse_profile(names[3]) : there;
  LinkEmulator link{names[0], names[1], there, back, options.seed};
  const auto signals = hold_signals();
  const bool real_time = go_ahead_of_others();
  std::puts("ready");
  std::fflush(stdout);
  const auto start = monotonic_now();
  link.run(start + std::chrono::seconds{options.seconds}, signals);
  const std::chrono::duration<double> ran = monotonic_now() - start;
  std::printf("{\"seconds\": %.3f, \"real_time\": %s, ", ran.count(), real_time ? "true" : "false");
  link.print();
  std::puts("}");
  return 0;
}

}  // namespace
}  // namespace quicether::bench

int main(int argc, char** argv) {
  const auto arguments = std::span{argv, static_cast<std::size_t>(argc)}.subspan(1);
  if (std::ranges::any_of(arguments, [](std::string_view argument) {
        return argument == "--help" || argument == "-h";
      })) {
    std::fputs(quicether::bench::kUsage.data(), stdout);
    return 0;
  }
  try {
    return quicether::bench::run(quicether::bench::parse_arguments(arguments));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "link_emulator: %s\n", error.what());
    return 2;
  }
}
