#include <quicether/sim/memory_store.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

using quicether::as_bytes;
using quicether::as_text;
using quicether::ByteVector;
using quicether::errc;
using quicether::sim::MemoryStore;

TEST_CASE("memory_store: keeps, replaces and removes values", "[sim][memory_store]") {
  MemoryStore store;

  REQUIRE(store.save("peers", as_bytes("one")).has_value());
  CHECK(as_text(store.load("peers").value()) == "one");
  REQUIRE(store.save("peers", as_bytes("two")).has_value());
  CHECK(as_text(store.load("peers").value()) == "two");
  REQUIRE(store.remove("peers").has_value());
  CHECK(store.load("peers").error() == errc::not_found);
  CHECK(store.remove("peers").has_value());
  CHECK(store.changes() == 3);
}

TEST_CASE("memory_store: takes the documented names and no others", "[sim][memory_store]") {
  MemoryStore store;

  for (const std::string& name :
       {std::string{"a"}, std::string{"0-9_z.bin"}, std::string(64, 'x')}) {
    CAPTURE(name);
    CHECK(store.save(name, {}).has_value());
  }
  for (const std::string& name : {std::string{},
                                  std::string{".hidden"},
                                  std::string{"a/b"},
                                  std::string{"Upper"},
                                  std::string{"a b"},
                                  std::string{"nul\0", 4},
                                  std::string(65, 'x')}) {
    CAPTURE(name);
    CHECK(store.save(name, {}).error() == errc::invalid_argument);
    CHECK(store.load(name).error() == errc::invalid_argument);
    CHECK(store.remove(name).error() == errc::invalid_argument);
  }
}

TEST_CASE("memory_store: the n-th change fails once and leaves the old value",
          "[sim][memory_store]") {
  MemoryStore store;
  REQUIRE(store.save("key", as_bytes("old")).has_value());

  store.fail_change(2, errc::permission_denied);
  CHECK(store.save("other", as_bytes("x")).has_value());
  CHECK(store.save("key", as_bytes("new")).error() == errc::permission_denied);
  CHECK(as_text(store.load("key").value()) == "old");
  CHECK(store.save("key", as_bytes("new")).has_value());

  store.fail_change(1);
  CHECK(store.remove("key").error() == errc::io_failure);
  CHECK(as_text(store.load("key").value()) == "new");
}

TEST_CASE("memory_store: a value above the limit cannot be loaded", "[sim][memory_store]") {
  MemoryStore store;

  REQUIRE(store.save("big", ByteVector((16U << 20U) + 1)).has_value());

  CHECK(store.load("big").error() == errc::too_large);
}

TEST_CASE("memory_store: frozen, it only reads", "[sim][memory_store]") {
  MemoryStore store;
  REQUIRE(store.save("key", as_bytes("old")).has_value());

  store.set_frozen(true);
  CHECK(store.save("key", as_bytes("new")).error() == errc::io_failure);
  CHECK(as_text(store.load("key").value()) == "old");

  store.set_frozen(false);
  CHECK(store.save("key", as_bytes("new")).has_value());
}
