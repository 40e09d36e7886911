#include "unit/platform/system_calls.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>

namespace quicether::test {

int real_sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return static_cast<int>(::syscall(SYS_sendmmsg, fd, messages, count, flags));
}

int real_recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return static_cast<int>(::syscall(SYS_recvmmsg, fd, messages, count, flags, nullptr));
}

ssize_t real_read(int fd, void* buffer, size_t size) {
  return ::syscall(SYS_read, fd, buffer, size);
}

ssize_t real_writev(int fd, const iovec* pieces, int count) {
  return ::syscall(SYS_writev, fd, pieces, count);
}

}  // namespace quicether::test

// The system's declarations are noexcept or not, as the header pleases.
extern "C" {

using quicether::test::system_calls;

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return system_calls.sendmmsg ? system_calls.sendmmsg(fd, messages, count, flags)
                               : quicether::test::real_sendmmsg(fd, messages, count, flags);
}

int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* /*timeout*/) {
  return system_calls.recvmmsg ? system_calls.recvmmsg(fd, messages, count, flags)
                               : quicether::test::real_recvmmsg(fd, messages, count, flags);
}

ssize_t read(int fd, void* buffer, size_t size) {
  return system_calls.read ? system_calls.read(fd, buffer, size)
                           : quicether::test::real_read(fd, buffer, size);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  return system_calls.writev ? system_calls.writev(fd, pieces, count)
                             : quicether::test::real_writev(fd, pieces, count);
}

int socket(int family, int type, int protocol) noexcept {
  return system_calls.socket ? system_calls.socket(family, type, protocol)
                             : static_cast<int>(::syscall(SYS_socket, family, type, protocol));
}

int timerfd_create(int clock, int flags) noexcept {
  return system_calls.timerfd_create
             ? system_calls.timerfd_create(clock, flags)
             : static_cast<int>(::syscall(SYS_timerfd_create, clock, flags));
}

}  // extern "C"

namespace quicether::test {

TEST_CASE("system_calls: what a test bends is bent for that test only", "[platform]") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  char byte = 'x';
  const iovec piece{.iov_base = &byte, .iov_len = 1};
  {
    const BentSystemCalls bent{
        {.writev = [](int, const iovec*, int) -> ssize_t { return fail_with(EINTR); }}};
    CHECK(::writev(pipe[1], &piece, 1) == -1);
    CHECK(errno == EINTR);
  }

  CHECK(::writev(pipe[1], &piece, 1) == 1);
  CHECK(::read(pipe[0], &byte, 1) == 1);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

}  // namespace quicether::test
