#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/wire/chunk.hpp>
#include <quicether/core/wire/ip.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

// Chunks from a hostile peer: each input is a row of bodies, two bytes of length before each. What
// comes out has consistent lengths and can be split.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether;
  wire::ChunkAssembler assembler;
  const auto finish = [&] {
    const auto packet = assembler.finish();
    QE_ASSERT(assembler.empty());
    if (const auto info = wire::parse_packet(packet.bytes);
        info && packet.offload.kind != wire::OffloadKind::none) {
      QE_ASSERT(wire::plan_segments(packet.bytes, packet.offload).has_value());
    }
    const std::size_t field =
        std::size_t{packet.offload.checksum_start} + packet.offload.checksum_offset;
    QE_ASSERT(packet.offload.needs_checksum && field + 2 <= packet.bytes.size());
  };
  ConstBytes rest{data, size};
  while (rest.size() >= 2) {
    const auto length = std::min<std::size_t>(load_be<std::uint16_t>(rest), rest.size() - 2);
    const auto body = rest.subspan(2, length);
    rest = rest.subspan(2 + length);
    if (assembler.take(body) == wire::ChunkAssembler::Taken::not_yet) {
      QE_ASSERT(!assembler.empty());
      finish();
      QE_ASSERT(assembler.take(body) != wire::ChunkAssembler::Taken::not_yet);
    }
    if (assembler.complete()) {
      finish();
    }
  }
  if (!assembler.empty()) {
    finish();
  }
  return 0;
}
