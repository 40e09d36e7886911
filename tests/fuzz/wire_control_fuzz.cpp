#include <quicether/base/assert.hpp>
#include <quicether/core/wire/control_message.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

using namespace quicether;

namespace {

struct Decoded {
  std::vector<wire::ControlMessage> messages{};
  error_code error{};
};

Decoded decode(ConstBytes stream, std::size_t piece) {
  Decoded decoded;
  wire::ControlDecoder decoder;
  while (!stream.empty() && !decoded.error) {
    const auto taken = stream.first(std::min(piece, stream.size()));
    stream = stream.subspan(taken.size());
    decoder.feed(taken);
    for (;;) {
      auto message = decoder.poll();
      if (!message) {
        decoded.error = message.error();
        break;
      }
      if (!*message) {
        break;
      }
      decoded.messages.push_back(*std::move(*message));
    }
  }
  return decoded;
}

}  // namespace

// The control stream of a peer: any bytes, in any pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ConstBytes stream{data, size};
  const auto whole = decode(stream, size + 1);
  const auto pieces = decode(stream, 1 + size % 7);
  QE_ASSERT(whole.messages == pieces.messages && whole.error == pieces.error);

  // Whatever is understood can be said again and is understood the same.
  for (const auto& message : whole.messages) {
    ByteVector said;
    wire::encode(message, said);
    const auto again = decode(said, said.size());
    QE_ASSERT(!again.error && again.messages.size() == 1 && again.messages[0] == message);
  }
  return 0;
}
