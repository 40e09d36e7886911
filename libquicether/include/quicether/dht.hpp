#ifndef QUICETHER_DHT_HPP
#define QUICETHER_DHT_HPP

#include <quicether/base/error.hpp>
#include <quicether/core/dht/node.hpp>
#include <quicether/env/environment.hpp>
#include <quicether/identity.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace quicether {

class Transport;

struct DhtConfig {
  dht::NodeConfig node{};
  std::vector<SocketAddress> bootstrap{};
  DatagramSocketOptions socket{};        ///< of its own; unused with a Transport
  std::string cache_name = "dht-nodes";  ///< in the Environment's Store; empty: none is kept
  Duration cache_interval = std::chrono::minutes{5};
};

/// Hears what happens in a Dht, on its thread.
class DhtObserver {
 public:
  DhtObserver() = default;
  DhtObserver(const DhtObserver&) = delete;
  DhtObserver& operator=(const DhtObserver&) = delete;
  virtual ~DhtObserver() = default;

  /// Others agree how they see us; port 0 when each sees another one.
  virtual void on_external_address(const SocketAddress& address) = 0;
};

/// The mainline DHT: find nodes, keep and find signed values, announce and find peers.
///
/// Usable alone with a UDP port of its own, or on the port of a Transport. Operations complete with
/// a dht::OperationDone, which says what was found and at what cost. Requests have members with
/// destructors: name them before the `co_await` that uses them.
///
///     Dht dht{environment, config};
///     dht.open().value();
///     co_await dht.async_join(asio::use_awaitable);
///     dht::GetRequest request{.target = dht::Id::of(node_id)};
///     auto [error, done] = co_await dht.async_get(request, asio::as_tuple);
///
/// Threads: the Environment's executor. Neither copyable nor movable.
class Dht {
 public:
  /// Opens a UDP port of its own. `environment` outlives the Dht.
  Dht(Environment& environment, DhtConfig config);

  /// Shares the UDP port of `transport`, which is open before open() and outlives the Dht.
  Dht(Environment& environment, Transport& transport, DhtConfig config);
  Dht(const Dht&) = delete;
  Dht& operator=(const Dht&) = delete;

  /// Closes.
  ~Dht();

  /// Takes the port, reads the cache and joins.
  ///
  /// **Errors:** `already_open`; `not_open` (the Transport is not); those of
  /// open_datagram_socket().
  [[nodiscard]] result<void> open();

  /// Writes the cache, ends all operations with `cancelled` and frees the port. Idempotent.
  void close() noexcept;

  [[nodiscard]] bool is_open() const noexcept;

  [[nodiscard]] SocketAddress local_endpoint() const noexcept;

  void set_observer(DhtObserver* observer) noexcept;

  void add_bootstrap(const std::vector<SocketAddress>& addresses);

  /// Waits until a neighbourhood is found, in either family. Signature: void(error_code).
  ///
  /// **Errors:** `not_open`, `cancelled`. **Cancellation:** terminal.
  template <boost::asio::completion_token_for<void(error_code)> Token>
  auto async_join(Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code)>(
        [](auto handler, Dht* self) { self->start_join(JoinHandler{std::move(handler)}); },
        token,
        this);
  }

  /// Asks one address for a sign of life. Fills `elapsed`.
  ///
  /// Signature of this and all below: void(error_code, dht::OperationDone). **Errors:** `not_open`,
  /// `limit_reached`, `cancelled`, here `timed_out` and `invalid_argument` (no unicast address).
  /// **Cancellation:** terminal.
  template <typename Token>
  auto async_ping(const SocketAddress& address, Token&& token) {
    return run(Request{address}, std::forward<Token>(token));
  }

  /// Finds the nodes nearest to an id. Fills `nodes`. **Errors:** also `timed_out` (no answer).
  template <typename Token>
  auto async_find_node(const dht::Id& target, Token&& token) {
    return run(Request{FindNode{target}}, std::forward<Token>(token));
  }

  /// Finds a value. Fills `item` and `replicas`. **Errors:** also `not_found`.
  template <typename Token>
  auto async_get(const dht::GetRequest& request, Token&& token) {
    return run(Request{request}, std::forward<Token>(token));
  }

  /// Stores a value at the nodes nearest to its target, for two hours. Fills `replicas`.
  ///
  /// **Errors:** also `superseded` (others hold a newer version, or not the one to replace),
  /// `unreachable` (nobody took it; `refusal` may say why), `invalid_argument` (a bad item).
  template <typename Token>
  auto async_put(const dht::PutRequest& request, Token&& token) {
    return run(Request{request}, std::forward<Token>(token));
  }

  /// Finds peers of an info-hash. Fills `peers`. **Errors:** also `timed_out` (no answer).
  template <typename Token>
  auto async_get_peers(const dht::Id& info_hash, Token&& token) {
    return run(Request{GetPeers{info_hash}}, std::forward<Token>(token));
  }

  /// Announces this host as a peer of an info-hash. Fills `replicas`. **Errors:** also
  /// `unreachable`.
  template <typename Token>
  auto async_announce(const dht::AnnounceRequest& request, Token&& token) {
    return run(Request{request}, std::forward<Token>(token));
  }

  /// Keeps an item alive until unpublish(); see dht::Node::publish().
  [[nodiscard]] result<void> publish(dht::Item item);
  void unpublish(const dht::Id& target) noexcept;

  /// The machine inside, to look at.
  [[nodiscard]] const dht::Node& node() const noexcept;

  [[nodiscard]] boost::asio::any_io_executor get_executor() noexcept;

 private:
  struct FindNode {
    dht::Id target{};
  };

  struct GetPeers {
    dht::Id info_hash{};
  };

  using Request = std::variant<SocketAddress,
                               FindNode,
                               dht::GetRequest,
                               dht::PutRequest,
                               GetPeers,
                               dht::AnnounceRequest>;
  using JoinHandler = boost::asio::any_completion_handler<void(error_code)>;
  using Handler = boost::asio::any_completion_handler<void(error_code, dht::OperationDone)>;

  class Impl;

  template <typename Token>
  auto run(Request request, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, dht::OperationDone)>(
        [](auto handler, Dht* self, const Request& wanted) {
          self->start(wanted, Handler{std::move(handler)});
        },
        token,
        this,
        std::move(request));
  }

  void start(const Request& request, Handler handler);
  void start_join(JoinHandler handler);

  std::shared_ptr<Impl> impl_;
};

/// Where the item of a key and salt lies. Without salt, that is the NodeId of the key.
[[nodiscard]] dht::Id item_target(const PublicKey& key, ConstBytes salt = {});

/// Where an immutable item lies. `value` is bencoded.
[[nodiscard]] dht::Id item_target(ConstBytes value);

/// Signs a mutable item. `value`: bencoded, at most 1000 bytes; `seq`: at least 0, larger than that
/// of the version it replaces; `salt`: at most 64 bytes.
[[nodiscard]] dht::Item sign_item(const crypto::KeyPair& key,
                                  ConstBytes value,
                                  std::int64_t seq,
                                  ConstBytes salt = {});

}  // namespace quicether

#endif  // QUICETHER_DHT_HPP
