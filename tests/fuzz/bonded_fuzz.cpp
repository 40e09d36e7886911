#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/path/resequencer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

// Bonded datagrams from a hostile peer: each input is a row of a pause in milliseconds, a length
// and a body, one byte, one byte and so many. All that comes in as one piece comes out at most
// once, and nothing waits for ever.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether;
  path::ResequencerConfig config;
  config.held_bytes_max = 64U << 10U;
  config.slots_max = wire::kBondedFlows * 32 + 1024;
  path::Resequencer order{config};
  ByteVector input{data, data + size};
  Bytes rest{input};
  Instant now{std::chrono::seconds{1}};
  std::size_t in = 0;
  std::size_t out = 0;
  const auto collect = [&] {
    for (const auto& released : order.released()) {
      QE_ASSERT(released.payload.size() <= 255);
      ++out;
    }
    order.clear_released();
  };
  while (rest.size() >= 2) {
    now = now + std::chrono::milliseconds{rest[0]};
    order.on_timeout(now);
    collect();
    const auto length = std::min<std::size_t>(rest[1], rest.size() - 2);
    const auto bonded = wire::parse_bonded(rest.subspan(2, length));
    rest = rest.subspan(2 + length);
    if (bonded) {
      ++in;
      order.take(now, {1}, *bonded);
      collect();
    }
  }
  // Each gap is waited for at most once, and all of them at the same time.
  now = now + config.hold_max;
  order.on_timeout(now);
  collect();
  QE_ASSERT(order.next_timeout().is_never());
  QE_ASSERT(in == out + order.stats().duplicates);
  return 0;
}
