#include "mgmt/control_dispatch.hpp"

#include "mgmt/discover_codec.hpp"
#include "mgmt/json_rpc.hpp"
#include "mgmt/netcheck_codec.hpp"
#include "mgmt/status_codec.hpp"

#include <quicether/version.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
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

using MethodHandler = std::function<void(const MethodResult&)>;

boost::system::result<std::string, RpcError> text_of(const object& params, std::string_view name) {
  const auto* member = params.if_contains(name);
  const auto* text = member == nullptr ? nullptr : member->if_string();
  if (text == nullptr) {
    return invalid_params(fmt::format("\"{}\" must be a text", name));
  }
  return std::string{std::string_view{*text}};
}

boost::system::result<Duration, RpcError> milliseconds_of(const object& params,
                                                          std::string_view name,
                                                          std::size_t otherwise) {
  constexpr std::size_t kLongest = std::size_t{366} * 86'400 * 1000;
  const auto count = number_of(params, name, otherwise);
  if (!count) {
    return count.error();
  }
  if (*count == 0 || *count > kLongest) {
    return invalid_params(fmt::format("\"{}\" must be from 1 to {}", name, kLongest));
  }
  return Duration{std::chrono::milliseconds{*count}};
}

RpcError declined(const Refusal& refusal) {
  return {RpcCode::declined, refusal.message, {}};
}

MethodResult named(const Answer<std::string>& name) {
  return name ? MethodResult{value{{"name", *name}}} : declined(name.error());
}

MethodResult network_create(ControlHandler& handler, const object& params) {
  const auto name = text_of(params, "name");
  return name ? named(handler.create_network(*name)) : MethodResult{name.error()};
}

void network_join(ControlHandler& handler, const object& params, MethodHandler done) {
  const auto invite = text_of(params, "invite");
  if (!invite) {
    done(invite.error());
    return;
  }
  handler.join_network(
      *invite, [done = std::move(done)](const Answer<std::string>& name) { done(named(name)); });
}

MethodResult network_leave(ControlHandler& handler, const object&) {
  return named(handler.leave_network());
}

MethodResult network_show(ControlHandler& handler, const object&) {
  const auto network = handler.network();
  return value{{"network", network ? to_value(*network) : value{}}};
}

MethodResult invite_create(ControlHandler& handler, const object& params) {
  constexpr std::size_t kDay = std::size_t{86'400} * 1000;
  const auto* once = params.if_contains("once");
  const auto lifetime = milliseconds_of(params, "lifetime_ms", kDay);
  if (!lifetime) {
    return lifetime.error();
  }
  if (once != nullptr && !once->is_bool()) {
    return invalid_params("\"once\" must be true or false");
  }
  const auto invite = handler.create_invite(once != nullptr && once->get_bool(), *lifetime);
  if (!invite) {
    return declined(invite.error());
  }
  return value{{"invite", invite->text}, {"once", invite->once}, {"expires", invite->expires}};
}

MethodResult node_resolve(ControlHandler& handler, const object& params) {
  const auto name = text_of(params, "name");
  return name ? MethodResult{to_value(handler.resolve(*name))} : MethodResult{name.error()};
}

void node_ping(ControlHandler& handler, const object& params, MethodHandler done) {
  constexpr std::size_t kTwoSeconds = 2000;
  const auto name = text_of(params, "name");
  const auto timeout = milliseconds_of(params, "timeout_ms", kTwoSeconds);
  if (!name || !timeout) {
    done(name ? timeout.error() : name.error());
    return;
  }
  handler.ping(*name, *timeout, [done = std::move(done)](const Answer<PingAnswer>& answer) {
    done(answer ? MethodResult{value{{"node", to_value(answer->node)},
                                     {"reply", to_value(answer->reply)}}}
                : declined(answer.error()));
  });
}

void discover_node(ControlHandler& handler, const object& params, MethodHandler done) {
  const auto name = text_of(params, "name");
  if (!name) {
    done(name.error());
    return;
  }
  handler.discover_node(*name,
                        [done = std::move(done)](const Answer<std::optional<FoundNode>>& found) {
                          if (!found) {
                            done(declined(found.error()));
                          } else {
                            done(value{{"node", *found ? to_value(**found) : value{}}});
                          }
                        });
}

void discover_subnet(ControlHandler& handler, const object& params, MethodHandler done) {
  const auto text = text_of(params, "subnet");
  const auto subnet = text ? Prefix::parse(*text) : result<Prefix>{errc::malformed};
  if (!subnet) {
    done(text ? invalid_params("\"subnet\" must be a CIDR block") : text.error());
    return;
  }
  handler.discover_subnet(*subnet, [done = std::move(done)](const Answer<FoundSubnet>& found) {
    done(found ? MethodResult{to_value(*found)} : declined(found.error()));
  });
}

MethodResult rpc_version(ControlHandler& handler, const object& params);

struct Method {
  std::string_view name;
  MethodResult (*run)(ControlHandler&, const object&);
  void (*start)(ControlHandler&, const object&, MethodHandler) = nullptr;  ///< instead of `run`
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
    Method{"network.create", network_create},
    Method{"network.join", nullptr, network_join},
    Method{"network.leave", network_leave},
    Method{"network.show", network_show},
    Method{"invite.create", invite_create},
    Method{"node.resolve", node_resolve},
    Method{"node.ping", nullptr, node_ping},
    Method{"discover.node", nullptr, discover_node},
    Method{"discover.subnet", nullptr, discover_subnet},
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

void answer_request(ControlHandler& handler,
                    std::string_view line,
                    std::function<void(ControlAnswer)> done) {
  const auto request = decode_request(line);
  if (!request) {
    const auto rejection = request.error();
    done({encode_error(rejection.id, rejection.error), {}, false});
    return;
  }
  const auto method = std::find_if(kMethods.begin(), kMethods.end(), [&](const Method& candidate) {
    return candidate.name == request->method;
  });
  if (method == kMethods.end()) {
    const RpcError unknown{RpcCode::method_not_found, "no such method: " + request->method, {}};
    done({encode_error(request->id, unknown), request->method, false});
    return;
  }
  const bool stop = method->run == node_stop;
  auto answer = [id = request->id, name = request->method, stop, done = std::move(done)](
                    const MethodResult& result) {
    done({result ? encode_result(id, *result) : encode_error(id, result.error()),
          name,
          stop && result.has_value()});
  };
  if (method->start != nullptr) {
    method->start(handler, request->params, std::move(answer));
  } else {
    answer(method->run(handler, request->params));
  }
}

}  // namespace quicether::mgmt
