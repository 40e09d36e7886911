// qed, the QuicEther daemon: wires a Node to this machine. It uses only the library's public
// headers; whatever it does, another program can do.
#include "daemon.hpp"
#include "exit_code.hpp"

#include <quicether/version.hpp>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

int run(const std::vector<std::string>& arguments) {
  namespace mgmt = quicether::mgmt;
  auto flags = mgmt::parse_config_flags(arguments);
  if (!flags) {
    fmt::print(stderr, "{}\nTry 'qed --help'.\n", flags.error().to_string());
    return qed::kUsage;
  }
  if (flags->help) {
    fmt::print(
        "Usage: qed [flags]\n\n"
        "Runs a node in the foreground until SIGINT or SIGTERM; SIGHUP reloads the\n"
        "configuration. 'quicether' talks to it.\n\n{}",
        mgmt::config_flags_help());
    return qed::kOk;
  }
  if (flags->version) {
    fmt::print("qed {}\n", quicether::kVersion);
    return qed::kOk;
  }
  auto loaded = mgmt::load_config(mgmt::system_config_sources(*flags));
  if (!loaded) {
    fmt::print(stderr, "{}", loaded.error().to_string());
    return loaded.error().usage ? qed::kUsage : qed::kBadConfig;
  }
  boost::asio::io_context io{1};
  qed::Daemon daemon{io, std::move(*flags), std::move(*loaded)};
  return daemon.run();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "qed: {}\n", error.what());
    return qed::kUnavailable;
  }
}
