#include <quicether/base/assert.hpp>
#include <quicether/base/bytes.hpp>
#include <quicether/core/node/invite_book.hpp>
#include <quicether/core/record/invite.hpp>
#include <quicether/core/record/node_record.hpp>
#include <quicether/mgmt/network_state.hpp>

#include <cstddef>
#include <cstdint>

using namespace quicether;

// What people paste, and the files beside the key: any text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(ConstBytes{data, size});

  if (const auto invite = record::parse_invite(text)) {
    QE_ASSERT(!invite->endpoints.empty());
    QE_ASSERT(invite->endpoints.size() <= record::kInviteEndpointsMax);
    for (const auto& endpoint : invite->endpoints) {
      QE_ASSERT(record::is_dialable(endpoint));
    }
    QE_ASSERT(record::parse_invite(record::to_text(*invite)).value() == *invite);
    QE_ASSERT(record::looks_like_invite(text));
  }
  if (const auto state = mgmt::decode_network_state(text)) {
    QE_ASSERT(mgmt::decode_network_state(mgmt::encode(*state)).value() == *state);
  }
  node::InviteBook book;
  if (book.decode(text)) {
    const auto written = book.encode();
    node::InviteBook again;
    QE_ASSERT(again.decode(written).has_value());
    QE_ASSERT(again.encode() == written);
  }
  return 0;
}
