#ifndef QUICETHER_MGMT_CONTROL_SERVER_HPP
#define QUICETHER_MGMT_CONTROL_SERVER_HPP

#include <quicether/base/error.hpp>
#include <quicether/base/time.hpp>
#include <quicether/discover.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/mgmt/status_source.hpp>
#include <quicether/netcheck.hpp>
#include <quicether/status.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quicether::mgmt {

/// The version of the control protocol. Additions leave it; anything else raises it.
inline constexpr int kControlProtocol = 1;

/// What a reload did. With errors, nothing was applied.
struct ReloadOutcome {
  std::vector<std::string> applied{};        ///< keys that took effect
  std::vector<std::string> needs_restart{};  ///< keys that wait for a restart
  std::vector<std::string> warnings{};
  std::vector<std::string> errors{};  ///< as Diagnostic::to_string()
};

/// Why a daemon declines a request.
struct Refusal {
  std::string message{};  ///< one clause
};

/// What Answer::value() throws: a std::runtime_error with the message.
[[noreturn]] void throw_exception_from_error(const Refusal& refusal,
                                             const boost::source_location& where);

template <typename T>
using Answer = boost::system::result<T, Refusal>;

/// An answer that comes later, on the Environment's thread. Call it once.
template <typename T>
using AnswerHandler = std::function<void(const Answer<T>&)>;

struct NewInvite {
  std::string text{};
  bool once = false;
  UnixSeconds expires = 0;
};

/// One answer through the overlay.
struct PingAnswer {
  NamedNode node{};
  PingReply reply{};
};

/// What the control socket can ask of a daemon. Called on the Environment's thread.
class ControlHandler : public StatusSource {
 public:
  [[nodiscard]] virtual std::vector<RouteStatus> routes() = 0;
  [[nodiscard]] virtual Netcheck netcheck() = 0;

  /// Loads the configuration again and applies what it can, all or nothing.
  [[nodiscard]] virtual ReloadOutcome reload() = 0;

  /// The configuration in effect, as config_json() gives it.
  [[nodiscard]] virtual std::string config() = 0;

  /// Makes a network with this node as its first member. Returns its name.
  [[nodiscard]] virtual Answer<std::string> create_network(const std::string& name) = 0;

  /// Redeems an invite and becomes a member. Returns the network's name.
  virtual void join_network(const std::string& invite, AnswerHandler<std::string> done) = 0;

  [[nodiscard]] virtual Answer<std::string> leave_network() = 0;

  /// None: in no network.
  [[nodiscard]] virtual std::optional<NetworkStatus> network() = 0;

  /// `lifetime`: at least a second.
  [[nodiscard]] virtual Answer<NewInvite> create_invite(bool once, Duration lifetime) = 0;

  [[nodiscard]] virtual NameAnswer resolve(const std::string& text) = 0;

  /// Asks a node, by anything that resolve() takes, for one sign of life.
  virtual void ping(const std::string& text, Duration timeout, AnswerHandler<PingAnswer> done) = 0;

  /// Finds what a node, by anything that resolve() takes, tells the DHT of itself. None: it has no
  /// record.
  virtual void discover_node(const std::string& text,
                             AnswerHandler<std::optional<FoundNode>> done) = 0;

  /// Finds who in the network carries a subnet.
  virtual void discover_subnet(const Prefix& subnet, AnswerHandler<FoundSubnet> done) = 0;

  /// Begins to stop. Called after the answer was sent.
  virtual void stop() = 0;
};

struct ControlLimits {
  std::size_t request_bytes_max = 64U << 10U;
  std::size_t connections_max = 64;
  Duration idle = std::chrono::seconds{60};    ///< without a request
  Duration request = std::chrono::seconds{5};  ///< from its first byte to its last
  Duration answer = std::chrono::seconds{10};  ///< for the client to take it
};

struct ControlOptions {
  /// The folder is made with mode 0700 where missing, the socket has mode 0600.
  std::filesystem::path socket{};
  ControlLimits limits{};
};

/// Answers JSON-RPC 2.0 requests on a Unix socket: see docs/spec/control-socket.md.
///
/// Serves root and the user it runs as, each connection one request at a time. Every limit ends a
/// connection, never the daemon. Neither copyable nor movable.
class ControlServer {
 public:
  /// Binds the socket and begins to serve. Open it when the daemon is ready: that a request is
  /// answered is how others know. `environment` and `handler` outlive the server.
  ///
  /// A socket that a crashed daemon left is replaced, that of a living one is not.
  /// **Errors:** `already_open` (another daemon serves it), `invalid_argument` (path too long, or
  /// something else is in its place), the system's own.
  [[nodiscard]] static result<std::unique_ptr<ControlServer>> open(Environment& environment,
                                                                   ControlHandler& handler,
                                                                   ControlOptions options);

  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Closes all connections and removes the socket.
  ~ControlServer();

  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  class Impl;

  explicit ControlServer(std::shared_ptr<Impl> impl) noexcept;

  std::shared_ptr<Impl> impl_;
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_CONTROL_SERVER_HPP
