#include "platform/linux/file_store.hpp"

#include "faulty_file_ops.hpp"
#include "scratch_directory.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>

namespace {

using namespace quicether;
using linux_platform::FileStore;
using linux_platform::StateLock;
using test::FaultyFileOps;
using test::ScratchDirectory;

FileStore open_store(linux_platform::FileOps& ops, const std::string& directory) {
  return FileStore{StateLock::acquire(ops, directory).value()};
}

FileStore open_store(const std::string& directory) {
  return open_store(linux_platform::system_file_ops(), directory);
}

std::string text_of(Store& store, std::string_view name) {
  const auto value = store.load(name);
  return value ? std::string{as_text(*value)} : value.error().message();
}

}  // namespace

TEST_CASE("file_store: keeps values over a restart", "[platform][file_store]") {
  const ScratchDirectory directory;
  const std::string binary{"\0\xff\n", 3};
  {
    FileStore store = open_store(directory.path());
    CHECK(store.load("peers").error() == errc::not_found);
    REQUIRE(store.save("peers", as_bytes("first")));
    REQUIRE(store.save("peers", as_bytes(binary)));
    REQUIRE(store.save("empty", {}));
  }

  FileStore store = open_store(directory.path());

  CHECK(text_of(store, "peers") == binary);
  CHECK(text_of(store, "empty").empty());
  CHECK(directory.count() == 3);  // and the lock: no temporary file stayed
  CHECK(test::permissions_of(directory.path("peers")) == 0600);
}

TEST_CASE("file_store: removes values, absent ones too", "[platform][file_store]") {
  const ScratchDirectory directory;
  FileStore store = open_store(directory.path());
  REQUIRE(store.save("peers", as_bytes("value")));

  CHECK(store.remove("peers"));
  CHECK(store.remove("peers"));

  CHECK(store.load("peers").error() == errc::not_found);
}

TEST_CASE("file_store: refuses names that are not plain, and the lock's",
          "[platform][file_store]") {
  const ScratchDirectory directory;
  FileStore store = open_store(directory.path());
  const std::string longest(64, 'n');
  const std::string with_zero{"a\0b", 3};
  const std::array<std::string, 11> bad{"",
                                        ".",
                                        "..",
                                        ".hidden",
                                        "a/b",
                                        "../lock",
                                        "Upper",
                                        longest + "n",
                                        "lock",
                                        "sp ace",
                                        with_zero};

  for (const std::string& name : bad) {
    CAPTURE(name);
    CHECK(store.load(name).error() == errc::invalid_argument);
    CHECK(store.save(name, {}).error() == errc::invalid_argument);
    CHECK(store.remove(name).error() == errc::invalid_argument);
  }
  for (const std::string& name : {longest, std::string{"a-z_0.9"}, std::string{"-"}}) {
    CAPTURE(name);
    CHECK(store.save(name, as_bytes(name)));
    CHECK(text_of(store, name) == name);
  }
}

TEST_CASE("file_store: values have an upper bound, on the way in and out",
          "[platform][file_store]") {
  const ScratchDirectory directory;
  FileStore store = open_store(directory.path());
  ByteVector value(linux_platform::kStoreValueBytesMax, 0x5a);

  CHECK(store.save("big", value));
  CHECK(store.load("big").value() == value);
  value.push_back(0);
  CHECK(store.save("big", value).error() == errc::too_large);
  CHECK(store.load("big").value().size() == linux_platform::kStoreValueBytesMax);
  directory.write("huge", "", 0600);
  std::filesystem::resize_file(directory.path("huge"), value.size());
  CHECK(store.load("huge").error() == errc::too_large);
}

TEST_CASE("file_store: what is not a regular file is no value", "[platform][file_store]") {
  const ScratchDirectory directory;
  FileStore store = open_store(directory.path());
  directory.write("target", "secret", 0600);
  std::filesystem::create_symlink(directory.path("target"), directory.path("link"));
  std::filesystem::create_directory(directory.path("folder"));
  REQUIRE(::mkfifo(directory.path("fifo").c_str(), 0600) == 0);

  CHECK(store.load("link").error() == errc::is_symlink);
  CHECK(store.load("folder").error() == errc::io_failure);
  CHECK(store.load("fifo").error() == errc::io_failure);

  // Saving replaces the link and never writes through it.
  CHECK(store.save("link", as_bytes("new")));
  CHECK(directory.read("target") == "secret");
  CHECK(text_of(store, "link") == "new");
}

TEST_CASE("file_store: interrupted calls and short transfers change nothing",
          "[platform][file_store]") {
  const ScratchDirectory directory;
  FaultyFileOps ops;
  ops.interruptions = 3;
  ops.transfer_bytes_max = 1;
  FileStore store = open_store(ops, directory.path());

  REQUIRE(store.save("peers", as_bytes("a value of some bytes")));

  CHECK(text_of(store, "peers") == "a value of some bytes");
}

TEST_CASE("file_store: whichever call fails, the value is the old or the new one",
          "[platform][file_store]") {
  for (const int error : {EIO, ENOSPC, EMFILE, EACCES, EDQUOT}) {
    bool complete = false;
    for (unsigned call = 0; !complete; ++call) {
      CAPTURE(error, call);
      REQUIRE(call < 100);
      const ScratchDirectory directory;
      FaultyFileOps ops;
      {
        FileStore store = open_store(ops, directory.path());
        REQUIRE(store.save("peers", as_bytes("old")));
        ops.fail_call = ops.calls() + call;
        ops.fail_errno = error;

        const auto saved = store.save("peers", as_bytes("new value"));

        complete = ops.calls() <= ops.fail_call;
        ops.fail_call = FaultyFileOps::kNever;
        CHECK(directory.count() == 2);  // the value and the lock
        const std::string value = text_of(store, "peers");
        CHECK((value == "new value" || (!saved && value == "old")));
        CHECK((saved || saved.error() == errc::io_failure ||
               saved.error() == errc::permission_denied));
        CHECK(store.save("peers", as_bytes("later")));
        CHECK(text_of(store, "peers") == "later");
        CHECK(directory.count() == 2);
      }
      CHECK(ops.open_descriptors() == 0);
    }
  }
}

TEST_CASE("file_store: whichever call of a load fails is an error, not a wrong value",
          "[platform][file_store]") {
  const ScratchDirectory directory;
  FaultyFileOps ops;
  FileStore store = open_store(ops, directory.path());
  REQUIRE(store.save("peers", as_bytes("value")));

  bool complete = false;
  for (unsigned call = 0; !complete; ++call) {
    CAPTURE(call);
    REQUIRE(call < 100);
    ops.fail_call = ops.calls() + call;
    const auto value = store.load("peers");
    complete = ops.calls() <= ops.fail_call;
    ops.fail_call = FaultyFileOps::kNever;
    CHECK((complete ? text_of(store, "peers") == "value" : value.error() == errc::io_failure));
  }
}
