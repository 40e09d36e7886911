#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/private_key_pem.hpp>

#include <cstddef>
#include <cstdint>

// A key file that somebody else wrote: any bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether;

  const auto key = crypto::from_pem({data, size});

  if (key) {
    const auto again = crypto::from_pem(crypto::to_pem(*key).view());
    QE_ASSERT(again.has_value() && again->public_key() == key->public_key());
  }
  return 0;
}
