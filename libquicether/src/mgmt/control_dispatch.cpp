#include "mgmt/control_dispatch.hpp"

#include "mgmt/json_rpc.hpp"
#include "mgmt/netcheck_codec.hpp"
#include "mgmt/status_codec.hpp"

#include <quicether/version.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace quicether::mgmt {
namespace {

using boost::json::object;
using boost::json::value;
using MethodResult = boost::system::result<value, RpcError>;

RpcError invalid_params(std::string message) {
  return {RpcCode::invalid_params, std::move(message), {}};
}

boost::json::array to_list_of_texts(const std::vector<std::string>& texts) {
  return boost::json::array(texts.begin(), texts.end());
}

// A member of `params` that is a whole number, or `otherwise` when it is absent.
boost::system::result<std::size_t, RpcError> number_of(const object& params,
                                                       std::string_view name,
                                                       std::size_t otherwise) {
  const auto* member = params.if_contains(name);
  if (member == nullptr) {
    return otherwise;
  }
  boost::system::error_code wrong;
  const auto number = member->to_number<std::size_t>(wrong);
  if (wrong) {
    return invalid_params(fmt::format("\"{}\" must be a whole number", name));
  }
  return number;
}

// {"total": 1234, "<name>": [items from "offset", at most "limit"]}
template <typename Item>
MethodResult page_of(const std::vector<Item>& items, std::string_view name, const object& params) {
  const auto offset = number_of(params, "offset", 0);
  if (!offset) {
    return offset.error();
  }
  const auto limit = number_of(params, "limit", kPageMax);
  if (!limit) {
    return limit.error();
  }
  const auto begin = std::min(*offset, items.size());
  const auto count = std::min({*limit, kPageMax, items.size() - begin});
  return value{{"total", items.size()}, {name, to_list(std::span{items}.subspan(begin, count))}};
}

MethodResult node_status(ControlHandler& handler, const object&) {
  return to_value(handler.status());
}

MethodResult node_peers(ControlHandler& handler, const object& params) {
  return page_of(handler.peers(), "peers", params);
}

MethodResult node_routes(ControlHandler& handler, const object& params) {
  return page_of(handler.routes(), "routes", params);
}

MethodResult node_netcheck(ControlHandler& handler, const object&) {
  return to_value(handler.netcheck());
}

MethodResult node_reload(ControlHandler& handler, const object&) {
  const auto outcome = handler.reload();
  if (!outcome.errors.empty()) {
    return RpcError{RpcCode::reload_refused,
                    "the configuration is wrong; the old one stays in effect",
                    {{"errors", to_list_of_texts(outcome.errors)}}};
  }
  return value{{"applied", to_list_of_texts(outcome.applied)},
               {"needs_restart", to_list_of_texts(outcome.needs_restart)},
               {"warnings", to_list_of_texts(outcome.warnings)}};
}

MethodResult node_config(ControlHandler& handler, const object&) {
  boost::system::error_code wrong;
  auto config = boost::json::parse(handler.config(), wrong);
  if (wrong) {
    return RpcError{RpcCode::internal_error, "the daemon's configuration is no JSON", {}};
  }
  return config;
}

MethodResult node_stop(ControlHandler&, const object&) {
  return value{{"stopping", true}};
}

MethodResult rpc_version(ControlHandler& handler, const object& params);

struct Method {
  std::string_view name;
  MethodResult (*run)(ControlHandler&, const object&);
};

constexpr std::array kMethods{
    Method{"rpc.version", rpc_version},
    Method{"node.status", node_status},
    Method{"node.peers", node_peers},
    Method{"node.routes", node_routes},
    Method{"node.netcheck", node_netcheck},
    Method{"node.config", node_config},
    Method{"node.reload", node_reload},
    Method{"node.stop", node_stop},
};

MethodResult rpc_version(ControlHandler&, const object& params) {
  const auto wanted = number_of(params, "protocol", kControlProtocol);
  if (!wanted) {
    return wanted.error();
  }
  if (*wanted != kControlProtocol) {
    return RpcError{RpcCode::unsupported_protocol,
                    fmt::format("this daemon speaks version {} of the control protocol, not {}",
                                kControlProtocol,
                                *wanted),
                    {{"protocol", kControlProtocol}}};
  }
  boost::json::array methods;
  for (const auto& method : kMethods) {
    methods.emplace_back(method.name);
  }
  return value{
      {"protocol", kControlProtocol}, {"software", kVersion}, {"methods", std::move(methods)}};
}

}  // namespace

ControlAnswer answer_request(ControlHandler& handler, std::string_view line) {
  const auto request = decode_request(line);
  if (!request) {
    const auto rejection = request.error();
    return {encode_error(rejection.id, rejection.error), {}, false};
  }
  const auto method = std::find_if(kMethods.begin(), kMethods.end(), [&](const Method& candidate) {
    return candidate.name == request->method;
  });
  if (method == kMethods.end()) {
    const RpcError unknown{RpcCode::method_not_found, "no such method: " + request->method, {}};
    return {encode_error(request->id, unknown), request->method, false};
  }
  const auto result = method->run(handler, request->params);
  if (!result) {
    return {encode_error(request->id, result.error()), request->method, false};
  }
  return {encode_result(request->id, *result), request->method, method->run == node_stop};
}

}  // namespace quicether::mgmt
