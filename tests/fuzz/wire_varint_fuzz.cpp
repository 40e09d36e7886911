#include <quicether/base/assert.hpp>
#include <quicether/core/wire/datagram.hpp>
#include <quicether/core/wire/varint.hpp>

#include <cstddef>
#include <cstdint>

using namespace quicether;

// Integers and runs of bytes, read in the order that the input itself says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wire::Reader reader{ConstBytes{data, size}};
  for (;;) {
    const auto before = reader.rest();
    const auto number = reader.varint();
    if (!number) {
      QE_ASSERT(reader.rest().size() == before.size());
      break;
    }
    ByteVector shortest;
    wire::append_varint(shortest, *number);
    QE_ASSERT(shortest.size() == wire::varint_size(*number));
    QE_ASSERT(shortest.size() <= before.size() - reader.rest().size());
    QE_ASSERT(wire::Reader{shortest}.varint().value() == *number);
    const auto left = reader.rest().size();
    const auto run = reader.bytes(*number);
    QE_ASSERT(run.has_value() == (*number <= left));
    QE_ASSERT(reader.rest().size() == (run ? left - *number : left));
  }

  ByteVector payload(data, data + size);
  const auto datagram = wire::parse_datagram(payload);
  QE_ASSERT(!datagram || datagram->body.size() < payload.size());
  return 0;
}
