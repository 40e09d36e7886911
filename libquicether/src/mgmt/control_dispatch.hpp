#ifndef QUICETHER_SRC_MGMT_CONTROL_DISPATCH_HPP
#define QUICETHER_SRC_MGMT_CONTROL_DISPATCH_HPP

#include <quicether/mgmt/control_server.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace quicether::mgmt {

/// Most peers or routes in one answer, which so stays under about 1 MiB.
inline constexpr std::size_t kPageMax = 500;

struct ControlAnswer {
  std::string line{};    ///< with its line end
  std::string method{};  ///< for the log; empty when the request could not be read
  bool stop = false;     ///< call ControlHandler::stop() once the line is sent
};

/// Answers one request, any bytes: at once, or when the daemon has found out.
void answer_request(ControlHandler& handler,
                    std::string_view line,
                    std::function<void(ControlAnswer)> done);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_CONTROL_DISPATCH_HPP
