#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/system_random.hpp>

#include <openssl/rand.h>

namespace quicether::crypto {

void SystemRandom::fill(Bytes out) noexcept {
  const int done = RAND_bytes(out.data(), out.size());
  QE_ASSERT(done == 1);
}

}  // namespace quicether::crypto
