// A path scheduler of one's own: small packets on the fastest path, the rest by turns on all that
// take more, and waiting when none does.
#include <quicether/node.hpp>
#include <quicether/system_environment.hpp>

#include <boost/asio.hpp>

#include <algorithm>
#include <iostream>

namespace {

class SmallFirst final : public quicether::path::PathScheduler {
 public:
  std::size_t select(std::span<const quicether::path::PathView> paths,
                     const quicether::path::PacketView& packet,
                     std::span<std::uint8_t> chosen) noexcept override {
    constexpr std::size_t kSmall = 256;
    if (packet.bytes <= kSmall) {
      const auto fastest = std::ranges::min_element(paths, {}, &quicether::path::PathView::rtt);
      chosen[0] = static_cast<std::uint8_t>(fastest - paths.begin());
      return 1;
    }
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const auto path = next_++ % paths.size();
      if (paths[path].takes_more) {
        chosen[0] = static_cast<std::uint8_t>(path);
        return 1;
      }
    }
    return 0;
  }

 private:
  std::size_t next_ = 0;
};

}  // namespace

int main() {
  boost::asio::io_context io{1};
  const auto self = quicether::Identity::load_or_create("own_scheduler.key").value();
  const auto environment = quicether::system_environment(io.get_executor());
  quicether::NodeConfig config;
  config.tun = true;
  config.paths.make_scheduler = [] { return std::make_unique<SmallFirst>(); };
  quicether::Node node{*environment, self, std::move(config)};
  if (const auto started = node.start(); !started) {
    std::cerr << node.error_detail() << ": " << started.error().message() << '\n';
    return 1;
  }
  boost::asio::signal_set signals{io, SIGINT, SIGTERM};
  signals.async_wait([&](auto, int) {
    node.async_stop(boost::asio::detached);
    io.stop();
  });
  io.run();
}
