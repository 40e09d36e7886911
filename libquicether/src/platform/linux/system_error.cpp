#include "platform/linux/system_error.hpp"

#include <cerrno>
#include <system_error>

namespace quicether::linux_platform {

errc errc_from_errno(int value) noexcept {
  switch (value) {
    case EPERM:
    case EACCES:
      return errc::permission_denied;
    case EADDRINUSE:
    case EBUSY:
    case EEXIST:
      return errc::already_open;
    case EADDRNOTAVAIL:
    case EINVAL:
    case ENODEV:
      return errc::invalid_argument;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
      return errc::unreachable;
    case EAFNOSUPPORT:
    case EOPNOTSUPP:
      return errc::unsupported;
    default:
      return errc::io_failure;
  }
}

std::string errno_text(int value) {
  return std::system_category().message(value);
}

}  // namespace quicether::linux_platform
