#include <quicether/core/path/scheduler.hpp>

namespace quicether::path {

namespace {

class LowestRttScheduler final : public PathScheduler {
 public:
  std::size_t select(std::span<const PathView> paths,
                     const PacketView& /*packet*/,
                     std::span<std::uint8_t> chosen) noexcept override {
    std::size_t best = 0;
    for (std::size_t i = 1; i < paths.size(); ++i) {
      if (paths[i].rtt < paths[best].rtt) {
        best = i;
      }
    }
    chosen[0] = static_cast<std::uint8_t>(best);
    return 1;
  }
};

}  // namespace

std::unique_ptr<PathScheduler> make_lowest_rtt_scheduler() {
  return std::make_unique<LowestRttScheduler>();
}

}  // namespace quicether::path
