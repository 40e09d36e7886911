#include <quicether/base/error.hpp>

#include <string>

namespace quicether {
namespace {

const char* message_of(errc code) noexcept {
  switch (code) {
    case errc::timed_out:
      return "no answer in time";
    case errc::connection_lost:
      return "the session fell silent";
    case errc::stateless_reset:
      return "the peer no longer knows the session";
    case errc::closed_by_peer:
      return "closed by the peer";
    case errc::closed_locally:
      return "closed by this side";
    case errc::wrong_node_id:
      return "the peer's key is not the expected one";
    case errc::no_common_alpn:
      return "the peer does not speak this protocol";
    case errc::bad_certificate:
      return "the certificate is missing, malformed, expired or not Ed25519";
    case errc::not_admitted:
      return "this node does not admit the peer";
    case errc::not_admitted_by_peer:
      return "the peer does not admit this node";
    case errc::tls_failure:
      return "the TLS handshake failed";
    case errc::incompatible_version:
      return "no protocol version in common";
    case errc::protocol_error:
      return "the peer broke the protocol";
    case errc::refused_busy:
      return "refused because too many sessions or handshakes are open";
    case errc::superseded:
      return "replaced by another session to the same peer";
    case errc::unreachable:
      return "the network has no route to the address";
    case errc::no_address:
      return "no address is known for the peer";
    case errc::no_session:
      return "there is no session to the peer";
    case errc::to_self:
      return "the address leads back to this node";
    case errc::wrong_shard:
      return "another shard of the node has the sessions of this peer";
    case errc::invite_unknown:
      return "the inviter does not know this invite";
    case errc::invite_expired:
      return "the invite has expired";
    case errc::invite_used:
      return "the invite has been used by another node";
    case errc::would_block:
      return "nothing can be done without waiting";
    case errc::too_large:
      return "larger than the path or a limit allows";
    case errc::limit_reached:
      return "a limit was reached";
    case errc::truncated:
      return "the input ends too early";
    case errc::malformed:
      return "the input has the wrong form";
    case errc::unsupported:
      return "not supported here";
    case errc::invalid_argument:
      return "an argument has an impossible value";
    case errc::not_open:
      return "not open";
    case errc::already_open:
      return "already open or in use";
    case errc::cancelled:
      return "cancelled";
    case errc::end_of_stream:
      return "the peer finished the stream";
    case errc::stream_reset:
      return "the peer reset the stream";
    case errc::not_found:
      return "not found";
    case errc::permission_denied:
      return "permission denied";
    case errc::insecure_permissions:
      return "the file is readable by others";
    case errc::is_symlink:
      return "the file is a symbolic link";
    case errc::wrong_owner:
      return "the file belongs to another user";
    case errc::empty_file:
      return "the file is empty";
    case errc::io_failure:
      return "the system failed to do it";
  }
  return "unknown error";
}

const char* message_of(condition code) noexcept {
  switch (code) {
    case condition::retry_later:
      return "try again later";
    case condition::unreachable:
      return "unreachable";
    case condition::denied:
      return "denied";
    case condition::protocol_violation:
      return "protocol violation";
    case condition::closed:
      return "closed";
    case condition::misuse:
      return "wrong use";
  }
  return "unknown condition";
}

condition condition_of(errc code) noexcept {
  switch (code) {
    case errc::timed_out:
    case errc::connection_lost:
    case errc::stateless_reset:
    case errc::refused_busy:
    case errc::would_block:
    case errc::limit_reached:
    case errc::io_failure:
    case errc::wrong_shard:
      return condition::retry_later;
    case errc::unreachable:
    case errc::no_address:
    case errc::no_session:
      return condition::unreachable;
    case errc::wrong_node_id:
    case errc::no_common_alpn:
    case errc::bad_certificate:
    case errc::not_admitted:
    case errc::not_admitted_by_peer:
    case errc::incompatible_version:
    case errc::invite_unknown:
    case errc::invite_expired:
    case errc::invite_used:
    case errc::permission_denied:
    case errc::insecure_permissions:
    case errc::is_symlink:
    case errc::wrong_owner:
    case errc::empty_file:
      return condition::denied;
    case errc::tls_failure:
    case errc::protocol_error:
    case errc::truncated:
    case errc::malformed:
      return condition::protocol_violation;
    case errc::closed_by_peer:
    case errc::closed_locally:
    case errc::superseded:
    case errc::cancelled:
    case errc::end_of_stream:
    case errc::stream_reset:
      return condition::closed;
    case errc::to_self:
    case errc::too_large:
    case errc::unsupported:
    case errc::invalid_argument:
    case errc::not_open:
    case errc::already_open:
    case errc::not_found:
      return condition::misuse;
  }
  return condition::misuse;
}

// Boost's category is never destroyed through its base, so its destructor is not virtual; g++ warns
// all the same (Boost silences this around its own categories too).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class ErrorCategory final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "quicether"; }

  [[nodiscard]] std::string message(int value) const override {
    return message_of(static_cast<errc>(value));
  }

  [[nodiscard]] boost::system::error_condition default_error_condition(
      int value) const noexcept override {
    return make_error_condition(condition_of(static_cast<errc>(value)));
  }
};

class ConditionCategory final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "quicether.condition"; }

  [[nodiscard]] std::string message(int value) const override {
    return message_of(static_cast<condition>(value));
  }
};

#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const ErrorCategory category;
  return category;
}

const boost::system::error_category& condition_category() noexcept {
  static const ConditionCategory category;
  return category;
}

}  // namespace quicether
