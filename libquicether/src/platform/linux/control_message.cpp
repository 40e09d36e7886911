#include "platform/linux/control_message.hpp"

#include "platform/linux/native_address.hpp"

#include <quicether/base/narrow.hpp>

#include <netinet/udp.h>

#include <cstring>

namespace quicether::linux_platform {

namespace {

constexpr int kEcnMask = 0x3;

/// Appends control messages to a buffer.
class ControlWriter {
 public:
  explicit ControlWriter(ControlBuffer& buffer) noexcept : buffer_{buffer} {}

  template <typename Value>
  void add(int level, int type, const Value& value) noexcept {
    static_assert(CMSG_SPACE(sizeof(in6_pktinfo)) + 2 * CMSG_SPACE(sizeof(int)) <=
                  sizeof(ControlBuffer));
    QE_DASSERT(used_ + CMSG_SPACE(sizeof value) <= buffer_.bytes.size());
    cmsghdr header{};
    header.cmsg_level = level;
    header.cmsg_type = type;
    header.cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(buffer_.bytes.data() + used_, &header, sizeof header);
    std::memcpy(buffer_.bytes.data() + used_ + CMSG_LEN(0), &value, sizeof value);
    used_ += CMSG_SPACE(sizeof value);
  }

  [[nodiscard]] std::size_t used() const noexcept { return used_; }

 private:
  ControlBuffer& buffer_;
  std::size_t used_ = 0;
};

template <typename Value>
Value value_of(const cmsghdr& header) noexcept {
  Value value{};
  std::memcpy(&value, CMSG_DATA(&header), sizeof value);
  return value;
}

Ecn ecn_of(int traffic_class) noexcept {
  return static_cast<Ecn>(traffic_class & kEcnMask);
}

void read_one(const cmsghdr& header, IncomingControl& control) noexcept {
  const int type = header.cmsg_type;
  if (header.cmsg_level == IPPROTO_IP && type == IP_PKTINFO) {
    control.local = read_native(value_of<in_pktinfo>(header).ipi_spec_dst);
  } else if (header.cmsg_level == IPPROTO_IPV6 && type == IPV6_PKTINFO) {
    control.local = read_native(value_of<in6_pktinfo>(header).ipi6_addr);
  } else if (header.cmsg_level == IPPROTO_IP && type == IP_TOS) {
    control.ecn = ecn_of(value_of<std::uint8_t>(header));
  } else if (header.cmsg_level == IPPROTO_IPV6 && type == IPV6_TCLASS) {
    control.ecn = ecn_of(value_of<int>(header));
  } else if (header.cmsg_level == IPPROTO_UDP && type == UDP_GRO) {
    control.segment_bytes = static_cast<std::size_t>(value_of<int>(header));
  }
}

}  // namespace

void write_control(const OutgoingControl& control,
                   sa_family_t family,
                   ControlBuffer& buffer,
                   msghdr& message) noexcept {
  ControlWriter writer{buffer};
  if (!control.local.is_unspecified()) {
    if (family == AF_INET) {
      in_pktinfo info{};
      info.ipi_spec_dst = native_v4(control.local);
      info.ipi_ifindex = static_cast<int>(control.interface);
      writer.add(IPPROTO_IP, IP_PKTINFO, info);
    } else {
      in6_pktinfo info{};
      info.ipi6_addr = native_v6(control.local);
      info.ipi6_ifindex = control.interface;
      writer.add(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
  }
  if (control.ecn != Ecn::not_ect) {
    const int traffic_class = static_cast<int>(control.ecn);
    if (control.remote_is_v4) {
      writer.add(IPPROTO_IP, IP_TOS, traffic_class);
    } else {
      writer.add(IPPROTO_IPV6, IPV6_TCLASS, traffic_class);
    }
  }
  if (control.segment_bytes != 0) {
    writer.add(IPPROTO_UDP, UDP_SEGMENT, narrow<std::uint16_t>(control.segment_bytes));
  }
  message.msg_control = writer.used() == 0 ? nullptr : buffer.bytes.data();
  message.msg_controllen = writer.used();
}

IncomingControl read_control(msghdr& message) noexcept {
  IncomingControl control;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    read_one(*header, control);
  }
  return control;
}

}  // namespace quicether::linux_platform
