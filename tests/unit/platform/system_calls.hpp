#ifndef QUICETHER_TESTS_UNIT_PLATFORM_SYSTEM_CALLS_HPP
#define QUICETHER_TESTS_UNIT_PLATFORM_SYSTEM_CALLS_HPP

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cerrno>
#include <functional>
#include <utility>

// This test program has its own sendmmsg(), read() and so on, which a test may bend. They come
// before those of the C library, so that the code under test meets errors that a healthy machine
// never gives.
namespace quicether::test {

struct SystemCalls {
  std::function<int(int, mmsghdr*, unsigned, int)> sendmmsg{};
  std::function<int(int, mmsghdr*, unsigned, int)> recvmmsg{};
  std::function<ssize_t(int, void*, size_t)> read{};
  std::function<ssize_t(int, const iovec*, int)> writev{};
  std::function<int(int, int, int)> socket{};
  std::function<int(int, int)> timerfd_create{};
};

/// What the calls do now; an empty function is the real thing.
inline SystemCalls system_calls;

/// The real calls, for functions that only count or fail sometimes.
[[nodiscard]] int real_sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags);
[[nodiscard]] int real_recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags);
[[nodiscard]] ssize_t real_read(int fd, void* buffer, size_t size);
[[nodiscard]] ssize_t real_writev(int fd, const iovec* pieces, int count);

/// Bends the system calls until the end of the scope.
class BentSystemCalls {
 public:
  explicit BentSystemCalls(SystemCalls calls) { system_calls = std::move(calls); }

  BentSystemCalls(const BentSystemCalls&) = delete;
  BentSystemCalls& operator=(const BentSystemCalls&) = delete;

  ~BentSystemCalls() { system_calls = {}; }
};

/// As a system call that fails.
[[nodiscard]] inline int fail_with(int error) {
  errno = error;
  return -1;
}

}  // namespace quicether::test

#endif  // QUICETHER_TESTS_UNIT_PLATFORM_SYSTEM_CALLS_HPP
