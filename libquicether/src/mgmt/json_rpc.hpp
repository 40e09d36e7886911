#ifndef QUICETHER_SRC_MGMT_JSON_RPC_HPP
#define QUICETHER_SRC_MGMT_JSON_RPC_HPP

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// JSON-RPC 2.0 as the control socket speaks it: one object per line, every request has an id,
/// no batches. See docs/spec/control-socket.md.
namespace quicether::mgmt {

/// Error codes: the first five are JSON-RPC's own.
enum class RpcCode : int {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  unsupported_protocol = -32001,
  reload_refused = -32002,
  not_permitted = -32003,
  too_many_connections = -32004,
  message_too_large = -32005,
  declined = -32006,
};

struct RpcRequest {
  boost::json::value id{};  ///< an integer or a text of at most 128 bytes
  std::string method{};
  boost::json::object params{};
};

struct RpcError {
  RpcCode code = RpcCode::internal_error;
  std::string message{};
  boost::json::value data{};  ///< null: none
};

/// A line that is no request, and the id to answer with: null unless it could be read.
struct RpcRejection {
  boost::json::value id{};
  RpcError error{};
};

/// Decodes one line. Any bytes; nesting above 8 levels is refused.
[[nodiscard]] boost::system::result<RpcRequest, RpcRejection> decode_request(std::string_view line);

/// The answer to a request, with its line end.
[[nodiscard]] std::string encode_result(const boost::json::value& id,
                                        const boost::json::value& result);

[[nodiscard]] std::string encode_error(const boost::json::value& id, const RpcError& error);

/// A request, with its line end.
[[nodiscard]] std::string encode_request(std::int64_t id,
                                         std::string_view method,
                                         const boost::json::object& params);

/// Decodes the answer to a request.
///
/// **Errors:** what the answer says, or `internal_error` for what is no answer to this id.
[[nodiscard]] boost::system::result<boost::json::value, RpcError> decode_answer(
    std::string_view line, std::int64_t id);

}  // namespace quicether::mgmt

#endif  // QUICETHER_SRC_MGMT_JSON_RPC_HPP
