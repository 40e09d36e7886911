#include "test_keys.hpp"

#include <quicether/core/crypto/aead.hpp>
#include <quicether/core/crypto/hash.hpp>

#include <catch2/catch_test_macros.hpp>

#include <numeric>

using namespace quicether;
using crypto::test::bytes_of;

namespace {

/// Counts up from 0x40, as the nonce of the published vector does.
class CountingRandom final : public Random {
 public:
  void fill(Bytes out) noexcept override { std::iota(out.begin(), out.end(), std::uint8_t{0x40}); }
};

const ByteVector kKey =
    bytes_of("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
const ByteVector kContext = bytes_of("50515253c0c1c2c3c4c5c6c7");
constexpr std::string_view kPlaintext =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";

}  // namespace

TEST_CASE("aead: the published vector", "[core_crypto][aead]") {
  CountingRandom random;
  const auto sealed = crypto::seal(kKey, kContext, as_bytes(kPlaintext), random);

  // draft-irtf-cfrg-xchacha-03 appendix A.3.1
  CHECK(to_hex(sealed) ==
        "404142434445464748494a4b4c4d4e4f5051525354555657"
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb"
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
        "21f9664c97637da9768812f615c68b13b52e"
        "c0875924c1c7987947deafd8780acf49");
  CHECK(as_text(crypto::open(kKey, kContext, sealed).value()) == kPlaintext);
}

TEST_CASE("aead: opens nothing that was altered", "[core_crypto][aead]") {
  CountingRandom random;
  const auto sealed = crypto::seal(kKey, kContext, as_bytes("secret"), random);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    auto altered = sealed;
    altered[at] ^= 0x80U;
    CHECK(crypto::open(kKey, kContext, altered).error() == errc::malformed);
    CHECK(crypto::open(kKey, kContext, ConstBytes{sealed}.first(at)).error() == errc::malformed);
  }
  CHECK(crypto::open(kKey, {}, sealed).error() == errc::malformed);
  CHECK(crypto::open(crypto::sha256(kKey), kContext, sealed).error() == errc::malformed);
}
