#include "platform/linux/system_error.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cerrno>

namespace quicether::linux_platform {

TEST_CASE("system_error: errno values become what a caller can act on", "[platform]") {
  const auto [value, code] = GENERATE(table<int, errc>({{EPERM, errc::permission_denied},
                                                        {EACCES, errc::permission_denied},
                                                        {EADDRINUSE, errc::already_open},
                                                        {EBUSY, errc::already_open},
                                                        {EADDRNOTAVAIL, errc::invalid_argument},
                                                        {ENODEV, errc::invalid_argument},
                                                        {ENETUNREACH, errc::unreachable},
                                                        {EHOSTUNREACH, errc::unreachable},
                                                        {EAFNOSUPPORT, errc::unsupported},
                                                        {EMFILE, errc::io_failure},
                                                        {ENOMEM, errc::io_failure}}));
  CHECK(errc_from_errno(value) == code);
  CHECK_FALSE(errno_text(value).empty());
}

}  // namespace quicether::linux_platform
