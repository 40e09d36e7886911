#include "mgmt/control_dispatch.hpp"
#include "mgmt/control_socket.hpp"
#include "mgmt/discover_codec.hpp"
#include "mgmt/json_object_reader.hpp"
#include "mgmt/json_rpc.hpp"
#include "mgmt/json_text.hpp"
#include "mgmt/netcheck_codec.hpp"
#include "mgmt/status_codec.hpp"

#include <quicether/mgmt/control_client.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

namespace quicether::mgmt {

namespace asio = boost::asio;

namespace {

using Socket = asio::local::stream_protocol::socket;
using Endpoint = asio::local::stream_protocol::endpoint;
using Kind = ControlError::Kind;

constexpr std::size_t kAnswerBytesMax = 16U << 20U;
/// Two look-ups in the DHT, one after the other, each with its last resorts.
constexpr Duration kLookUps = std::chrono::seconds{30};

constexpr std::size_t kItemsMax = 1'000'000;  // ends a daemon's endless list

ControlError connect_error(const error_code& error, const std::filesystem::path& socket) {
  const auto name = socket.string();
  if (error == boost::system::errc::permission_denied) {
    return {Kind::not_permitted, fmt::format("{} may not be used by this user", name), {}};
  }
  if (error == boost::system::errc::no_such_file_or_directory ||
      error == boost::system::errc::connection_refused) {
    return {Kind::not_running, fmt::format("no daemon serves {}", name), {}};
  }
  return {Kind::broken, fmt::format("{}: {}", name, error.message()), {}};
}

ControlError to_control_error(const RpcError& error) {
  switch (error.code) {
    case RpcCode::not_permitted:
      return {Kind::not_permitted, error.message, {}};
    case RpcCode::unsupported_protocol:
    case RpcCode::method_not_found:
      return {Kind::incompatible, error.message, {}};
    case RpcCode::declined:
      return {Kind::declined, error.message, {}};
    case RpcCode::internal_error:
      return {Kind::broken, error.message, {}};
    case RpcCode::parse_error:
    case RpcCode::invalid_request:
    case RpcCode::invalid_params:
    case RpcCode::reload_refused:
    case RpcCode::too_many_connections:
    case RpcCode::message_too_large:
      break;
  }
  ControlError refused{Kind::refused, error.message, {}};
  JsonObjectReader reader{error.data};
  reader.read("errors", refused.details);
  return refused;
}

ControlError malformed_answer(std::string_view method) {
  return {Kind::broken, fmt::format("the answer to {} is malformed", method), {}};
}

}  // namespace

void throw_exception_from_error(const ControlError& error, const boost::source_location&) {
  throw std::runtime_error{error.message};
}

class ControlClient::Impl {
 public:
  explicit Impl(Duration limit) : limit_{limit} {}

  [[nodiscard]] ControlResult<void> connect(const std::filesystem::path& path) {
    std::optional<error_code> done;
    // A path that is too long throws.
    if (path.native().size() >= Endpoint{}.capacity()) {
      return ControlError{Kind::broken, path.string() + ": the path is too long", {}};
    }
    socket_.async_connect(Endpoint{path.string()}, [&](error_code error) { done = error; });
    if (!run_until([&] { return done.has_value(); })) {
      return ControlError{Kind::timed_out, path.string() + " takes no connection", {}};
    }
    if (*done) {
      return connect_error(*done, path);
    }
    const auto server = peer_credentials(socket_.native_handle());
    process_ = server ? server->process : 0;
    return {};
  }

  /// `more`: how much longer than usual the daemon may take.
  [[nodiscard]] ControlResult<boost::json::value> call(std::string_view method,
                                                       const boost::json::object& params = {},
                                                       Duration more = {}) {
    const auto id = ++last_id_;
    const auto request = encode_request(id, method, params);
    std::optional<error_code> done;
    std::size_t line_bytes = 0;
    asio::async_write(socket_, asio::buffer(request), [&](error_code failed, std::size_t) {
      if (failed) {
        // What the daemon said before it closed is still to be read.
        socket_.shutdown(Socket::shutdown_send, failed);
      }
      asio::async_read_until(socket_,
                             asio::dynamic_buffer(received_, kAnswerBytesMax),
                             '\n',
                             [&](error_code error, std::size_t bytes) {
                               line_bytes = bytes;
                               done = error;
                             });
    });
    if (!run_until([&] { return done.has_value(); }, more)) {
      return ControlError{Kind::timed_out, fmt::format("no answer to {} in time", method), {}};
    }
    if (*done) {
      return ControlError{
          Kind::broken, fmt::format("the daemon closed the connection during {}", method), {}};
    }
    const auto line = received_.substr(0, line_bytes);
    received_.erase(0, line_bytes);
    auto answer = decode_answer(line, id);
    if (!answer) {
      return to_control_error(answer.error());
    }
    return std::move(*answer);
  }

  /// A method whose result is an object with a "name".
  [[nodiscard]] ControlResult<std::string> call_for_name(std::string_view method,
                                                         const boost::json::object& params,
                                                         Duration more = {}) {
    const auto answer = call(method, params, more);
    if (!answer) {
      return answer.error();
    }
    std::string name;
    JsonObjectReader reader{*answer};
    reader.read("name", name);
    if (!reader.good()) {
      return malformed_answer(method);
    }
    return name;
  }

  /// All pages of a list.
  template <typename Item, typename Decode>
  [[nodiscard]] ControlResult<std::vector<Item>> list(std::string_view method,
                                                      std::string_view name,
                                                      Decode decode) {
    std::vector<Item> items;
    while (items.size() < kItemsMax) {
      auto answer = call(method, {{"offset", items.size()}, {"limit", kPageMax}});
      if (!answer) {
        return answer.error();
      }
      JsonObjectReader reader{*answer};
      std::size_t total = 0;
      reader.read("total", total);
      const auto* page = reader.find(name);
      auto decoded = page == nullptr ? result<std::vector<Item>>{errc::malformed} : decode(*page);
      if (!reader.good() || !decoded) {
        return malformed_answer(method);
      }
      items.insert(items.end(), decoded->begin(), decoded->end());
      if (decoded->empty() || items.size() >= total) {
        break;
      }
    }
    return items;
  }

  [[nodiscard]] int process() const noexcept { return process_; }

  std::string software{};

 private:
  /// Runs what was started until `done`. After a timeout the connection is closed, so that nothing
  /// refers to the caller's variables any more.
  template <typename Done>
  [[nodiscard]] bool run_until(Done done, Duration more = {}) {
    loop_.restart();
    loop_.run_for(limit_ + more);
    if (done()) {
      return true;
    }
    error_code ignored;
    socket_.close(ignored);
    loop_.restart();
    loop_.run();
    return false;
  }

  Duration limit_;
  asio::io_context loop_{1};
  Socket socket_{loop_};
  std::string received_{};
  std::int64_t last_id_ = 0;
  int process_ = 0;
};

ControlResult<ControlClient> ControlClient::connect(const std::filesystem::path& socket,
                                                    Duration limit) {
  auto impl = std::make_unique<Impl>(limit);
  if (const auto connected = impl->connect(socket); !connected) {
    return connected.error();
  }
  const auto version = impl->call("rpc.version", {{"protocol", kControlProtocol}});
  if (!version) {
    return version.error();
  }
  JsonObjectReader reader{*version};
  reader.read("software", impl->software);
  if (!reader.good()) {
    return malformed_answer("rpc.version");
  }
  return ControlClient{std::move(impl)};
}

ControlClient::ControlClient(std::unique_ptr<Impl> impl) noexcept : impl_{std::move(impl)} {}

ControlClient::ControlClient(ControlClient&&) noexcept = default;
ControlClient& ControlClient::operator=(ControlClient&&) noexcept = default;
ControlClient::~ControlClient() = default;

ControlResult<NodeStatus> ControlClient::status() {
  const auto answer = impl_->call("node.status");
  if (!answer) {
    return answer.error();
  }
  auto status = node_status_from(*answer);
  if (!status) {
    return malformed_answer("node.status");
  }
  return std::move(*status);
}

ControlResult<std::vector<PeerStatus>> ControlClient::peers() {
  return impl_->list<PeerStatus>("node.peers", "peers", peers_from);
}

ControlResult<std::vector<RouteStatus>> ControlClient::routes() {
  return impl_->list<RouteStatus>("node.routes", "routes", routes_from);
}

ControlResult<Netcheck> ControlClient::netcheck() {
  const auto answer = impl_->call("node.netcheck");
  if (!answer) {
    return answer.error();
  }
  auto check = netcheck_from(*answer);
  if (!check) {
    return malformed_answer("node.netcheck");
  }
  return std::move(*check);
}

ControlResult<ReloadOutcome> ControlClient::reload() {
  const auto answer = impl_->call("node.reload");
  if (!answer) {
    return answer.error();
  }
  ReloadOutcome outcome;
  JsonObjectReader reader{*answer};
  reader.read("applied", outcome.applied);
  reader.read("needs_restart", outcome.needs_restart);
  reader.read("warnings", outcome.warnings);
  if (!reader.good()) {
    return malformed_answer("node.reload");
  }
  return outcome;
}

ControlResult<std::string> ControlClient::config() {
  const auto answer = impl_->call("node.config");
  if (!answer) {
    return answer.error();
  }
  return json_text(*answer);
}

ControlResult<std::string> ControlClient::create_network(const std::string& name) {
  return impl_->call_for_name("network.create", {{"name", name}});
}

ControlResult<std::string> ControlClient::join_network(const std::string& invite) {
  constexpr Duration kInviter = std::chrono::seconds{20};
  return impl_->call_for_name("network.join", {{"invite", invite}}, kInviter);
}

ControlResult<std::string> ControlClient::leave_network() {
  return impl_->call_for_name("network.leave", {});
}

ControlResult<std::optional<NetworkStatus>> ControlClient::network() {
  const auto answer = impl_->call("network.show");
  if (!answer) {
    return answer.error();
  }
  JsonObjectReader reader{*answer};
  const auto* network = reader.find("network");
  if (network != nullptr && network->is_null()) {
    return std::optional<NetworkStatus>{};
  }
  auto read = network == nullptr ? result<NetworkStatus>{errc::malformed} : network_from(*network);
  if (!read) {
    return malformed_answer("network.show");
  }
  return std::optional{std::move(*read)};
}

ControlResult<NewInvite> ControlClient::create_invite(bool once, Duration lifetime) {
  const auto lifetime_ms = std::chrono::ceil<std::chrono::milliseconds>(lifetime).count();
  const auto answer = impl_->call("invite.create", {{"once", once}, {"lifetime_ms", lifetime_ms}});
  if (!answer) {
    return answer.error();
  }
  NewInvite invite;
  JsonObjectReader reader{*answer};
  reader.read("invite", invite.text);
  reader.read("once", invite.once);
  reader.read("expires", invite.expires);
  if (!reader.good()) {
    return malformed_answer("invite.create");
  }
  return invite;
}

ControlResult<NameAnswer> ControlClient::resolve(const std::string& name) {
  const auto answer = impl_->call("node.resolve", {{"name", name}});
  if (!answer) {
    return answer.error();
  }
  auto read = name_answer_from(*answer);
  if (!read) {
    return malformed_answer("node.resolve");
  }
  return std::move(*read);
}

ControlResult<PingAnswer> ControlClient::ping(const std::string& name, Duration timeout) {
  const auto timeout_ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  const auto answer =
      impl_->call("node.ping", {{"name", name}, {"timeout_ms", timeout_ms}}, timeout);
  if (!answer) {
    return answer.error();
  }
  JsonObjectReader reader{*answer};
  const auto* node = reader.find("node");
  const auto* reply = reader.find("reply");
  if (!reader.good()) {
    return malformed_answer("node.ping");
  }
  const auto named = named_node_from(*node);
  const auto read = ping_reply_from(*reply);
  if (!named || !read) {
    return malformed_answer("node.ping");
  }
  return PingAnswer{*named, *read};
}

ControlResult<std::optional<FoundNode>> ControlClient::discover_node(const std::string& name) {
  const auto answer = impl_->call("discover.node", {{"name", name}}, kLookUps);
  if (!answer) {
    return answer.error();
  }
  JsonObjectReader reader{*answer};
  const auto* node = reader.find("node");
  if (node != nullptr && node->is_null()) {
    return std::optional<FoundNode>{};
  }
  auto found = node == nullptr ? result<FoundNode>{errc::malformed} : found_node_from(*node);
  if (!found) {
    return malformed_answer("discover.node");
  }
  return std::optional{std::move(*found)};
}

ControlResult<FoundSubnet> ControlClient::discover_subnet(const Prefix& subnet) {
  const auto answer = impl_->call("discover.subnet", {{"subnet", subnet.to_string()}}, kLookUps);
  if (!answer) {
    return answer.error();
  }
  auto found = found_subnet_from(*answer);
  if (!found) {
    return malformed_answer("discover.subnet");
  }
  return std::move(*found);
}

ControlResult<void> ControlClient::stop() {
  const auto answer = impl_->call("node.stop");
  if (!answer) {
    return answer.error();
  }
  return {};
}

const std::string& ControlClient::software() const noexcept {
  return impl_->software;
}

int ControlClient::server_process() const noexcept {
  return impl_->process();
}

}  // namespace quicether::mgmt
