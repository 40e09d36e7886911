#include <quicether/base/assert.hpp>
#include <quicether/core/dht/bencode.hpp>
#include <quicether/core/dht/bencode_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace quicether;
using namespace quicether::dht;

namespace {

// Writes a value again from what reading it gave.
void rewrite(const BencodeValue& value, BencodeWriter& out) {
  switch (value.kind()) {
    case BencodeKind::integer:
      out.integer(*value.integer());
      return;
    case BencodeKind::string:
      out.string(*value.string());
      return;
    case BencodeKind::list:
      out.open_list();
      break;
    case BencodeKind::dictionary:
      out.open_dictionary();
      break;
  }
  auto walk = value.items();
  std::size_t count = 0;
  while (const auto item = walk.next()) {
    rewrite(*item, out);
    ++count;
  }
  QE_ASSERT(value.kind() == BencodeKind::list || count % 2 == 0);
  out.close();
}

}  // namespace

// What is read and written again is the same, byte for byte: there is one spelling of each value.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = BencodeValue::parse({data, size});
  if (!value) {
    return 0;
  }
  std::vector<std::uint8_t> buffer(size);
  BencodeWriter out{buffer};
  rewrite(*value, out);
  QE_ASSERT(out.ok());
  QE_ASSERT(as_text(out.written()) == as_text({data, size}));
  (void)value->canonical();
  (void)value->find("id");
  return 0;
}
