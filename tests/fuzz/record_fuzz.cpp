#include <quicether/base/assert.hpp>
#include <quicether/base/random.hpp>
#include <quicether/core/record/network_records.hpp>
#include <quicether/core/record/node_record.hpp>

#include <cstddef>
#include <cstdint>

using namespace quicether;
using namespace quicether::record;

namespace {

const NetworkRecords& network() {
  static const NetworkRecords kNetwork{crypto::NetworkKey::derive("n", as_bytes("s")).value()};
  return kNetwork;
}

}  // namespace

// What a record said survives being written again, and nothing special is ever dialled.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ConstBytes value{data, size};
  if (const auto read = decode_node_record(value)) {
    QE_ASSERT(read->endpoints.size() <= kEndpointsMax);
    for (const auto& endpoint : read->endpoints) {
      QE_ASSERT(is_dialable(endpoint));
    }
    QE_ASSERT(decode_node_record(encode(*read)).value() == *read);
  }
  QE_ASSERT(!network().decode(Topic::members().list(0), value, 0));  // nobody here knows the secret
  return 0;
}
