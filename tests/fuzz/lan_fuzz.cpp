#include <quicether/base/assert.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/record/lan_announcement.hpp>

#include <cstddef>
#include <cstdint>

using namespace quicether;
using namespace quicether::record;

namespace {

const LanCodec& member() {
  static const LanCodec kMember{crypto::NetworkKey::derive("n", as_bytes("s")).value()};
  return kMember;
}

}  // namespace

// What was read survives being written again, openly and sealed; nobody here knows the secret.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ConstBytes datagram{data, size};
  QE_ASSERT(!member().decode(datagram));
  if (const auto read = LanCodec{}.decode(datagram)) {
    SeededRandom random{size};
    QE_ASSERT(LanCodec{}.decode(LanCodec{}.encode(*read, random)).value() == *read);
    QE_ASSERT(member().decode(member().encode(*read, random)).value() == *read);
  }
  return 0;
}
