#include "mgmt/control_connection.hpp"
#include "mgmt/control_dispatch.hpp"
#include "mgmt/control_socket.hpp"
#include "mgmt/json_rpc.hpp"

#include <quicether/mgmt/control_server.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <exception>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace quicether::mgmt {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

void throw_exception_from_error(const Refusal& refusal, const boost::source_location&) {
  throw std::runtime_error{refusal.message};
}

/// What the server's operations share. It outlives the server until they have ended.
class ControlServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Environment& environment,
       ControlHandler& handler,
       const ControlLimits& limits,
       ControlSocket socket)
      : environment_{environment},
        handler_{&handler},
        limits_{limits},
        socket_{std::move(socket)},
        acceptor_{environment.get_executor()},
        pause_{environment.make_timer()} {}

  [[nodiscard]] result<void> start() {
    error_code failed;
    acceptor_.assign(Protocol{}, socket_->get(), failed);
    if (failed) {
      return failed;
    }
    (void)socket_->release();
    asio::co_spawn(environment_.get_executor(), accept_all(shared_from_this()), asio::detached);
    return {};
  }

  void close() noexcept {
    handler_ = nullptr;
    pause_.reset();
    error_code ignored;
    acceptor_.close(ignored);
    socket_.reset();
    for (const auto& connection : connections_) {
      connection->close();
    }
  }

  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }

 private:
  using Connection = std::shared_ptr<ControlConnection>;

  [[nodiscard]] bool is_open() const noexcept { return handler_ != nullptr; }

  // Static, with the object as argument: a coroutine must own what it uses.
  static asio::awaitable<void> accept_all(std::shared_ptr<Impl> self) {
    while (self->is_open()) {
      error_code failed;
      auto socket =
          co_await self->acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
      if (!self->is_open()) {
        co_return;
      }
      if (!failed) {
        self->take(std::move(socket));
        continue;
      }
      // Most likely no descriptor is left. The connection stays in the queue, so wait a little.
      constexpr Duration kPause = std::chrono::milliseconds{100};
      error_code ignored;
      co_await self->pause_->async_wait(self->environment_.now() + kPause,
                                        asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  void take(Protocol::socket socket) {
    const auto client = peer_credentials(socket.native_handle());
    auto connection = std::make_shared<ControlConnection>(
        environment_, std::move(socket), client.value_or(PeerCredentials{}), limits_);
    if (!client || (client->user != 0 && client->user != ::geteuid())) {
      report("control.denied", Severity::warning, connection->client(), {});
      refuse(*connection, RpcCode::not_permitted, "only root and the daemon's own user may ask");
    } else if (connections_.size() >= limits_.connections_max) {
      refuse(*connection, RpcCode::too_many_connections, "too many connections: try again");
    } else {
      connections_.insert(connection);
      asio::co_spawn(environment_.get_executor(),
                     serve(shared_from_this(), connection),
                     [self = shared_from_this(), connection](const std::exception_ptr&) {
                       connection->close();
                       self->connections_.erase(connection);
                     });
    }
  }

  static void refuse(ControlConnection& connection, RpcCode code, std::string message) {
    connection.close_with(encode_error({}, {code, std::move(message), {}}));
  }

  static asio::awaitable<void> serve(std::shared_ptr<Impl> self, Connection connection) {
    while (true) {
      const auto read = co_await connection->async_read_line();
      if (read == ControlConnection::Read::too_large) {
        refuse(*connection,
               RpcCode::message_too_large,
               fmt::format("a request has at most {} bytes", self->limits_.request_bytes_max));
      }
      if (read != ControlConnection::Read::line || !self->is_open()) {
        co_return;
      }
      const auto answer = co_await find_answer(self, connection->take_line());
      self->report_request(*connection, *answer);
      const bool sent = co_await connection->async_write(std::move(answer->line));
      if (answer->stop && self->is_open()) {
        self->handler_->stop();
      }
      if (!sent) {
        co_return;
      }
    }
  }

  using AnswerPointer = std::shared_ptr<ControlAnswer>;

  /// Completes when the daemon has the answer, which may be at once.
  static asio::awaitable<AnswerPointer> find_answer(std::shared_ptr<Impl> self, std::string line) {
    co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(AnswerPointer)>(
        [](auto handler, const std::shared_ptr<Impl>& from, const std::string& request) {
          const auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
          answer_request(*from->handler_, request, [waiting, from](ControlAnswer answer) {
            asio::post(from->environment_.get_executor(),
                       asio::append(std::move(*waiting),
                                    std::make_shared<ControlAnswer>(std::move(answer))));
          });
        },
        asio::use_awaitable,
        self,
        line);
  }

  void report_request(const ControlConnection& connection, const ControlAnswer& answer) {
    const bool changes = answer.method == "node.stop" || answer.method == "node.reload" ||
                         answer.method == "invite.create" ||
                         (answer.method.starts_with("network.") && answer.method != "network.show");
    report("control.request",
           changes ? Severity::info : Severity::debug,
           connection.client(),
           answer.method);
  }

  void report(std::string_view target,
              Severity severity,
              const PeerCredentials& client,
              const std::string& method) {
    Event event{
        target,
        severity,
        {{"user", std::to_string(client.user)}, {"process", std::to_string(client.process)}}};
    if (!method.empty()) {
      event.fields.emplace_back("method", method);
    }
    environment_.events().on_event(event);
  }

  Environment& environment_;
  ControlHandler* handler_;  // null once closed
  ControlLimits limits_;
  std::optional<ControlSocket> socket_;  // none once closed
  Protocol::acceptor acceptor_;
  std::unique_ptr<Timer> pause_;
  std::set<Connection> connections_{};
};

result<std::unique_ptr<ControlServer>> ControlServer::open(Environment& environment,
                                                           ControlHandler& handler,
                                                           ControlOptions options) {
  auto socket = ControlSocket::bind(options.socket);
  if (!socket) {
    return socket.error();
  }
  auto impl = std::make_shared<Impl>(environment, handler, options.limits, std::move(*socket));
  if (const auto started = impl->start(); !started) {
    return started.error();
  }
  return std::unique_ptr<ControlServer>{new ControlServer{std::move(impl)}};
}

ControlServer::ControlServer(std::shared_ptr<Impl> impl) noexcept : impl_{std::move(impl)} {}

ControlServer::~ControlServer() {
  impl_->close();
}

std::size_t ControlServer::connections() const noexcept {
  return impl_->connections();
}

}  // namespace quicether::mgmt
