#ifndef QUICETHER_SRC_MGMT_MONITORING_PAGE_HPP
#define QUICETHER_SRC_MGMT_MONITORING_PAGE_HPP

#include <quicether/base/time.hpp>
#include <quicether/mgmt/status_source.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace quicether::mgmt {

/// What of an HTTP request decides about the answer.
struct PageRequest {
  bool get = false;                       ///< the method
  std::string_view target{};              ///< "/metrics"
  std::vector<std::string_view> hosts{};  ///< each Host field
};

struct Page {
  unsigned status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body{};
};

/// Which pages a port serves.
struct PageSet {
  bool metrics = false;
  bool health = false;
};

/// True for "localhost", 127.0.0.0/8 and [::1], with or without a port.
[[nodiscard]] bool is_loopback_host(std::string_view host) noexcept;

/// Answers a request; whatever it is, there is an answer.
[[nodiscard]] Page answer_page(const PageRequest& request,
                               PageSet pages,
                               StatusSource& source,
                               UnixSeconds now);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_MONITORING_PAGE_HPP
