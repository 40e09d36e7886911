#include "platform/linux/secret_file.hpp"

#include "faulty_file_ops.hpp"
#include "scratch_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

namespace {

using namespace quicether;
using linux_platform::create_secret_file;
using linux_platform::kSecretFileBytesMax;
using linux_platform::read_secret_file;
using linux_platform::system_file_ops;
using test::FaultyFileOps;
using test::ScratchDirectory;

errc error_of(const std::string& path, linux_platform::FileOps& ops = system_file_ops()) {
  const auto content = read_secret_file(ops, path);
  return content ? errc{} : static_cast<errc>(content.error().value());
}

}  // namespace

TEST_CASE("secret_file: reads back what it created, for the owner alone",
          "[platform][secret_file]") {
  const ScratchDirectory directory;
  const std::string path = directory.path("node.key");
  const mode_t old_mask = ::umask(0);

  REQUIRE(create_secret_file(system_file_ops(), path, as_bytes("secret")));
  ::umask(old_mask);

  CHECK(as_text(read_secret_file(system_file_ops(), path).value().view()) == "secret");
  CHECK(test::permissions_of(path) == 0600);
  CHECK(directory.count() == 1);
}

TEST_CASE("secret_file: never replaces a file", "[platform][secret_file]") {
  const ScratchDirectory directory;
  directory.write("node.key", "first", 0600);
  std::filesystem::create_symlink("nowhere", directory.path("dangling"));

  CHECK(create_secret_file(system_file_ops(), directory.path("node.key"), as_bytes("second"))
            .error() == errc::already_open);
  CHECK(create_secret_file(system_file_ops(), directory.path("dangling"), as_bytes("second"))
            .error() == errc::already_open);

  CHECK(directory.read("node.key") == "first");
  CHECK(directory.count() == 2);
}

TEST_CASE("secret_file: leaves another process's unfinished file alone",
          "[platform][secret_file]") {
  const ScratchDirectory directory;
  directory.write(".node.key.0.tmp", "half a sec", 0600);

  REQUIRE(create_secret_file(system_file_ops(), directory.path("node.key"), as_bytes("ours")));

  CHECK(directory.read("node.key") == "ours");
  CHECK(directory.read(".node.key.0.tmp") == "half a sec");
}

TEST_CASE("secret_file: any permission for group or others is refused", "[platform][secret_file]") {
  const ScratchDirectory directory;
  directory.write("node.key", "secret", 0600);
  const std::string path = directory.path("node.key");

  for (unsigned bit = 0; bit < 6; ++bit) {
    CAPTURE(bit);
    REQUIRE(::chmod(path.c_str(), 0600U | 1U << bit) == 0);
    CHECK(error_of(path) == errc::insecure_permissions);
  }
  for (const mode_t mode : {0600U, 0400U, 0700U}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(error_of(path) == errc{});
  }
}

TEST_CASE("secret_file: a file of another user is refused", "[platform][secret_file]") {
  const ScratchDirectory directory;
  directory.write("node.key", "secret", 0600);
  FaultyFileOps ops;
  ops.pretended_user = ::geteuid() + 1;

  CHECK(error_of(directory.path("node.key"), ops) == errc::wrong_owner);

  if (::geteuid() == 0) {
    constexpr uid_t kNobody = 65534;
    REQUIRE(::chown(directory.path("node.key").c_str(), kNobody, kNobody) == 0);
    CHECK(error_of(directory.path("node.key")) == errc::wrong_owner);
  }
}

TEST_CASE("secret_file: what is not a regular file is refused at once", "[platform][secret_file]") {
  const ScratchDirectory directory;
  directory.write("target", "secret", 0600);
  std::filesystem::create_symlink(directory.path("target"), directory.path("link"));
  std::filesystem::create_symlink("nowhere", directory.path("dangling"));
  REQUIRE(::mkfifo(directory.path("fifo").c_str(), 0600) == 0);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  std::ranges::copy(directory.path("socket"), address.sun_path);
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);

  CHECK(error_of(directory.path("link")) == errc::is_symlink);
  CHECK(error_of(directory.path("dangling")) == errc::is_symlink);
  CHECK(error_of(directory.path("fifo")) == errc::malformed);
  CHECK(error_of(directory.path("socket")) == errc::malformed);
  CHECK(error_of(directory.path()) == errc::malformed);
  ::close(listener);
}

TEST_CASE("secret_file: empty, too large, absent and impossible paths have their own errors",
          "[platform][secret_file]") {
  const ScratchDirectory directory;
  directory.write("empty", "", 0600);
  directory.write("largest", std::string(kSecretFileBytesMax, 'x'), 0600);
  directory.write("larger", std::string(kSecretFileBytesMax + 1, 'x'), 0600);
  const std::string long_name(300, 'n');

  CHECK(error_of(directory.path("empty")) == errc::empty_file);
  CHECK(error_of(directory.path("largest")) == errc{});
  CHECK(error_of(directory.path("larger")) == errc::too_large);
  CHECK(error_of(directory.path("absent")) == errc::not_found);
  CHECK(error_of(directory.path("empty/below")) == errc::not_found);
  CHECK(error_of(directory.path(long_name)) == errc::invalid_argument);
  CHECK(error_of("") == errc::not_found);

  auto& ops = system_file_ops();
  CHECK(create_secret_file(ops, directory.path("no/folder"), {}).error() == errc::not_found);
  CHECK(create_secret_file(ops, directory.path("empty/x"), {}).error() == errc::not_found);
  CHECK(create_secret_file(ops, directory.path(long_name), {}).error() == errc::invalid_argument);
  for (const char* path : {"", "/", ".", "..", "/tmp/", "/tmp/.."}) {
    CAPTURE(path);
    CHECK(create_secret_file(ops, path, {}).error() == errc::invalid_argument);
  }
}

TEST_CASE("secret_file: interrupted calls and short transfers change nothing",
          "[platform][secret_file]") {
  const ScratchDirectory directory;
  FaultyFileOps ops;
  ops.interruptions = 3;
  ops.transfer_bytes_max = 1;

  REQUIRE(create_secret_file(ops, directory.path("node.key"), as_bytes("secret")));

  CHECK(as_text(read_secret_file(ops, directory.path("node.key")).value().view()) == "secret");
  CHECK(ops.open_descriptors() == 0);
}

TEST_CASE("secret_file: a system that takes no bytes and reports no error does not hang it",
          "[platform][secret_file]") {
  const ScratchDirectory directory;
  FaultyFileOps ops;
  ops.transfer_bytes_max = 0;

  CHECK(create_secret_file(ops, directory.path("node.key"), as_bytes("secret")).error() ==
        errc::io_failure);
}

TEST_CASE("secret_file: whichever call of a creation fails, nothing half-made stays",
          "[platform][secret_file]") {
  for (const int error : {EIO, ENOSPC, EMFILE, EACCES}) {
    bool complete = false;
    for (unsigned call = 0; !complete; ++call) {
      CAPTURE(error, call);
      REQUIRE(call < 100);
      const ScratchDirectory directory;
      const std::string path = directory.path("node.key");
      FaultyFileOps ops;
      ops.fail_call = call;
      ops.fail_errno = error;

      const auto created = create_secret_file(ops, path, as_bytes("secret"));

      complete = ops.calls() <= call;
      const bool exists = std::filesystem::exists(path);
      CHECK((!created || exists));
      CHECK((!exists || directory.read("node.key") == "secret"));
      CHECK(ops.open_descriptors() == 0);
      // Only a failed removal of the temporary file can leave it.
      CHECK(directory.count() <= (exists ? 2U : 0U));
    }
  }
}
