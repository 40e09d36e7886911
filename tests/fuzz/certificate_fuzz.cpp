#include <quicether/base/assert.hpp>
#include <quicether/core/crypto/certificate.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

// The certificate of a stranger: any bytes, judged before the handshake is done.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quicether;
  const std::array<ConstBytes, 1> chain{ConstBytes{data, size}};

  const auto early = crypto::verify_peer_certificate(chain, 0);
  const auto now = crypto::verify_peer_certificate(chain, 1'795'000'000);

  // Whatever is accepted ends where its DER ends and carries a key that can prove something; the
  // clock changes nothing but the verdict on the validity.
  for (const auto& verified : {early, now}) {
    if (verified) {
      QE_ASSERT(crypto::is_sound(*verified));
      QE_ASSERT(size <= crypto::kCertificateBytesMax);
    } else {
      QE_ASSERT(!to_string(verified.error()).empty());
    }
  }
  QE_ASSERT(!early || !now || *early == *now);
  return 0;
}
