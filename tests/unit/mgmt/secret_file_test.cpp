#include "mgmt/file_io.hpp"
#include "support/temporary_folder.hpp"

#include <quicether/mgmt/config_loader.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <string>

using namespace quicether::mgmt;
using quicether::errc;
using quicether::test::TemporaryFolder;

TEST_CASE("secret_file: is read without white space at its end", "[mgmt][secret]") {
  const TemporaryFolder folder;

  CHECK(read_secret_file(folder.write("a", "correct horse\n")).value() == "correct horse");
  CHECK(read_secret_file(folder.write("b", "  correct horse \r\n\n")).value() == "  correct horse");
  CHECK(read_secret_file(folder.write("c", std::string(1024, 'x') + "\n")).value().size() == 1024);
}

TEST_CASE("secret_file: is refused, each time for its own reason", "[mgmt][secret]") {
  const TemporaryFolder folder;
  const auto good = folder.write("good", "correct horse");

  CHECK(read_secret_file(folder.path() / "missing").error() ==
        boost::system::errc::no_such_file_or_directory);
  CHECK(read_secret_file(folder.path()) == errc::malformed);
  CHECK(read_secret_file(folder.write("empty", "")) == errc::empty_file);
  CHECK(read_secret_file(folder.write("blank", "\n \n")) == errc::empty_file);
  CHECK(read_secret_file(folder.write("short", "1234567\n")) == errc::truncated);
  CHECK(read_secret_file(folder.write("long", std::string(1025, 'x'))) == errc::too_large);
  CHECK(read_secret_file(folder.write("huge", std::string(100000, 'x'))) == errc::too_large);

  std::filesystem::create_symlink(good, folder.path() / "link");
  CHECK(read_secret_file(folder.path() / "link") == errc::is_symlink);

  REQUIRE(::mkfifo((folder.path() / "fifo").c_str(), 0600) == 0);
  CHECK(read_secret_file(folder.path() / "fifo") == errc::malformed);

  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0644U, 0666U}) {
    CAPTURE(mode);
    REQUIRE(::chmod(good.c_str(), mode) == 0);
    CHECK(read_secret_file(good) == errc::insecure_permissions);
  }
  REQUIRE(::chmod(good.c_str(), 0400) == 0);
  CHECK(read_secret_file(good).has_value());
}

TEST_CASE("secret_file: of another user is refused", "[mgmt][secret]") {
  if (::geteuid() != 0) {
    SKIP("needs root to give a file away");
  }
  const TemporaryFolder folder;
  const auto file = folder.write("secret", "correct horse");
  REQUIRE(::chown(file.c_str(), 65534, 65534) == 0);

  CHECK(read_secret_file(file) == errc::wrong_owner);
}

TEST_CASE("config: reads the network secret and names the key when it cannot",
          "[mgmt][config][secret]") {
  const TemporaryFolder folder;
  folder.write("secret", "correct horse\n");
  ConfigSources sources;
  sources.files = {
      folder.write("c.toml", "[network]\nname = \"office\"\nsecret_file = \"secret\"\n")};

  auto loaded = load_config(sources);
  REQUIRE(loaded.has_value());
  CHECK(loaded->config.network.secret == "correct horse");
  CHECK(loaded->warnings.empty());

  REQUIRE(::chmod((folder.path() / "secret").c_str(), 0644) == 0);
  loaded = load_config(sources);
  REQUIRE_FALSE(loaded.has_value());
  CHECK(loaded.error().to_string() ==
        sources.files[0].string() + ":3:1: network.secret_file: \"" +
            (folder.path() / "secret").string() +
            "\" can be read or written by others, expected mode 0600: chmod 600 it\n");

  sources.read_secrets = false;
  CHECK(load_config(sources).has_value());
}
