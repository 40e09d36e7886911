#include "mgmt/monitoring_page.hpp"

#include "mgmt/health.hpp"
#include "mgmt/metrics_text.hpp"

#include <quicether/base/address.hpp>

#include <algorithm>
#include <utility>

namespace quicether::mgmt {
namespace {

constexpr std::string_view kJson = "application/json";
// https://prometheus.io/docs/instrumenting/exposition_formats/
constexpr std::string_view kPrometheus = "text/plain; version=0.0.4; charset=utf-8";

bool is_localhost(std::string_view name) noexcept {
  constexpr std::string_view kLocalhost = "localhost";
  return std::ranges::equal(name, kLocalhost, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
  });
}

bool is_port(std::string_view text) noexcept {
  return text.size() <= 5 &&
         std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; });
}

Page text_page(unsigned status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

Page health_page(StatusSource& source, UnixSeconds now) {
  const auto health = judge_health(source.status(), source.peers());
  return {.status = health.state == HealthState::unhealthy ? 503U : 200U,
          .content_type = kJson,
          .body = health_json(health, now) + '\n'};
}

Page ready_page(StatusSource& source) {
  return source.status().listen.empty() ? text_page(503, "NOT_READY\n") : text_page(200, "READY\n");
}

}  // namespace

// RFC 3986 section 3.2.2: an IPv6 address has brackets.
bool is_loopback_host(std::string_view host) noexcept {
  const bool bracket = host.starts_with('[');
  const auto end = bracket ? host.find(']') : host.find(':');
  if (bracket && end == std::string_view::npos) {
    return false;
  }
  auto name = host.substr(0, end);
  auto rest = end == std::string_view::npos ? std::string_view{} : host.substr(end);
  if (bracket) {
    name.remove_prefix(1);
    rest.remove_prefix(1);
  }
  if (!rest.empty() && (!rest.starts_with(':') || !is_port(rest.substr(1)))) {
    return false;
  }
  const auto address = IpAddress::parse(name);
  return address ? address->is_loopback() && address->is_v6() == bracket
                 : !bracket && is_localhost(name);
}

Page answer_page(const PageRequest& request, PageSet pages, StatusSource& source, UnixSeconds now) {
  if (request.hosts.size() != 1) {
    return text_page(400, "a request needs one Host field\n");
  }
  if (!is_loopback_host(request.hosts.front())) {
    return text_page(403,
                     "only requests for this machine itself are answered: ask for localhost, "
                     "127.0.0.1 or [::1]\n");
  }
  if (!request.get) {
    return text_page(405, "only GET\n");
  }
  const auto path = request.target.substr(0, request.target.find('?'));
  if (pages.metrics && path == "/metrics") {
    return {.content_type = kPrometheus, .body = metrics_text(source.status(), source.peers())};
  }
  if (pages.health && path == "/health") {
    return health_page(source, now);
  }
  if (pages.health && path == "/ready") {
    return ready_page(source);
  }
  return text_page(404,
                   pages.metrics && pages.health ? "here are /metrics, /health and /ready\n"
                   : pages.metrics               ? "here is /metrics\n"
                                                 : "here are /health and /ready\n");
}

}  // namespace quicether::mgmt
