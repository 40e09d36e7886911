#include "platform/linux/state_lock.hpp"

#include "faulty_file_ops.hpp"
#include "scratch_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

namespace {

using namespace quicether;
using linux_platform::state_lock_holder;
using linux_platform::state_lock_message;
using linux_platform::StateLock;
using linux_platform::system_file_ops;
using test::FaultyFileOps;
using test::ScratchDirectory;

result<StateLock> acquire(const std::string& directory) {
  return StateLock::acquire(system_file_ops(), directory);
}

}  // namespace

TEST_CASE("state_lock: a second holder is refused and told who the first is",
          "[platform][state_lock]") {
  const ScratchDirectory directory;
  const auto first = acquire(directory.path());
  REQUIRE(first.has_value());

  const auto second = acquire(directory.path());

  CHECK(second.error() == errc::already_open);
  CHECK(state_lock_holder(system_file_ops(), directory.path()).value() == ::getpid());
  CHECK(state_lock_message(system_file_ops(), directory.path()) ==
        "the state directory " + directory.path() + " is in use by process " +
            std::to_string(::getpid()));
}

TEST_CASE("state_lock: is free again when its holder is destroyed, not when it moves",
          "[platform][state_lock]") {
  const ScratchDirectory directory;
  {
    auto first = acquire(directory.path());
    const StateLock moved = *std::move(first);
    CHECK(acquire(directory.path()).error() == errc::already_open);
  }

  CHECK(acquire(directory.path()).has_value());
}

TEST_CASE("state_lock: is free again when its process was killed", "[platform][state_lock]") {
  const ScratchDirectory directory;
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = acquire(directory.path());
    const char held = lock ? '1' : '0';
    (void)!::write(pipe[1], &held, 1);
    ::pause();
    ::_exit(0);
  }
  char held = '0';
  REQUIRE(::read(pipe[0], &held, 1) == 1);
  REQUIRE(held == '1');

  CHECK(acquire(directory.path()).error() == errc::already_open);
  CHECK(state_lock_holder(system_file_ops(), directory.path()).value() == child);
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK(acquire(directory.path()).has_value());
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("state_lock: makes the directory and those above it for the owner alone",
          "[platform][state_lock]") {
  const ScratchDirectory directory;
  const mode_t old_mask = ::umask(0);

  const auto lock = acquire(directory.path("one/two//three/"));
  ::umask(old_mask);

  REQUIRE(lock.has_value());
  for (const char* made : {"one", "one/two", "one/two/three"}) {
    CHECK(test::permissions_of(directory.path(made)) == 0700);
  }
  CHECK(test::permissions_of(directory.path("one/two/three/lock")) == 0600);
}

TEST_CASE("state_lock: the name of every directory it made is durable", "[platform][state_lock]") {
  const ScratchDirectory directory;
  FaultyFileOps ops;

  REQUIRE(StateLock::acquire(ops, directory.path("one/two")).has_value());
  CHECK(ops.syncs() == 2);
  REQUIRE(StateLock::acquire(ops, directory.path("one/two")).has_value());
  CHECK(ops.syncs() == 2);
}

TEST_CASE("state_lock: makes a directory named without a slash", "[platform][state_lock]") {
  const ScratchDirectory directory;
  const auto old = std::filesystem::current_path();
  std::filesystem::current_path(directory.path());

  const auto lock = acquire("state");

  std::filesystem::current_path(old);
  CHECK(lock.has_value());
  CHECK(std::filesystem::exists(directory.path("state/lock")));
}

TEST_CASE("state_lock: a directory that others may write into is refused",
          "[platform][state_lock]") {
  const ScratchDirectory directory;
  for (const mode_t mode : {0720U, 0702U, 0777U}) {
    CAPTURE(mode);
    REQUIRE(::chmod(directory.path().c_str(), mode) == 0);
    CHECK(acquire(directory.path()).error() == errc::insecure_permissions);
  }
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  CHECK(acquire(directory.path()).has_value());
}

TEST_CASE("state_lock: a foreign directory, a file in its place and a linked lock are refused",
          "[platform][state_lock]") {
  const ScratchDirectory directory;
  directory.write("file", "", 0600);
  std::filesystem::create_directory(directory.path("linked"));
  std::filesystem::create_symlink(directory.path("file"), directory.path("linked/lock"));
  FaultyFileOps ops;
  ops.pretended_user = ::geteuid() + 1;

  CHECK(StateLock::acquire(ops, directory.path()).error() == errc::wrong_owner);
  CHECK(acquire(directory.path("file")).error() == errc::not_found);
  CHECK(acquire(directory.path("file/below")).error() == errc::not_found);
  CHECK(acquire(directory.path("linked")).error() == errc::is_symlink);
}

TEST_CASE("state_lock: a lock file that says nothing sensible names no holder",
          "[platform][state_lock]") {
  const ScratchDirectory directory;
  CHECK(state_lock_holder(system_file_ops(), directory.path()).error() == errc::not_found);

  for (const char* content :
       {"", "\n", "x\n", "0\n", "-7\n", "12", "12 \n", "12\n\n", "99999999999\n"}) {
    CAPTURE(content);
    directory.write("lock", content, 0600);
    CHECK(state_lock_holder(system_file_ops(), directory.path()).error() == errc::malformed);
  }
  directory.write("lock", std::string(100, '1'), 0600);
  CHECK(state_lock_holder(system_file_ops(), directory.path()).error() == errc::too_large);
  CHECK(state_lock_message(system_file_ops(), directory.path()) ==
        "the state directory " + directory.path() + " is in use by another process");
}

TEST_CASE("state_lock: the number of a former holder does not stay behind",
          "[platform][state_lock]") {
  const ScratchDirectory directory;
  directory.write("lock", "123456789012\n", 0600);

  const auto lock = acquire(directory.path());

  REQUIRE(lock.has_value());
  CHECK(directory.read("lock") == std::to_string(::getpid()) + "\n");
}

TEST_CASE("state_lock: whichever call fails, the lock is not held and nothing leaks",
          "[platform][state_lock]") {
  bool complete = false;
  for (unsigned call = 0; !complete; ++call) {
    CAPTURE(call);
    REQUIRE(call < 100);
    const ScratchDirectory directory;
    FaultyFileOps ops;
    ops.fail_call = call;
    {
      const auto lock = StateLock::acquire(ops, directory.path("new/state"));
      complete = ops.calls() <= call;
      CHECK(lock.has_value() == complete);
    }
    CHECK(ops.open_descriptors() == 0);
    CHECK(acquire(directory.path("new/state")).has_value());
  }
}
