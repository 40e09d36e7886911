#include <quicether/core/node/session_table.hpp>

namespace quicether::node {

errc to_errc(CloseCode code) noexcept {
  switch (code) {
    case CloseCode::none:
    case CloseCode::shutting_down:
      return errc::closed_by_peer;
    case CloseCode::not_admitted:
      return errc::not_admitted_by_peer;
    case CloseCode::superseded:
      return errc::superseded;
    case CloseCode::protocol_error:
      return errc::protocol_error;
    case CloseCode::incompatible_version:
      return errc::incompatible_version;
    case CloseCode::to_self:
      return errc::to_self;
    case CloseCode::hello_timeout:
      return errc::timed_out;
    case CloseCode::busy:
      return errc::refused_busy;
    case CloseCode::wrong_shard:
      return errc::wrong_shard;
    case CloseCode::invite_unknown:
      return errc::invite_unknown;
    case CloseCode::invite_expired:
      return errc::invite_expired;
    case CloseCode::invite_used:
      return errc::invite_used;
  }
  return errc::closed_by_peer;  // a code that a later version defines
}

}  // namespace quicether::node
