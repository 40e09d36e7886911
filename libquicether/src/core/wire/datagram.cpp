#include <quicether/core/wire/datagram.hpp>
#include <quicether/core/wire/varint.hpp>

namespace quicether::wire {

result<Datagram> parse_datagram(Bytes payload) noexcept {
  Reader reader{payload};
  const auto context = reader.varint();
  if (!context) {
    return context.error();
  }
  return Datagram{*context, payload.last(reader.rest().size())};
}

}  // namespace quicether::wire
