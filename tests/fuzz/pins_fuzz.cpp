#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/policy/pins.hpp>

#include <cstddef>
#include <cstdint>

// The state file of pins, damaged: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether;
  if (const auto pins = policy::decode_pins({data, size})) {
    const auto again = policy::decode_pins(policy::encode_pins(*pins));
    QE_ASSERT(again && *again == *pins);
  }
  return 0;
}
