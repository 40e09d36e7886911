#include "mgmt/http_connection.hpp"

#include <quicether/mgmt/monitoring_server.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <exception>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether::mgmt {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

tcp::endpoint to_endpoint(const SocketAddress& address) {
  const auto text = address.address.to_string();
  return {asio::ip::make_address(text), address.port};
}

error_code to_errc(const error_code& error) {
  if (error == asio::error::address_in_use) {
    return errc::already_open;
  }
  if (error == asio::error::access_denied) {
    return errc::permission_denied;
  }
  return error == boost::system::errc::address_not_available ? errc::invalid_argument
                                                             : errc::io_failure;
}

MonitoringError explain(std::string_view key,
                        const SocketAddress& address,
                        const error_code& error) {
  const auto code = to_errc(error);
  std::string advice = error.message();
  if (code == errc::already_open) {
    advice = fmt::format(
        "another program has this port: choose a free one, or end the program that \"ss -ltnp "
        "sport = :{}\" shows",
        address.port);
  } else if (code == errc::permission_denied) {
    advice = "only root may open this port: choose one above 1023";
  } else if (code == errc::invalid_argument) {
    advice = "this machine has no such address: choose 127.0.0.1 or [::1]";
  }
  return {code, fmt::format("{}: {}: {}", key, address.to_string(), advice)};
}

}  // namespace

/// What the server's operations share. It outlives the server until they have ended.
class MonitoringServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Environment& environment, StatusSource& source, const MonitoringLimits& limits)
      : environment_{environment}, source_{&source}, limits_{limits} {}

  [[nodiscard]] error_code listen(const SocketAddress& address, PageSet pages) {
    auto port = std::make_unique<Port>(environment_, pages);
    const auto endpoint = to_endpoint(address);
    error_code failed;
    port->acceptor.open(endpoint.protocol(), failed);
    // A daemon that starts again need not wait for the connections of the last one to be forgotten.
    if (failed || port->acceptor.set_option(tcp::acceptor::reuse_address{true}, failed) ||
        port->acceptor.bind(endpoint, failed) ||
        port->acceptor.listen(asio::socket_base::max_listen_connections, failed)) {
      return failed;
    }
    ports_.push_back(std::move(port));
    return {};
  }

  void start() {
    for (const auto& port : ports_) {
      asio::co_spawn(
          environment_.get_executor(), accept_all(shared_from_this(), *port), asio::detached);
    }
  }

  void close() noexcept {
    source_ = nullptr;
    for (const auto& port : ports_) {
      port->pause.reset();
      error_code ignored;
      port->acceptor.close(ignored);
    }
    for (const auto& connection : connections_) {
      connection->close();
    }
  }

  [[nodiscard]] std::optional<SocketAddress> address_of(bool PageSet::* page) const {
    for (const auto& port : ports_) {
      error_code failed;
      const auto local = port->acceptor.local_endpoint(failed);
      if (port->pages.*page && !failed) {
        return SocketAddress{IpAddress::parse(local.address().to_string()).value(), local.port()};
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

 private:
  using Connection = std::shared_ptr<HttpConnection>;

  struct Port {
    Port(Environment& environment, PageSet set)
        : pages{set}, acceptor{environment.get_executor()}, pause{environment.make_timer()} {}

    PageSet pages;
    tcp::acceptor acceptor;
    std::unique_ptr<Timer> pause;  // null once closed
  };

  [[nodiscard]] bool is_open() const noexcept { return source_ != nullptr; }

  // Static, with the object as argument: a coroutine must own what it uses.
  static asio::awaitable<void> accept_all(std::shared_ptr<Impl> self, Port& port) {
    while (self->is_open()) {
      error_code failed;
      auto socket =
          co_await port.acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
      if (!self->is_open()) {
        co_return;
      }
      if (!failed) {
        self->take(std::move(socket), port.pages);
        continue;
      }
      // Most likely no descriptor is left. The connection stays in the queue, so wait a little.
      constexpr Duration kPause = std::chrono::milliseconds{100};
      error_code ignored;
      co_await port.pause->async_wait(self->environment_.now() + kPause,
                                      asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  void take(tcp::socket socket, PageSet pages) {
    auto connection = std::make_shared<HttpConnection>(environment_, std::move(socket), limits_);
    if (connections_.size() >= limits_.connections_max) {
      connection->refuse();
      return;
    }
    connections_.insert(connection);
    asio::co_spawn(environment_.get_executor(),
                   serve(shared_from_this(), connection, pages),
                   [self = shared_from_this(), connection](const std::exception_ptr&) {
                     connection->close();
                     self->connections_.erase(connection);
                   });
  }

  static asio::awaitable<void> serve(std::shared_ptr<Impl> self,
                                     Connection connection,
                                     PageSet pages) {
    bool more = true;
    while (more) {
      const auto read = co_await connection->async_read();
      if (read == HttpConnection::Read::closed || !self->is_open()) {
        co_return;
      }
      auto page = self->answer(read, *connection, pages);
      more = co_await connection->async_write(std::move(page));
    }
    co_await connection->async_finish();
  }

  [[nodiscard]] Page answer(HttpConnection::Read read,
                            const HttpConnection& connection,
                            PageSet pages) {
    if (read == HttpConnection::Read::request) {
      return answer_page(connection.request(), pages, *source_, environment_.unix_time());
    }
    if (read == HttpConnection::Read::too_large) {
      return {.status = 431,
              .body = fmt::format("a request has at most {} bytes\n", limits_.header_bytes_max)};
    }
    return {.status = 400, .body = "this is no HTTP request without a body\n"};
  }

  Environment& environment_;
  StatusSource* source_;  // null once closed
  MonitoringLimits limits_;
  std::vector<std::unique_ptr<Port>> ports_{};
  std::set<Connection> connections_{};
};

MonitoringOptions monitoring_options(const MonitoringSection& config) {
  return {.metrics = config.metrics_addr, .health = config.health_addr};
}

boost::system::result<std::unique_ptr<MonitoringServer>, MonitoringError> MonitoringServer::open(
    Environment& environment, StatusSource& source, const MonitoringOptions& options) {
  auto impl = std::make_shared<Impl>(environment, source, options.limits);
  const bool one_port = options.metrics && options.metrics == options.health;
  if (options.metrics) {
    if (const auto failed = impl->listen(*options.metrics, {.metrics = true, .health = one_port})) {
      return explain("monitoring.metrics_addr", *options.metrics, failed);
    }
  }
  if (options.health && !one_port) {
    if (const auto failed = impl->listen(*options.health, {.health = true})) {
      return explain("monitoring.health_addr", *options.health, failed);
    }
  }
  impl->start();
  return std::unique_ptr<MonitoringServer>{new MonitoringServer{std::move(impl)}};
}

MonitoringServer::MonitoringServer(std::shared_ptr<Impl> impl) noexcept : impl_{std::move(impl)} {}

MonitoringServer::~MonitoringServer() {
  impl_->close();
}

std::optional<SocketAddress> MonitoringServer::metrics_address() const {
  return impl_->address_of(&PageSet::metrics);
}

std::optional<SocketAddress> MonitoringServer::health_address() const {
  return impl_->address_of(&PageSet::health);
}

std::size_t MonitoringServer::connections() const noexcept {
  return impl_->connections();
}

}  // namespace quicether::mgmt
