#ifndef QUICETHER_TESTS_UNIT_MGMT_CONTROL_SUPPORT_HPP
#define QUICETHER_TESTS_UNIT_MGMT_CONTROL_SUPPORT_HPP

#include "support/sample_status.hpp"

#include <quicether/env/environment.hpp>
#include <quicether/mgmt/control_server.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quicether::mgmt::test {

/// Real Unix sockets on a clock that only the test moves. The control socket needs nothing else of
/// an Environment.
class ControlEnvironment final : public Environment, private EventSink {
 public:
  [[nodiscard]] boost::asio::any_io_executor get_executor() noexcept override {
    return loop_.get_executor();
  }

  [[nodiscard]] Instant now() const noexcept override { return now_; }

  [[nodiscard]] UnixSeconds unix_time() const noexcept override { return 0; }

  [[nodiscard]] Random& random() noexcept override { return random_; }

  [[nodiscard]] Store& store() noexcept override { std::abort(); }

  [[nodiscard]] EventSink& events() noexcept override { return *this; }

  [[nodiscard]] std::unique_ptr<Timer> make_timer() override {
    return std::make_unique<ManualTimer>(*this);
  }

  [[nodiscard]] result<std::unique_ptr<DatagramSocket>> open_datagram_socket(
      const DatagramSocketOptions&) override {
    return errc::unsupported;
  }

  [[nodiscard]] result<std::unique_ptr<LanSocket>> open_lan_socket(
      const LanSocketOptions&) override {
    return errc::unsupported;
  }

  [[nodiscard]] result<std::unique_ptr<TunDevice>> open_tun(const TunOptions&) override {
    return errc::unsupported;
  }

  [[nodiscard]] std::vector<HostInterface> interfaces() override { return {}; }

  [[nodiscard]] result<std::unique_ptr<NetworkWatch>> watch_network() override {
    return errc::unsupported;
  }

  /// Runs until nothing is left to do at this instant.
  void settle() {
    loop_.restart();
    while (loop_.poll() > 0) {
    }
  }

  void advance(Duration duration) {
    settle();
    now_ = now_ + duration;
    for (auto* timer : std::set<ManualTimer*>{timers_}) {
      timer->fire_if_due();
    }
    settle();
  }

  [[nodiscard]] boost::asio::io_context& loop() noexcept { return loop_; }

  [[nodiscard]] const std::vector<std::string>& reported() const noexcept { return reported_; }

 private:
  class ManualTimer final : public Timer {
   public:
    explicit ManualTimer(ControlEnvironment& environment) : environment_{environment} {
      environment_.timers_.insert(this);
    }

    ~ManualTimer() override {
      cancel();
      environment_.timers_.erase(this);
    }

    void cancel() noexcept override { complete(errc::cancelled); }

    void fire_if_due() {
      if (deadline_ <= environment_.now_) {
        complete({});
      }
    }

   private:
    void start_wait(Instant deadline, WaitHandler handler) override {
      cancel();
      deadline_ = deadline;
      handler_ = std::move(handler);
      fire_if_due();
    }

    void complete(error_code error) {
      if (handler_) {
        boost::asio::post(environment_.loop_,
                          [handler = std::exchange(handler_, nullptr), error]() mutable {
                            std::move(handler)(error);
                          });
      }
    }

    ControlEnvironment& environment_;
    Instant deadline_ = Instant::never();
    WaitHandler handler_{};
  };

  void on_event(const Event& event) override {
    std::string text{event.target};
    for (const auto& [name, value] : event.fields) {
      text += name == "method" ? " " + value : "";
    }
    reported_.push_back(std::move(text));
  }

  Instant now_{};
  SeededRandom random_{1};
  std::set<ManualTimer*> timers_{};
  std::vector<std::string> reported_{};
  boost::asio::io_context loop_{1};  // last: what waits in it refers to the rest
};

/// A daemon with two peers, three routes, and a memory of what it was asked.
class FakeDaemon : public ControlHandler {
 public:
  [[nodiscard]] NodeStatus status() override { return quicether::test::sample_status(); }

  [[nodiscard]] std::vector<PeerStatus> peers() override {
    auto peers = quicether::test::sample_peers();
    for (std::size_t i = 0; i < more_peers; ++i) {
      peers.push_back(peers[1]);
      peers.back().detail = std::string(1000, 'x');
    }
    return peers;
  }

  [[nodiscard]] std::vector<RouteStatus> routes() override {
    return quicether::test::sample_routes();
  }

  [[nodiscard]] Netcheck netcheck() override { return quicether::test::sample_netcheck(); }

  [[nodiscard]] ReloadOutcome reload() override { return outcome; }

  [[nodiscard]] std::string config() override { return R"({"network":{"mtu":1380}})"; }

  [[nodiscard]] Answer<std::string> create_network(const std::string& name) override {
    if (name.empty()) {
      return Refusal{"a name is not empty"};
    }
    return name;
  }

  void join_network(const std::string& /*invite*/, AnswerHandler<std::string> done) override {
    done(std::string{"home"});
  }

  [[nodiscard]] Answer<std::string> leave_network() override { return std::string{"home"}; }

  [[nodiscard]] std::optional<NetworkStatus> network() override {
    return quicether::test::sample_network();
  }

  [[nodiscard]] Answer<NewInvite> create_invite(bool once, Duration /*lifetime*/) override {
    return NewInvite{"qe1-abc", once, 1'800'000'000};
  }

  [[nodiscard]] NameAnswer resolve(const std::string& /*text*/) override {
    return {quicether::test::sample_named_node(), false, {}};
  }

  void ping(const std::string& text,
            Duration /*timeout*/,
            AnswerHandler<PingAnswer> done) override {
    if (text == "nobody") {
      done(Refusal{"nobody is known as \"nobody\""});
      return;
    }
    done(PingAnswer{quicether::test::sample_named_node(), quicether::test::sample_ping_reply()});
  }

  void discover_node(const std::string& text,
                     AnswerHandler<std::optional<FoundNode>> done) override {
    if (text == "nobody") {
      done(Refusal{"nobody is known as \"nobody\""});
    } else if (text == "silent") {
      done(std::optional<FoundNode>{});
    } else {
      done(std::optional{quicether::test::sample_found_node()});
    }
  }

  void discover_subnet(const Prefix& subnet, AnswerHandler<FoundSubnet> done) override {
    auto found = quicether::test::sample_found_subnet();
    if (subnet != found.subnet) {
      found = {};
      found.subnet = subnet;
    }
    done(found);
  }

  void stop() override { stopped = true; }

  ReloadOutcome outcome{{"peers.allowed"}, {"network.mtu"}, {"a warning"}, {}};
  std::size_t more_peers = 0;  ///< with a long reason each
  bool stopped = false;
};

/// A client that never blocks: the test runs the server in between.
class RawClient {
 public:
  explicit RawClient(const std::filesystem::path& path)
      : socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }

  /// To a TCP port of 127.0.0.1.
  static RawClient to_loopback(std::uint16_t port) {
    RawClient client;
    client.socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client.connected_ =
        ::connect(client.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
        0;
    ::fcntl(client.socket_, F_SETFL, O_NONBLOCK);
    return client;
  }

  RawClient(RawClient&& other) noexcept
      : socket_{std::exchange(other.socket_, -1)}, connected_{other.connected_} {}

  RawClient& operator=(RawClient&& other) noexcept {
    std::swap(socket_, other.socket_);
    std::swap(connected_, other.connected_);
    return *this;
  }

  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  ~RawClient() {
    if (socket_ >= 0) {
      ::close(socket_);
    }
  }

  [[nodiscard]] bool connected() const noexcept { return connected_; }

  /// Returns false when the server has closed.
  bool send(std::string_view text) {
    return ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }

  /// True when the other side's system has all that was sent. For TCP.
  [[nodiscard]] bool delivered() const {
    int left = 0;
    return ::ioctl(socket_, SIOCOUTQ, &left) == 0 && left == 0;
  }

  /// Sends no more, but still receives.
  void finish() { ::shutdown(socket_, SHUT_WR); }

  /// What has arrived.
  std::string receive() {
    std::string text;
    std::array<char, 65536> block{};
    while (true) {
      const auto size = ::recv(socket_, block.data(), block.size(), 0);
      if (size <= 0) {
        closed_ = size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
        return text;
      }
      text.append(block.data(), static_cast<std::size_t>(size));
    }
  }

  /// True when the last receive() met the end.
  [[nodiscard]] bool closed() const noexcept { return closed_; }

 private:
  RawClient() = default;

  int socket_ = -1;
  bool connected_ = false;
  bool closed_ = false;
};

}  // namespace quicether::mgmt::test

#endif  // QUICETHER_TESTS_UNIT_MGMT_CONTROL_SUPPORT_HPP
