// Crashes at every system call of every write of state, and at every state that the disk may be in
// after that. The process may die (the kernel still writes all it was told) or the power may go.

#include "crash_disk.hpp"
#include "faulty_file_ops.hpp"
#include "platform/linux/file_store.hpp"
#include "platform/linux/secret_file.hpp"
#include "scratch_directory.hpp"

#include <quicether/base/random.hpp>

#include <catch2/catch_test_macros.hpp>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace quicether;
using linux_platform::FileStore;
using linux_platform::StateLock;
using test::CrashDisk;
using test::DiskImage;
using test::FaultyFileOps;
using test::ScratchDirectory;

ByteVector bytes_of(std::string_view text) {
  return {text.begin(), text.end()};
}

FileStore open_store(linux_platform::FileOps& ops, const std::string& directory) {
  return FileStore{StateLock::acquire(ops, directory).value()};
}

// The value that a new process finds; none when there is none.
std::optional<std::string> value_in(linux_platform::FileOps& ops, const std::string& directory) {
  FileStore store = open_store(ops, directory);
  const auto value = store.load("peers");
  if (!value) {
    REQUIRE(value.error() == errc::not_found);
    return std::nullopt;
  }
  return std::string{as_text(*value)};
}

std::optional<std::string> value_in(const DiskImage& image) {
  CrashDisk disk{image};
  return value_in(disk, "state");
}

}  // namespace

TEST_CASE("crash: a saved value is the old or the new one after the process died anywhere",
          "[platform][crash]") {
  bool complete = false;
  for (unsigned call = 0; !complete; ++call) {
    CAPTURE(call);
    REQUIRE(call < 100);
    const ScratchDirectory directory;
    {
      FaultyFileOps ops;
      FileStore store = open_store(ops, directory.path());
      REQUIRE(store.save("peers", as_bytes("old")));
      ops.crash_call = ops.calls() + call;

      complete = store.save("peers", as_bytes("a new value")).has_value();
    }

    const auto value = value_in(linux_platform::system_file_ops(), directory.path());

    CHECK((value == "a new value" || (!complete && value == "old")));
  }
}

TEST_CASE("crash: a saved value is the old or the new one after the power went anywhere",
          "[platform][crash]") {
  std::size_t images_seen = 0;
  bool complete = false;
  for (unsigned call = 0; !complete; ++call) {
    CAPTURE(call);
    REQUIRE(call < 100);
    CrashDisk disk{{{"peers", bytes_of("old")}, {"lock", {}}}};
    disk.crash_call = call;
    if (auto lock = StateLock::acquire(disk, "state")) {
      FileStore store{*std::move(lock)};
      complete = store.save("peers", as_bytes("a new value")).has_value();
    }

    for (const DiskImage& image : disk.images_after_power_loss()) {
      ++images_seen;
      const auto value = value_in(image);
      CHECK((value == "a new value" || (!complete && value == "old")));
      // What the crash left behind does not stand in the way of the next save.
      CrashDisk after{image};
      FileStore store = open_store(after, "state");
      CHECK(store.save("peers", as_bytes("later")));
    }
  }
  CHECK(images_seen > 50);
}

TEST_CASE("crash: a first value and a removed one are there or not, never in part",
          "[platform][crash]") {
  for (const bool removes : {false, true}) {
    bool complete = false;
    for (unsigned call = 0; !complete; ++call) {
      CAPTURE(removes, call);
      REQUIRE(call < 100);
      CrashDisk disk{removes ? DiskImage{{"peers", bytes_of("a value")}} : DiskImage{}};
      disk.crash_call = call;
      if (auto lock = StateLock::acquire(disk, "state")) {
        FileStore store{*std::move(lock)};
        const auto done =
            removes ? store.remove("peers") : store.save("peers", as_bytes("a value"));
        complete = done.has_value();
      }

      for (const DiskImage& image : disk.images_after_power_loss()) {
        const auto value = value_in(image);
        const bool is_done = value.has_value() != removes;
        CHECK((!value || value == "a value"));
        CHECK((is_done || !complete));
      }
    }
  }
}

TEST_CASE("crash: a number that is saved again and again never goes back", "[platform][crash]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    SeededRandom random{seed};
    DiskImage image;
    int durable = 0;
    for (int number = 1; number <= 20; ++number) {
      CrashDisk disk{image};
      disk.crash_call = static_cast<unsigned>(random.below(16));
      bool saved = false;
      if (auto lock = StateLock::acquire(disk, "state")) {
        FileStore store{*std::move(lock)};
        saved = store.save("peers", as_bytes(std::to_string(number))).has_value();
      }
      const auto images = disk.images_after_power_loss();
      image = images[random.below(images.size())];

      const int found = std::stoi(value_in(image).value_or("0"));

      CHECK((found == number || (!saved && found == durable)));
      durable = found;
    }
  }
}

TEST_CASE("crash: a secret file is there as a whole or not at all", "[platform][crash]") {
  const std::string secret = "a secret of some length";
  std::size_t images_seen = 0;
  bool complete = false;
  for (unsigned call = 0; !complete; ++call) {
    CAPTURE(call);
    REQUIRE(call < 100);
    CrashDisk disk{{}};
    disk.crash_call = call;

    complete = create_secret_file(disk, "state/node.key", as_bytes(secret)).has_value();

    for (const DiskImage& image : disk.images_after_power_loss()) {
      ++images_seen;
      CrashDisk after{image};
      const auto read = linux_platform::read_secret_file(after, "node.key");
      CHECK(
          (read ? as_text(read->view()) == secret : !complete && read.error() == errc::not_found));
      // What a crash left behind does not stand in the way of the next attempt.
      const auto again = create_secret_file(after, "state/node.key", as_bytes("another"));
      CHECK(again.has_value() == !read.has_value());
    }
  }
  CHECK(images_seen > 20);
}

TEST_CASE("crash: the disk model notices a save that does not sync", "[platform][crash]") {
  // The check of the checker: written and renamed, but never synced.
  CrashDisk disk{{{"peers", bytes_of("old")}}};
  {
    const auto file =
        linux_platform::open_file(disk, 0, "temporary", O_WRONLY | O_CREAT | O_EXCL, 0600);
    REQUIRE(linux_platform::write_all(*file, as_bytes("a new value")));
    REQUIRE(disk.rename_at(0, "temporary", "peers") == 0);
  }

  std::vector<std::string> values;
  for (const DiskImage& image : disk.images_after_power_loss()) {
    values.push_back(value_in(image).value_or("none"));
  }

  CHECK(std::ranges::find(values, "") != values.end());
  CHECK(std::ranges::find(values, "a new") != values.end());
}
