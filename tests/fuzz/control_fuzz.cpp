#include "mgmt/control_dispatch.hpp"
#include "mgmt/json_rpc.hpp"
#include "support/sample_status.hpp"

#include <quicether/base/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

class SampleDaemon final : public quicether::mgmt::ControlHandler {
 public:
  quicether::NodeStatus status() override { return quicether::test::sample_status(); }

  std::vector<quicether::PeerStatus> peers() override { return quicether::test::sample_peers(); }

  std::vector<quicether::RouteStatus> routes() override { return quicether::test::sample_routes(); }

  quicether::Netcheck netcheck() override { return quicether::test::sample_netcheck(); }

  quicether::mgmt::ReloadOutcome reload() override { return {}; }

  std::string config() override { return "{}"; }

  void stop() override {}
};

}  // namespace

// A line on the control socket, as a daemon and as a client reads it: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether::mgmt;
  const std::string_view line{reinterpret_cast<const char*>(data), size};
  SampleDaemon daemon;

  const auto answer = answer_request(daemon, line);

  QE_ASSERT(answer.line.find('\n') == answer.line.size() - 1);
  const auto decoded = decode_answer(answer.line, 1);
  QE_ASSERT(decoded.has_value() || !decoded.error().message.empty());
  QE_ASSERT(!answer.stop || answer.method == "node.stop");
  (void)decode_answer(line, 1);
  return 0;
}
