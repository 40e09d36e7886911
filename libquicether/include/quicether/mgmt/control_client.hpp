#ifndef QUICETHER_MGMT_CONTROL_CLIENT_HPP
#define QUICETHER_MGMT_CONTROL_CLIENT_HPP

#include <quicether/base/time.hpp>
#include <quicether/mgmt/control_server.hpp>
#include <quicether/status.hpp>

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quicether::mgmt {

/// Why a request to a daemon failed.
struct ControlError {
  enum class Kind {
    not_running,    ///< nobody serves the socket
    not_permitted,  ///< the socket, or the daemon, refuses this user
    timed_out,      ///< no answer in time
    incompatible,   ///< the daemon speaks another version of the protocol
    refused,        ///< the daemon refuses the request: `details` say why
    declined,       ///< the daemon cannot do what was asked of it: the message says why
    broken,         ///< the connection or the answer is broken
  };

  Kind kind = Kind::broken;
  std::string message{};               ///< one clause
  std::vector<std::string> details{};  ///< of a refused reload: its errors
};

/// What ControlResult::value() throws: a std::runtime_error with the message.
[[noreturn]] void throw_exception_from_error(const ControlError& error,
                                             const boost::source_location& where);

template <typename T>
using ControlResult = boost::system::result<T, ControlError>;

/// Asks a daemon on its control socket. Every call blocks until its answer, or for `limit`.
///
/// For programs that only ask, such as a command line: it has an event loop of its own. Moves, does
/// not copy.
class ControlClient {
 public:
  /// Connects and agrees on the protocol's version.
  [[nodiscard]] static ControlResult<ControlClient> connect(const std::filesystem::path& socket,
                                                            Duration limit = std::chrono::seconds{
                                                                10});

  ControlClient(ControlClient&&) noexcept;
  ControlClient& operator=(ControlClient&&) noexcept;
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;
  ~ControlClient();

  [[nodiscard]] ControlResult<NodeStatus> status();
  [[nodiscard]] ControlResult<std::vector<PeerStatus>> peers();
  [[nodiscard]] ControlResult<std::vector<RouteStatus>> routes();
  [[nodiscard]] ControlResult<Netcheck> netcheck();
  [[nodiscard]] ControlResult<ReloadOutcome> reload();

  /// The configuration in effect as a JSON object.
  [[nodiscard]] ControlResult<std::string> config();

  /// Makes a network. Returns its name.
  [[nodiscard]] ControlResult<std::string> create_network(const std::string& name);

  /// Joins a network and returns its name. Takes as long as the inviter does to answer.
  [[nodiscard]] ControlResult<std::string> join_network(const std::string& invite);

  [[nodiscard]] ControlResult<std::string> leave_network();

  /// None: the node is in no network.
  [[nodiscard]] ControlResult<std::optional<NetworkStatus>> network();

  /// `lifetime`: at least a millisecond.
  [[nodiscard]] ControlResult<NewInvite> create_invite(bool once, Duration lifetime);

  [[nodiscard]] ControlResult<NameAnswer> resolve(const std::string& name);

  /// Sends one ping and waits for the answer. `timeout`: at least a millisecond.
  [[nodiscard]] ControlResult<PingAnswer> ping(const std::string& name, Duration timeout);

  /// What a node tells the DHT of itself; none when it has no record. `name`: as for resolve().
  [[nodiscard]] ControlResult<std::optional<FoundNode>> discover_node(const std::string& name);

  /// Who in the network carries a subnet.
  [[nodiscard]] ControlResult<FoundSubnet> discover_subnet(const Prefix& subnet);

  /// Asks the daemon to stop; it is still there when this returns.
  [[nodiscard]] ControlResult<void> stop();

  /// The release of the daemon.
  [[nodiscard]] const std::string& software() const noexcept;

  /// The process that serves the socket; 0 when the system does not tell.
  [[nodiscard]] int server_process() const noexcept;

 private:
  class Impl;

  explicit ControlClient(std::unique_ptr<Impl> impl) noexcept;

  std::unique_ptr<Impl> impl_;
};

}  // namespace quicether::mgmt

#endif  // QUICETHER_MGMT_CONTROL_CLIENT_HPP
