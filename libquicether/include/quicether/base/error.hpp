#ifndef QUICETHER_BASE_ERROR_HPP
#define QUICETHER_BASE_ERROR_HPP

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>
#include <boost/system/result.hpp>

#include <type_traits>

namespace quicether {

using error_code = boost::system::error_code;

template <typename T>
using result = boost::system::result<T>;

/// What happened. Each enumerator names the `condition` it maps to.
enum class errc {
  // Transport
  timed_out = 1,         ///< no answer in time (retry_later)
  connection_lost,       ///< an established session fell silent (retry_later)
  stateless_reset,       ///< the peer no longer knows the session (retry_later)
  closed_by_peer,        ///< the peer closed without an error (closed)
  closed_locally,        ///< closed by this side (closed)
  wrong_node_id,         ///< the peer's key is not the expected one (denied)
  no_common_alpn,        ///< the peer does not speak this protocol (denied)
  bad_certificate,       ///< certificate missing, malformed, expired or not Ed25519 (denied)
  not_admitted,          ///< this side does not admit the peer (denied)
  not_admitted_by_peer,  ///< the peer does not admit this side (denied)
  tls_failure,           ///< any other TLS alert (protocol_violation)
  incompatible_version,  ///< no common QUIC or control protocol version (denied)
  protocol_error,        ///< the peer broke the protocol (protocol_violation)
  refused_busy,          ///< a limit on sessions or handshakes was reached (retry_later)
  superseded,            ///< another session to the same peer replaced it (closed)
  unreachable,           ///< the network has no route to the address (unreachable)
  no_address,            ///< no address is known for the peer (unreachable)
  no_session,            ///< there is no session to the peer (unreachable)
  to_self,               ///< the address leads back to this node (misuse)
  wrong_shard,           ///< another shard of the node has this peer's sessions (retry_later)
  invite_unknown,        ///< the inviter does not know the invite (denied)
  invite_expired,        ///< the invite has expired (denied)
  invite_used,           ///< the invite has been used by another node (denied)
  // Data
  would_block,    ///< try again when writable (retry_later)
  too_large,      ///< larger than the path or a limit allows (misuse)
  limit_reached,  ///< a bound in `Limits` was reached (retry_later)
  truncated,      ///< input ends too early (protocol_violation)
  malformed,      ///< input has the wrong form (protocol_violation)
  unsupported,    ///< known, but not available here (misuse)
  // Operations
  invalid_argument,  ///< the caller passed an impossible value (misuse)
  not_open,          ///< the object is not open (misuse)
  already_open,      ///< the object is open already, or the name is in use (misuse)
  cancelled,         ///< the operation was cancelled (closed)
  end_of_stream,     ///< the peer finished the stream (closed)
  stream_reset,      ///< the peer reset the stream (closed)
  // State files and system
  not_found,             ///< no such file, key or entry (misuse)
  permission_denied,     ///< the system refused (denied)
  insecure_permissions,  ///< a secret file is readable by others (denied)
  is_symlink,            ///< a secret file is a symbolic link (denied)
  wrong_owner,           ///< a secret file belongs to another user (denied)
  empty_file,            ///< a secret file has no content (denied)
  io_failure,            ///< any other failure of the system (retry_later)
};

/// What the caller may do about it.
enum class condition {
  retry_later = 1,
  unreachable,
  denied,
  protocol_violation,
  closed,
  misuse,
};

/// Category of `errc`. Messages are one lower-case clause without a full stop.
[[nodiscard]] const boost::system::error_category& error_category() noexcept;

/// Category of `condition`.
[[nodiscard]] const boost::system::error_category& condition_category() noexcept;

[[nodiscard]] inline error_code make_error_code(errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

[[nodiscard]] inline boost::system::error_condition make_error_condition(condition code) noexcept {
  return {static_cast<int>(code), condition_category()};
}

}  // namespace quicether

template <>
struct boost::system::is_error_code_enum<quicether::errc> : std::true_type {};

template <>
struct boost::system::is_error_condition_enum<quicether::condition> : std::true_type {};

#endif  // QUICETHER_BASE_ERROR_HPP
