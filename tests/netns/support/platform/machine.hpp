#ifndef QUICETHER_TESTS_NETNS_SUPPORT_PLATFORM_MACHINE_HPP
#define QUICETHER_TESTS_NETNS_SUPPORT_PLATFORM_MACHINE_HPP

#include <quicether/system_environment.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace quicether::test {

/// Prints a line for the script to read, at once.
inline void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

/// The value of a result, or an exception that says what `what` failed with.
template <typename T>
T value_of(result<T> outcome, const std::string& what) {
  if (outcome.has_error()) {
    throw std::runtime_error{fmt::format("{}: {}", what, outcome.error().message())};
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(*outcome);
  }
}

/// An event loop, and environments on it whose events go to standard error.
class Machine {
 public:
  Machine() {
    signals_.async_wait([this](error_code, int) { stop(); });
  }

  [[nodiscard]] std::unique_ptr<Environment> environment(bool offload) {
    SystemOptions options;
    options.events = &printer_;
    options.segmentation_offload = offload;
    return system_environment(io_.get_executor(), std::move(options));
  }

  /// Runs until SIGTERM or stop().
  void run() { io_.run(); }

  /// Runs until `done`.
  template <typename Done>
  void run_until(Done done) {
    while (!done()) {
      io_.run_one();
    }
  }

  void stop() { io_.stop(); }

 private:
  class Printer final : public EventSink {
   public:
    void on_event(const Event& event) override {
      std::string line{event.target};
      for (const auto& [name, value] : event.fields) {
        line += fmt::format(" {}='{}'", name, value);
      }
      std::fprintf(stderr, "%s\n", line.c_str());
    }
  };

  Printer printer_{};
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_, SIGTERM};
};

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_NETNS_SUPPORT_PLATFORM_MACHINE_HPP
