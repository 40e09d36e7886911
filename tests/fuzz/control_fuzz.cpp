#include "mgmt/control_dispatch.hpp"
#include "mgmt/json_rpc.hpp"
#include "support/sample_status.hpp"

#include <quicether/base/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

class SampleDaemon final : public quicether::mgmt::ControlHandler {
 public:
  quicether::NodeStatus status() override { return quicether::test::sample_status(); }

  std::vector<quicether::PeerStatus> peers() override { return quicether::test::sample_peers(); }

  std::vector<quicether::RouteStatus> routes() override { return quicether::test::sample_routes(); }

  quicether::Netcheck netcheck() override { return quicether::test::sample_netcheck(); }

  quicether::mgmt::ReloadOutcome reload() override { return {}; }

  std::string config() override { return "{}"; }

  [[nodiscard]] quicether::mgmt::Answer<std::string> create_network(
      const std::string& name) override {
    if (name.empty()) {
      return quicether::mgmt::Refusal{"a name is not empty"};
    }
    return name;
  }

  void join_network(const std::string& /*invite*/,
                    quicether::mgmt::AnswerHandler<std::string> done) override {
    done(std::string{"home"});
  }

  [[nodiscard]] quicether::mgmt::Answer<std::string> leave_network() override {
    return std::string{"home"};
  }

  [[nodiscard]] std::optional<quicether::NetworkStatus> network() override {
    return quicether::test::sample_network();
  }

  [[nodiscard]] quicether::mgmt::Answer<quicether::mgmt::NewInvite> create_invite(
      bool once, quicether::Duration /*lifetime*/) override {
    return quicether::mgmt::NewInvite{"qe1-abc", once, 1'800'000'000};
  }

  [[nodiscard]] quicether::NameAnswer resolve(const std::string& /*text*/) override {
    return {quicether::test::sample_named_node(), false, {}};
  }

  void ping(const std::string& text,
            quicether::Duration /*timeout*/,
            quicether::mgmt::AnswerHandler<quicether::mgmt::PingAnswer> done) override {
    if (text == "nobody") {
      done(quicether::mgmt::Refusal{"nobody is known as \"nobody\""});
      return;
    }
    done(quicether::mgmt::PingAnswer{quicether::test::sample_named_node(),
                                     quicether::test::sample_ping_reply()});
  }

  void discover_node(
      const std::string& text,
      quicether::mgmt::AnswerHandler<std::optional<quicether::FoundNode>> done) override {
    if (text == "nobody") {
      done(quicether::mgmt::Refusal{"nobody is known as \"nobody\""});
    } else if (text == "silent") {
      done(std::optional<quicether::FoundNode>{});
    } else {
      done(std::optional{quicether::test::sample_found_node()});
    }
  }

  void discover_subnet(const quicether::Prefix& subnet,
                       quicether::mgmt::AnswerHandler<quicether::FoundSubnet> done) override {
    auto found = quicether::test::sample_found_subnet();
    if (subnet != found.subnet) {
      found = {};
      found.subnet = subnet;
    }
    done(found);
  }

  void stop() override {}
};

}  // namespace

// A line on the control socket, as a daemon and as a client reads it: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether::mgmt;
  const std::string_view line{reinterpret_cast<const char*>(data), size};
  SampleDaemon daemon;

  ControlAnswer answer;
  answer_request(daemon, line, [&](ControlAnswer found) { answer = std::move(found); });

  QE_ASSERT(answer.line.find('\n') == answer.line.size() - 1);
  const auto decoded = decode_answer(answer.line, 1);
  QE_ASSERT(decoded.has_value() || !decoded.error().message.empty());
  QE_ASSERT(!answer.stop || answer.method == "node.stop");
  (void)decode_answer(line, 1);
  return 0;
}
