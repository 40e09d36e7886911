#include "unit/core_crypto/test_keys.hpp"
#include "unit/platform_files/scratch_directory.hpp"

#include <quicether/base/hex.hpp>
#include <quicether/identity.hpp>

#include <catch2/catch_test_macros.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

using namespace quicether;
using crypto::test::golden_key_pair;
using test::ScratchDirectory;

constexpr std::string_view kGoldenFile =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

// What a shell command prints; nothing when it fails.
std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(command.c_str(), "r"), ::pclose};
  std::string output;
  std::array<char, 4096> block{};
  while (const std::size_t size = std::fread(block.data(), 1, block.size(), pipe.get())) {
    output.append(block.data(), size);
  }
  return output;
}

}  // namespace

TEST_CASE("identity: NodeId and overlay address follow from the key", "[identity]") {
  static_assert(!std::is_copy_constructible_v<Identity>);
  static_assert(std::is_nothrow_move_constructible_v<Identity>);

  const Identity identity{golden_key_pair()};

  CHECK(identity.public_key().to_string() ==
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  CHECK(identity.node_id().to_string() == "5b27aa5589179770e47575b162a1ded97b8bfc6d");
  CHECK(identity.overlay_address().to_string() == "fd21:fe31:dfa1:54a2:6162:6bf8:5404:6fd2");
}

TEST_CASE("identity: generate repeats with its random source", "[identity]") {
  SeededRandom first{5};
  SeededRandom second{5};

  const Identity made = Identity::generate(first);

  CHECK(made.public_key() == Identity::generate(second).public_key());
  CHECK(made.public_key() != Identity::generate(first).public_key());
}

TEST_CASE("identity: the key file is PKCS#8 in PEM for the owner alone", "[identity]") {
  const ScratchDirectory directory;
  const std::string path = directory.path("node.key");

  REQUIRE(Identity{golden_key_pair()}.save(path));

  CHECK(directory.read("node.key") == kGoldenFile);
  CHECK(test::permissions_of(path) == 0600);
  CHECK(Identity::load(path).value().public_key() == golden_key_pair().public_key());
}

TEST_CASE("identity: load_or_create makes a key once and keeps it", "[identity]") {
  const ScratchDirectory directory;
  const std::string path = directory.path("node.key");

  const auto first = Identity::load_or_create(path);
  const auto second = Identity::load_or_create(path);
  const auto elsewhere = Identity::load_or_create(directory.path("other.key"));

  CHECK(first.value().public_key() == second.value().public_key());
  CHECK(first.value().public_key() == Identity::load(path).value().public_key());
  CHECK(first.value().public_key() != elsewhere.value().public_key());
  CHECK(test::permissions_of(path) == 0600);
}

TEST_CASE("identity: of many that create the key at once, all get the same one", "[identity]") {
  for (int round = 0; round < 20; ++round) {
    const ScratchDirectory directory;
    std::array<PublicKey, 8> keys{};
    std::vector<std::thread> threads;
    for (PublicKey& key : keys) {
      threads.emplace_back([&directory, &key] {
        key = Identity::load_or_create(directory.path("node.key")).value().public_key();
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }

    CHECK(std::set<PublicKey>{keys.begin(), keys.end()}.size() == 1);
    CHECK(directory.count() == 1);
  }
}

TEST_CASE("identity: a bad key file is refused with its own error and message", "[identity]") {
  struct Case {
    const char* name;
    errc expected;
    std::string_view message;
    std::function<void(const ScratchDirectory&)> prepare;
  };

  const std::string golden{kGoldenFile};
  const auto write = [](std::string content, mode_t permissions = 0600) {
    return [content, permissions](const ScratchDirectory& directory) {
      directory.write("node.key", content, permissions);
    };
  };
  std::vector<Case> cases{
      {"absent", errc::not_found, "there is no such key file or folder", [](const auto&) {}},
      {"readable by group",
       errc::insecure_permissions,
       "the key file can be used by other users: chmod 600 makes it private",
       write(golden, 0640)},
      {"readable by others",
       errc::insecure_permissions,
       "the key file can be used by other users: chmod 600 makes it private",
       write(golden, 0604)},
      {"symbolic link",
       errc::is_symlink,
       "the key file is a symbolic link: name the file itself",
       [&](const ScratchDirectory& directory) {
         directory.write("target", golden, 0600);
         std::filesystem::create_symlink("target", directory.path("node.key"));
       }},
      {"empty", errc::empty_file, "the key file is empty", write("")},
      {"white space", errc::empty_file, "the key file is empty", write("\n\n")},
      {"truncated",
       errc::truncated,
       "the key file ends in the middle of a key",
       write(golden.substr(0, 70))},
      {"prose",
       errc::malformed,
       "the key file does not hold a private key in PEM",
       write("not a key\n")},
      {"zeros",
       errc::malformed,
       "the key file does not hold a private key in PEM",
       write(std::string(119, '\0'))},
      {"folder",
       errc::malformed,
       "the key file does not hold a private key in PEM",
       [](const ScratchDirectory& directory) {
         std::filesystem::create_directory(directory.path("node.key"));
       }},
      {"X25519 key",
       errc::unsupported,
       "the key file holds a key of another type than unencrypted Ed25519",
       write("-----BEGIN PRIVATE KEY-----\n"
             "MC4CAQAwBQYDK2VuBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
             "-----END PRIVATE KEY-----\n")},
      {"encrypted key",
       errc::unsupported,
       "the key file holds a key of another type than unencrypted Ed25519",
       write("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n")},
      {"huge",
       errc::too_large,
       "the key file is too large for a key",
       write(std::string(5000, '\n'))},
  };
  if (::geteuid() == 0) {  // only root can give a file away
    cases.push_back(
        {"wrong owner",
         errc::wrong_owner,
         "the key file belongs to another user: chown gives it to the one that runs this",
         [&](const ScratchDirectory& directory) {
           directory.write("node.key", golden, 0600);
           REQUIRE(::chown(directory.path("node.key").c_str(), 65534, 65534) == 0);
         }});
  }

  for (const Case& test : cases) {
    CAPTURE(test.name);
    const ScratchDirectory directory;
    test.prepare(directory);

    const auto loaded = Identity::load(directory.path("node.key"));

    REQUIRE(loaded.has_error());
    CHECK(loaded.error() == test.expected);
    CHECK(Identity::explain(loaded.error()) == test.message);
    if (test.expected != errc::not_found) {
      // Nor does load_or_create make up a new key over it.
      CHECK(Identity::load_or_create(directory.path("node.key")).error() == test.expected);
    }
  }
}

TEST_CASE("identity: save never replaces a key, and says when there is no folder", "[identity]") {
  const ScratchDirectory directory;
  directory.write("node.key", "mine", 0600);
  const Identity identity{golden_key_pair()};

  const auto taken = identity.save(directory.path("node.key"));
  const auto homeless = Identity::load_or_create(directory.path("absent/node.key"));

  CHECK(taken.error() == errc::already_open);
  CHECK(Identity::explain(taken.error()) == "the key file exists already and is not replaced");
  CHECK(directory.read("node.key") == "mine");
  CHECK(homeless.error() == errc::not_found);
}

TEST_CASE("identity: explains only its own errors", "[identity]") {
  CHECK(Identity::explain(errc::timed_out) == "the key file could not be used");
  CHECK(Identity::explain(error_code{1, boost::system::generic_category()}) ==
        "the key file could not be used");
}

TEST_CASE("identity: OpenSSL reads our key file, and we read OpenSSL's", "[identity]") {
  if (std::system("openssl version >/dev/null 2>&1") != 0) {
    SKIP("no openssl program here");
  }
  const ScratchDirectory directory;
  SeededRandom random{9};
  const Identity ours = Identity::generate(random);
  REQUIRE(ours.save(directory.path("ours.key")));

  // The last 32 bytes of the SubjectPublicKeyInfo are the public key.
  const auto public_key_by_openssl = [&](const std::string& name) {
    const std::string info =
        output_of("openssl pkey -in " + directory.path(name) + " -pubout -outform DER 2>/dev/null");
    return info.size() < 32 ? "" : to_hex(as_bytes(info).last(32));
  };
  const std::string make_key = "umask 077; openssl genpkey -algorithm ed25519 -out ";
  REQUIRE(std::system((make_key + directory.path("theirs.key")).c_str()) == 0);

  CHECK(public_key_by_openssl("ours.key") == ours.public_key().to_string());
  CHECK(Identity::load(directory.path("theirs.key")).value().public_key().to_string() ==
        public_key_by_openssl("theirs.key"));
}
