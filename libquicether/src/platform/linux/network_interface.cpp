#include "platform/linux/network_interface.hpp"

#include "platform/linux/system_error.hpp"

#include <fmt/format.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cerrno>
#include <new>
#include <utility>

namespace quicether::linux_platform {

namespace {

std::uint8_t family_of(const IpAddress& address) noexcept {
  return address.is_v4() ? AF_INET : AF_INET6;
}

errc errc_from_netlink(int code) noexcept {
  switch (-code) {
    case NLE_PERM:
      return errc::permission_denied;
    case NLE_EXIST:
      return errc::already_open;
    case NLE_NOACCESS:  // EACCES: IPv6 is switched off for the interface
    case NLE_AF_NOSUPPORT:
    case NLE_OPNOTSUPP:
      return errc::unsupported;
    case NLE_INVAL:
    case NLE_RANGE:
      return errc::invalid_argument;
    default:
      return errc::io_failure;
  }
}

std::string reason_of(int code) {
  return code == -NLE_NOACCESS ? "IPv6 is switched off (net.ipv6.conf.*.disable_ipv6)"
                               : ::nl_geterror(code);
}

}  // namespace

/// One rtnetlink message under construction. Memory is all that can fail; sending reports it.
class NetworkInterface::Request {
 public:
  template <typename Header>
  Request(int type, int flags, Header header) noexcept
      : message_{::nlmsg_alloc_simple(type, flags)} {
    check(message_ == nullptr ? -NLE_NOMEM
                              : ::nlmsg_append(message_, &header, sizeof header, NLMSG_ALIGNTO));
  }

  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  ~Request() { ::nlmsg_free(message_); }

  void add(int attribute, std::uint32_t value) noexcept {
    add(attribute, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  }

  void add(int attribute, ConstBytes value) noexcept {
    if (error_ == 0) {
      check(::nla_put(message_, attribute, static_cast<int>(value.size()), value.data()));
    }
  }

  /// Opens a nested attribute, to be closed by end().
  [[nodiscard]] nlattr* begin(int attribute) noexcept {
    nlattr* nested = error_ == 0 ? ::nla_nest_start(message_, attribute) : nullptr;
    check(nested == nullptr ? -NLE_NOMEM : 0);
    return nested;
  }

  void end(nlattr* nested) noexcept {
    if (error_ == 0) {
      ::nla_nest_end(message_, nested);
    }
  }

  /// Sends the message, waits for the answer; 0 or libnl's negative code.
  [[nodiscard]] int exchange(nl_sock* socket) noexcept {
    return error_ != 0 ? error_ : ::nl_send_sync(socket, std::exchange(message_, nullptr));
  }

 private:
  void check(int code) noexcept { error_ = code < 0 ? code : error_; }

  nl_msg* message_;
  int error_ = 0;
};

void NetworkInterface::CloseSocket::operator()(nl_sock* socket) const noexcept {
  ::nl_socket_free(socket);
}

NetworkInterface::NetworkInterface(std::string name,
                                   int index,
                                   std::unique_ptr<nl_sock, CloseSocket> socket,
                                   EventSink& events) noexcept
    : name_{std::move(name)}, index_{index}, socket_{std::move(socket)}, events_{&events} {}

result<NetworkInterface> NetworkInterface::open(const std::string& name, EventSink& events) {
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) {
    return errc_from_errno(errno);
  }
  std::unique_ptr<nl_sock, CloseSocket> socket{::nl_socket_alloc()};
  if (socket == nullptr) {
    return errc::io_failure;
  }
  if (const int code = ::nl_connect(socket.get(), NETLINK_ROUTE); code < 0) {
    return errc_from_netlink(code);
  }
  return NetworkInterface{name, static_cast<int>(index), std::move(socket), events};
}

result<void> NetworkInterface::prepare(std::uint32_t segments_max) {
  ifinfomsg header{};
  header.ifi_index = index_;
  Request limits{RTM_NEWLINK, 0, header};
  limits.add(IFLA_GSO_MAX_SEGS, segments_max);
  if (auto done = finish("segment limit", limits.exchange(socket_.get())); done.has_error()) {
    return done;
  }
  Request autoconfiguration{RTM_NEWLINK, 0, header};
  nlattr* families = autoconfiguration.begin(IFLA_AF_SPEC);
  nlattr* ipv6 = autoconfiguration.begin(AF_INET6);
  const std::uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
  autoconfiguration.add(IFLA_INET6_ADDR_GEN_MODE, {&mode, 1});
  autoconfiguration.end(ipv6);
  autoconfiguration.end(families);
  const int code = autoconfiguration.exchange(socket_.get());
  // A kernel without IPv6 makes no link-local addresses either.
  return code == -NLE_AF_NOSUPPORT ? result<void>{} : finish("address generation", code);
}

result<void> NetworkInterface::set_mtu(std::uint32_t mtu) {
  ifinfomsg header{};
  header.ifi_index = index_;
  Request request{RTM_NEWLINK, 0, header};
  request.add(IFLA_MTU, mtu);
  return finish(fmt::format("mtu {}", mtu), request.exchange(socket_.get()));
}

result<void> NetworkInterface::add_address(const InterfaceAddress& address) {
  ifaddrmsg header{};
  header.ifa_family = family_of(address.address);
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix_length);
  header.ifa_index = static_cast<std::uint32_t>(index_);
  Request request{RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header};
  request.add(IFA_LOCAL, address.address.bytes());
  request.add(IFA_ADDRESS, address.address.bytes());
  request.add(IFA_FLAGS, IFA_F_NODAD);
  auto done = finish("address " + address.to_string(), request.exchange(socket_.get()));
  if (done.has_value()) {
    routes_.insert(address.network());
  }
  return done;
}

result<void> NetworkInterface::bring_up() {
  ifinfomsg header{};
  header.ifi_index = index_;
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  Request request{RTM_NEWLINK, 0, header};
  return finish("up", request.exchange(socket_.get()));
}

result<void> NetworkInterface::add_route(const Prefix& destination) {
  // Without NLM_F_EXCL the kernel would put this route behind another one of the same metric, where
  // nobody would see that it does nothing.
  const int code = exchange_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, destination);
  if (code == -NLE_EXIST && routes_.contains(destination)) {
    return {};
  }
  auto done = finish("route " + destination.to_string(), code);
  if (done.has_value()) {
    routes_.insert(destination);
  }
  return done;
}

result<void> NetworkInterface::remove_route(const Prefix& destination) {
  const int code = exchange_route(RTM_DELROUTE, 0, destination);
  if (code == -NLE_OBJ_NOTFOUND) {
    return {};
  }
  auto done = finish("no route " + destination.to_string(), code);
  if (done.has_value()) {
    routes_.erase(destination);
  }
  return done;
}

int NetworkInterface::exchange_route(int type, int flags, const Prefix& destination) noexcept {
  rtmsg header{};
  header.rtm_family = family_of(destination.address());
  header.rtm_dst_len = static_cast<std::uint8_t>(destination.length());
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = destination.address().is_v4() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  Request request{type, flags, header};
  request.add(RTA_DST, destination.address().bytes());
  request.add(RTA_OIF, static_cast<std::uint32_t>(index_));
  return request.exchange(socket_.get());
}

result<void> NetworkInterface::finish(std::string_view what, int code) {
  if (code >= 0) {
    return {};
  }
  events_->on_event(
      {.target = "tun.refused",
       .severity = Severity::error,
       .fields = {
           {"interface", name_}, {"request", std::string{what}}, {"reason", reason_of(code)}}});
  return errc_from_netlink(code);
}

}  // namespace quicether::linux_platform
