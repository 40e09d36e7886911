#ifndef QUICETHER_MGMT_MONITORING_SERVER_HPP
#define QUICETHER_MGMT_MONITORING_SERVER_HPP

#include <quicether/base/address.hpp>
#include <quicether/base/error.hpp>
#include <quicether/base/time.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/mgmt/config.hpp>
#include <quicether/mgmt/status_source.hpp>

#include <boost/system/result.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace quicether::mgmt {

struct MonitoringLimits {
  std::size_t header_bytes_max = 8U << 10U;
  std::size_t connections_max = 16;
  Duration idle = std::chrono::minutes{2};     ///< between requests; Prometheus keeps connections
  Duration request = std::chrono::seconds{5};  ///< from its first byte to its last
  Duration answer = std::chrono::seconds{10};  ///< for the client to take it
};

struct MonitoringOptions {
  std::optional<SocketAddress> metrics{};  ///< serves /metrics; none: nobody does
  std::optional<SocketAddress> health{};   ///< serves /health and /ready; may be the same address
  MonitoringLimits limits{};
};

/// The addresses of a configuration, with the default limits.
[[nodiscard]] MonitoringOptions monitoring_options(const MonitoringSection& config);

/// Why a MonitoringServer could not open.
struct MonitoringError {
  error_code code{};
  std::string message{};  ///< names the key and the address, and says what to do
};

/// Serves metrics and health by HTTP/1.1 to programs on this machine.
///
/// Whoever can connect can read, so that only loopback addresses are meant to be given; requests
/// are answered only when their Host is one too, which keeps web pages in a local browser out (DNS
/// rebinding). Every limit ends a connection, never the daemon. Neither copyable nor movable.
class MonitoringServer {
 public:
  /// Binds and begins to serve. `environment` and `source` outlive the server.
  ///
  /// **Errors:** `already_open` (port in use), `permission_denied`, `invalid_argument` (no such
  /// address here), `io_failure`.
  [[nodiscard]] static boost::system::result<std::unique_ptr<MonitoringServer>, MonitoringError>
  open(Environment& environment, StatusSource& source, const MonitoringOptions& options);

  MonitoringServer(const MonitoringServer&) = delete;
  MonitoringServer& operator=(const MonitoringServer&) = delete;

  /// Closes all connections and ports.
  ~MonitoringServer();

  /// Where it listens, which tells the port when 0 was asked for.
  [[nodiscard]] std::optional<SocketAddress> metrics_address() const;
  [[nodiscard]] std::optional<SocketAddress> health_address() const;

  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  class Impl;

  explicit MonitoringServer(std::shared_ptr<Impl> impl) noexcept;

  std::shared_ptr<Impl> impl_;
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_MONITORING_SERVER_HPP
