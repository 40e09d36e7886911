#include "mgmt/json_rpc.hpp"

#include "mgmt/json_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/string.hpp>

#include <utility>

namespace quicether::mgmt {
namespace {

constexpr std::string_view kVersion = "2.0";
constexpr std::size_t kIdBytesMax = 128;
constexpr std::size_t kMethodBytesMax = 128;
constexpr std::size_t kNestingMax = 8;
constexpr std::size_t kAnswerNestingMax = 16;

boost::json::value parse(std::string_view line,
                         std::size_t nesting,
                         boost::system::error_code& wrong) {
  boost::json::parse_options options;
  options.max_depth = nesting;
  return boost::json::parse(line, wrong, {}, options);
}

RpcRejection reject(boost::json::value id, RpcCode code, std::string message) {
  return {std::move(id), {code, std::move(message), {}}};
}

bool is_id(const boost::json::value& id) noexcept {
  return id.is_int64() || id.is_uint64() ||
         (id.is_string() && id.get_string().size() <= kIdBytesMax);
}

bool has_version(const boost::json::object& object) noexcept {
  const auto* version = object.if_contains("jsonrpc");
  return version != nullptr && version->is_string() && version->get_string() == kVersion;
}

}  // namespace

boost::system::result<RpcRequest, RpcRejection> decode_request(std::string_view line) {
  boost::system::error_code wrong;
  auto value = parse(line, kNestingMax, wrong);
  if (wrong) {
    return reject({}, RpcCode::parse_error, "not JSON: " + wrong.message());
  }
  auto* object = value.if_object();
  if (object == nullptr) {
    return reject({}, RpcCode::invalid_request, "expected one object; batches are not taken");
  }
  auto* id = object->if_contains("id");
  if (id == nullptr || !is_id(*id)) {
    return reject({}, RpcCode::invalid_request, "\"id\" must be an integer or a short text");
  }
  if (!has_version(*object)) {
    return reject(*id, RpcCode::invalid_request, "\"jsonrpc\" must be \"2.0\"");
  }
  const auto* method = object->if_contains("method");
  if (method == nullptr || !method->is_string() || method->get_string().size() > kMethodBytesMax) {
    return reject(*id, RpcCode::invalid_request, "\"method\" must be a short text");
  }
  RpcRequest request{*id, std::string{std::string_view{method->get_string()}}, {}};
  if (auto* params = object->if_contains("params")) {
    if (!params->is_object()) {
      return reject(*id, RpcCode::invalid_params, "\"params\" must be an object");
    }
    request.params = std::move(params->get_object());
  }
  return request;
}

std::string encode_result(const boost::json::value& id, const boost::json::value& result) {
  return json_text({{"jsonrpc", kVersion}, {"id", id}, {"result", result}}) + '\n';
}

std::string encode_error(const boost::json::value& id, const RpcError& error) {
  boost::json::object body{{"code", static_cast<int>(error.code)}, {"message", error.message}};
  if (!error.data.is_null()) {
    body["data"] = error.data;
  }
  return json_text({{"jsonrpc", kVersion}, {"id", id}, {"error", std::move(body)}}) + '\n';
}

std::string encode_request(std::int64_t id,
                           std::string_view method,
                           const boost::json::object& params) {
  return json_text({{"jsonrpc", kVersion}, {"id", id}, {"method", method}, {"params", params}}) +
         '\n';
}

boost::system::result<boost::json::value, RpcError> decode_answer(std::string_view line,
                                                                  std::int64_t id) {
  boost::system::error_code wrong;
  auto value = parse(line, kAnswerNestingMax, wrong);
  auto* object = wrong ? nullptr : value.if_object();
  if (object == nullptr || !has_version(*object)) {
    return RpcError{RpcCode::internal_error, "the answer is no JSON-RPC 2.0", {}};
  }
  if (const auto* failure = object->if_contains("error")) {
    const auto* body = failure->if_object();
    const auto* code = body == nullptr ? nullptr : body->if_contains("code");
    const auto* message = body == nullptr ? nullptr : body->if_contains("message");
    if (code == nullptr || !code->is_int64() || message == nullptr || !message->is_string()) {
      return RpcError{RpcCode::internal_error, "the answer has a malformed error", {}};
    }
    const auto* data = body->if_contains("data");
    return RpcError{static_cast<RpcCode>(code->get_int64()),
                    std::string{std::string_view{message->get_string()}},
                    data == nullptr ? boost::json::value{} : *data};
  }
  const auto* answered = object->if_contains("id");
  auto* result = object->if_contains("result");
  if (answered == nullptr || *answered != id || result == nullptr) {
    return RpcError{RpcCode::internal_error, "the answer belongs to another request", {}};
  }
  return std::move(*result);
}

}  // namespace quicether::mgmt
