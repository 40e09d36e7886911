#include <quicether/base/random.hpp>
#include <quicether/core/path/link_table.hpp>

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <optional>
#include <variant>
#include <vector>

using namespace quicether;
using namespace quicether::path;
using namespace std::chrono_literals;

namespace {

NodeId node(std::uint8_t first) {
  NodeId id;
  id.bytes[0] = first;
  return id;
}

SocketAddress address(std::uint16_t port) {
  return {IpAddress::v4({192, 0, 2, 1}), port};
}

/// A LinkTable with the clock, and shorthand for what its driver would do.
struct Table {
  explicit Table(std::uint8_t self = 5) : links{config(self), random} {}

  static LinkConfig config(std::uint8_t self) {
    LinkConfig config;
    config.self = node(self);
    return config;
  }

  template <typename Wanted>
  std::vector<Wanted> actions() {
    std::vector<Wanted> found;
    while (const auto action = links.poll_action()) {
      if (const auto* wanted = std::get_if<Wanted>(&*action)) {
        found.push_back(*wanted);
      }
    }
    return found;
  }

  template <typename Wanted>
  std::size_t events() {
    std::size_t count = 0;
    while (const auto event = links.poll_event()) {
      count += std::holds_alternative<Wanted>(*event) ? 1U : 0U;
    }
    return count;
  }

  TargetId want(std::uint8_t peer, std::vector<SocketAddress> addresses) {
    PeerTarget target;
    target.id = node(peer);
    target.addresses = std::move(addresses);
    return links.add_target(now, std::move(target)).value();
  }

  /// The first attempt to reach a peer that is wanted at one address.
  DialId dial(std::uint8_t peer) {
    want(peer, {address(1)});
    return run_until(now).at(0).dial;
  }

  std::vector<Dial> run_until(Instant end) {
    std::vector<Dial> dials;
    while (links.next_timeout() <= end) {
      now = std::max(now, links.next_timeout());
      links.on_timeout(now);
      const auto some = actions<Dial>();
      dials.insert(dials.end(), some.begin(), some.end());
    }
    now = end;
    return dials;
  }

  void up(std::uint64_t session,
          std::uint8_t peer,
          std::optional<DialId> dial,
          std::uint64_t boot_id = 1,
          std::uint8_t path_id = 0) {
    SessionUp up;
    up.session = {session};
    up.id = node(peer);
    up.dial = dial;
    up.boot_id = boot_id;
    up.path_id = path_id;
    links.on_session_up(now, up);
  }

  SeededRandom random{1};
  Instant now{1s};
  LinkTable links;
};

std::vector<std::uint64_t> sessions_of(const Table& table, std::uint8_t peer) {
  std::vector<std::uint64_t> ids;
  for (const auto& session : table.links.find(node(peer))->sessions) {
    ids.push_back(session.session.value);
  }
  return ids;
}

}  // namespace

TEST_CASE("link_table: dials a wanted peer at once and reports the link", "[path][link_table]") {
  Table table;
  table.want(9, {address(1)});

  const auto dials = table.run_until(table.now);
  REQUIRE(dials.size() == 1);
  CHECK(dials[0].remote == address(1));
  CHECK(dials[0].expected_id == node(9));

  table.up(1, 9, dials[0].dial);
  CHECK(table.events<LinkUp>() == 1);
  CHECK(table.run_until(table.now + 60s).empty());
}

TEST_CASE("link_table: refuses itself as a peer", "[path][link_table]") {
  Table table{5};
  PeerTarget target;
  target.id = node(5);

  CHECK(table.links.add_target(table.now, target).error() == errc::to_self);
}

TEST_CASE("link_table: backs off while nobody wants to send", "[path][link_table]") {
  Table table;
  table.want(9, {address(1)});

  const auto first_minute = table.run_until(table.now + 60s).size();
  const auto second_minute = table.run_until(table.now + 60s).size();

  // 0, 1, 3, 7, 15, 31 s and then every 30 s, each up to a tenth early.
  CHECK(first_minute >= 6);
  CHECK(first_minute <= 7);
  CHECK(second_minute <= 3);
}

TEST_CASE("link_table: redials every second while someone wants to send", "[path][link_table]") {
  Table table;
  table.want(9, {address(1)});
  table.run_until(table.now + 120s);
  const auto peer = table.links.find(node(9))->index;

  std::size_t dials = 0;
  for (int i = 0; i < 40; ++i) {
    table.links.on_demand(table.now, peer);
    dials += table.run_until(table.now + 500ms).size();
  }

  CHECK(dials >= 18);
  CHECK(dials <= 24);
}

TEST_CASE("link_table: keeps no more than three unanswered attempts", "[path][link_table]") {
  Table table;
  table.want(9, {address(1)});
  const auto peer = table.links.find(node(9))->index;

  std::size_t dialled = 0;
  std::size_t abandoned = 0;
  for (int i = 0; i < 20; ++i) {
    table.links.on_demand(table.now, peer);
    table.now = table.now + 1s;
    table.links.on_timeout(table.now);
    while (const auto action = table.links.poll_action()) {
      dialled += std::holds_alternative<Dial>(*action) ? 1U : 0U;
      abandoned += std::holds_alternative<AbandonDial>(*action) ? 1U : 0U;
    }
  }

  CHECK(dialled - abandoned == 3);
}

TEST_CASE("link_table: waits for an attempt that was answered", "[path][link_table]") {
  Table table;
  const auto dial = table.dial(9);
  table.links.on_dial_heard(dial);

  CHECK(table.run_until(table.now + 60s).empty());

  table.links.on_dial_failed(table.now, dial, errc::timed_out, "");
  CHECK_FALSE(table.run_until(table.now + 60s).empty());
}

TEST_CASE("link_table: tries alternative addresses a quarter second apart", "[path][link_table]") {
  Table table;
  table.want(9, {address(1), address(2), address(3)});

  const auto dials = table.run_until(table.now + 600ms);

  REQUIRE(dials.size() == 3);
  CHECK(dials[0].remote == address(1));
  CHECK(dials[1].remote == address(2));
  CHECK(dials[2].remote == address(3));
}

TEST_CASE("link_table: asks a peer that refuses us every five seconds at most",
          "[path][link_table]") {
  Table table;
  table.want(9, {address(1)});
  const auto peer = table.links.find(node(9))->index;

  std::size_t dials = 0;
  for (int i = 0; i < 20; ++i) {
    table.links.on_demand(table.now, peer);
    for (const auto& dial : table.run_until(table.now + 1s)) {
      ++dials;
      table.links.on_dial_failed(table.now, dial.dial, errc::not_admitted_by_peer, "no rule");
    }
  }

  CHECK(dials <= 5);
  CHECK(table.links.find(node(9))->last_error == errc::not_admitted_by_peer);
}

TEST_CASE("link_table: a restarted peer replaces its old session", "[path][link_table]") {
  Table table;
  table.up(1, 9, std::nullopt, 100);
  table.up(2, 9, std::nullopt, 200);

  const auto closed = table.actions<CloseSession>();
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].session.value == 1);
  CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{2});
  CHECK(table.events<LinkDown>() == 0);
}

TEST_CASE("link_table: a dial that may be up on the other side is not given up",
          "[path][link_table]") {
  for (const bool early : {false, true}) {
    CAPTURE(early);
    Table table;
    table.want(9, {address(1)});
    const auto dials = table.run_until(table.now);
    REQUIRE(dials.size() == 1);
    if (early) {
      table.links.on_dial_early(dials[0].dial);
    }
    table.up(1, 9, std::nullopt);
    CHECK(table.actions<AbandonDial>().size() == (early ? 0U : 1U));
  }
}

TEST_CASE("link_table: crossed dials leave the session of the smaller NodeId",
          "[path][link_table]") {
  SECTION("the smaller one closes the other's session when its own comes second") {
    Table table{5};
    const auto dial = table.dial(9);
    table.links.on_dial_heard(dial);
    table.up(1, 9, std::nullopt);
    table.up(2, 9, dial);

    const auto closed = table.actions<CloseSession>();
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].session.value == 1);
  }
  SECTION("the smaller one probes its own session when that came first") {
    Table table{5};
    const auto dial = table.dial(9);
    table.up(1, 9, dial);
    table.up(2, 9, std::nullopt);

    REQUIRE(table.actions<ProbeSession>().size() == 1);
    CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1, 2});

    SECTION("and closes the other's when it is alive") {
      table.links.on_session_heard({1}, table.now + 10ms);
      CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1});
    }
    SECTION("and gives its own up when it is dead") {
      table.run_until(table.now + 2s);
      CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{2});
    }
    SECTION("and waits longer where answers take longer") {
      table.links.on_probe_sent({1}, 3s);
      table.run_until(table.now + 2s);
      CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1, 2});
    }
    SECTION("and says that the link is down when the other ends meanwhile") {
      table.links.on_session_down(table.now, {2}, errc::closed_by_peer, "");
      CHECK(table.events<LinkDown>() == 0);
      table.run_until(table.now + 2s);
      CHECK(sessions_of(table, 9).empty());
      CHECK(table.events<LinkDown>() == 1);
      CHECK_FALSE(table.links.find(node(9))->up_since.has_value());
    }
    SECTION("and is not deceived by what it heard before the probe") {
      table.links.on_session_heard({1}, table.now - 1ms);
      CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1, 2});
    }
  }
  SECTION("the larger one leaves the decision to the smaller") {
    Table table{9};
    const auto dial = table.dial(5);
    table.links.on_dial_heard(dial);
    table.up(1, 5, std::nullopt);
    table.up(2, 5, dial);

    CHECK(table.actions<CloseSession>().empty());
    CHECK(sessions_of(table, 5) == std::vector<std::uint64_t>{1, 2});
  }
}

TEST_CASE("link_table: gives up an unanswered dial when the peer's own arrives",
          "[path][link_table]") {
  Table table;
  const auto dial = table.dial(9);
  table.up(1, 9, std::nullopt);

  const auto abandoned = table.actions<AbandonDial>();
  REQUIRE(abandoned.size() == 1);
  CHECK(abandoned[0].dial == dial);
}

TEST_CASE("link_table: redials at once when the last session is lost", "[path][link_table]") {
  Table table;
  const auto dial = table.dial(9);
  table.up(1, 9, dial);
  table.run_until(table.now + 60s);

  table.links.on_session_down(table.now, {1}, errc::stateless_reset, "");

  CHECK(table.events<LinkDown>() == 1);
  CHECK(table.run_until(table.now).size() == 1);
}

TEST_CASE("link_table: does not redial without pause when sessions end at once",
          "[path][link_table]") {
  Table table;
  table.want(9, {address(1)});
  std::size_t dials = 0;
  for (int i = 0; i < 100; ++i) {
    for (const auto& dial : table.run_until(table.now + 100ms)) {
      ++dials;
      table.up(dials, 9, dial.dial);
      table.links.on_session_down(table.now, {dials}, errc::superseded, "");
    }
  }

  CHECK(dials <= 11);
}

TEST_CASE("link_table: a second static path is a session of its own", "[path][link_table]") {
  Table table;
  const auto target = table.want(9, {address(1)});
  REQUIRE(table.links.add_path(table.now, target, 1, address(7), address(2)));
  CHECK(table.links.add_path(table.now, target, 1, address(7), address(2)).error() ==
        errc::already_open);
  CHECK(table.links.add_path(table.now, target, 0, address(7), address(2)).error() ==
        errc::invalid_argument);

  const auto dials = table.run_until(table.now);
  REQUIRE(dials.size() == 2);
  CHECK(dials[1].path_id == 1);
  CHECK(dials[1].local == address(7));
  table.up(1, 9, dials[0].dial);
  table.up(2, 9, dials[1].dial, 1, 1);

  CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1, 2});
  CHECK(table.actions<CloseSession>().empty());
}

TEST_CASE("link_table: dials each offered address once", "[path][link_table]") {
  Table table;
  const auto target = table.want(9, {});
  CHECK(table.run_until(table.now + 60s).empty());

  table.links.offer_addresses(table.now, target, {address(1), address(2)});
  const auto dials = table.run_until(table.now + 60s);

  REQUIRE(dials.size() == 2);
  CHECK(dials[0].remote == address(1));
  CHECK(dials[1].remote == address(2));
  CHECK(dials[1].expected_id == node(9));
}

TEST_CASE("link_table: offered addresses come before the known ones, and end with a session",
          "[path][link_table]") {
  Table table;
  const auto target = table.want(9, {address(1)});
  table.run_until(table.now + 10s);
  table.links.offer_addresses(table.now, target, {address(2), address(3)});

  const auto first = table.run_until(table.now);
  REQUIRE(first.size() == 1);
  CHECK(first[0].remote == address(2));
  table.up(1, 9, first[0].dial);
  CHECK(table.run_until(table.now + 60s).empty());

  table.links.on_session_down(table.now, {1}, errc::timed_out, {});
  const auto again = table.run_until(table.now + 2s);
  REQUIRE_FALSE(again.empty());
  CHECK(again[0].remote == address(1));
}

TEST_CASE("link_table: bounds the peers it remembers", "[path][link_table]") {
  SeededRandom random{1};
  auto config = Table::config(5);
  config.peers_max = 2;
  LinkTable links{config, random};

  CHECK(links.intern(node(1)).has_value());
  CHECK(links.intern(node(2)).has_value());
  CHECK(links.intern(node(3)).error() == errc::limit_reached);
}

TEST_CASE("link_table: a peer is known while it is wanted, and from its first session to forget()",
          "[path][link_table]") {
  Table table;
  const auto peer = table.links.intern(node(1)).value();
  const auto known = [&] { return table.links.is_known(*table.links.find(peer)); };
  CHECK_FALSE(known());
  const auto target = table.want(1, {address(1)});
  CHECK(known());
  table.links.remove_target(target);
  CHECK_FALSE(known());

  table.up(10, 1, std::nullopt);
  table.links.forget(peer);
  CHECK(known());  // as long as it is linked
  table.links.on_session_down(table.now, {10}, errc::not_admitted_by_peer, "left");
  CHECK_FALSE(known());
  table.up(11, 1, std::nullopt);
  table.links.on_session_down(table.now, {11}, errc::not_admitted_by_peer, "left");
  CHECK(known());
  table.links.forget(peer);
  table.want(1, {address(1)});
  CHECK_FALSE(table.links.find(peer)->last_error);  // of the time before
}

TEST_CASE("link_table: the shards of a node never give two peers one index",
          "[path][link_table][shard]") {
  SeededRandom random{1};
  LinkConfig config = Table::config(5);
  config.shard = {2, 3};
  LinkTable links{config, random};

  const auto first = links.intern(node(1)).value();
  const auto second = links.intern(node(2)).value();

  CHECK(first == PeerIndex{2});
  CHECK(second == PeerIndex{5});
  CHECK(links.find(second)->id == node(2));
  CHECK(links.find(PeerIndex{0}) == nullptr);
  CHECK(links.find(PeerIndex{4}) == nullptr);
  CHECK(links.find(PeerIndex{8}) == nullptr);
}

TEST_CASE("link_table: whoever answers on the wrong lane is dialled on the right one",
          "[path][link_table][shard]") {
  Table table;
  PeerTarget anybody;
  anybody.addresses = {address(1)};
  const auto target = table.links.add_target(table.now, anybody).value();
  const auto first = table.run_until(table.now);
  REQUIRE(first.size() == 1);
  CHECK_FALSE(first[0].guess.has_value());

  table.links.on_dial_misplaced(table.now, first[0].dial, node(9));

  CHECK(table.events<TargetMisplaced>() == 0);  // this is the only shard
  const auto second = table.run_until(table.now + 300ms);
  REQUIRE(second.size() == 1);
  CHECK(second[0].guess == node(9));
  CHECK_FALSE(second[0].expected_id.has_value());
  table.links.remove_target(target);
}

TEST_CASE("link_table: a further lane that the peer does not take is dialled like one that fails",
          "[path][link_table][shard]") {
  SeededRandom random{1};
  LinkConfig config = Table::config(5);
  config.shard = {0, 2};
  LinkTable links{config, random};
  auto odd = node(9);
  odd.bytes.back() = static_cast<std::uint8_t>(config.self.bytes.back() ^ 1U);
  PeerTarget lane;
  lane.id = odd;
  lane.addresses = {address(1)};
  lane.lane = {1, 2};
  REQUIRE(links.add_target({}, lane).has_value());
  CHECK(links.is_lane(*links.find(odd)));
  CHECK_FALSE(links.is_lane(*links.find(links.intern(config.self).value())));
  links.on_timeout({});
  const auto action = links.poll_action();
  REQUIRE(action.has_value());
  CHECK(std::get<Dial>(*action).lane == LaneChoice{1, 2});
  const auto next = links.next_timeout();

  links.on_dial_misplaced({}, std::get<Dial>(*action).dial, odd);

  CHECK(links.next_timeout() == next);
  CHECK_FALSE(links.poll_event().has_value());
}

TEST_CASE("link_table: tells when whoever answers belongs to another shard",
          "[path][link_table][shard]") {
  SeededRandom random{1};
  LinkConfig config = Table::config(5);
  config.shard = {0, 2};
  LinkTable links{config, random};
  PeerTarget anybody;
  anybody.addresses = {address(1)};
  const auto target = links.add_target({}, anybody).value();
  links.on_timeout({});
  const auto action = links.poll_action();
  REQUIRE(action.has_value());
  auto odd = node(9);
  odd.bytes.back() = 1;  // the other's lane is 1

  links.on_dial_misplaced({}, std::get<Dial>(*action).dial, odd);

  const auto event = links.poll_event();
  REQUIRE(event.has_value());
  const auto* misplaced = std::get_if<TargetMisplaced>(&*event);
  REQUIRE(misplaced != nullptr);
  CHECK(misplaced->target == target);
  CHECK(misplaced->id == odd);
}

TEST_CASE("link_table: tells that a link is wanted to a peer that nobody dials",
          "[path][link_table]") {
  Table table;
  const auto stranger = table.links.intern(node(1)).value();
  table.links.on_demand(table.now, stranger);
  table.links.on_demand(table.now, stranger);
  CHECK(table.events<LinkWanted>() == 1);
  table.links.on_demand(table.now + 2s, stranger);
  CHECK(table.events<LinkWanted>() == 1);

  table.want(2, {address(1)});
  table.links.on_demand(table.now, table.links.intern(node(2)).value());
  CHECK(table.events<LinkWanted>() == 0);
}

namespace {

AddressPair pair(std::uint16_t local, std::uint16_t remote) {
  return {address(local), address(remote)};
}

/// A link with sessions 1 and 2 on paths 0 and 1, both planned and dialled here.
struct TwoPaths : Table {
  TwoPaths() {
    links.set_path(now, target, 0, {pair(11, 1)});
    links.set_path(now, target, 1, {pair(12, 1)});
    for (const auto& dial : run_until(now)) {
      up(dial.path_id + 1U, 9, dial.dial, 1, dial.path_id);
    }
    (void)events<LinkUp>();
  }

  [[nodiscard]] std::vector<PathState> waiting() const {
    std::vector<PathState> states;
    for (const auto& path : links.waiting_paths(links.find(node(9))->index)) {
      states.push_back(path.state);
    }
    return states;
  }

  TargetId target = want(9, {address(1)});
};

}  // namespace

TEST_CASE("link_table: planned paths are dialled each for itself", "[path][link_table]") {
  TwoPaths table;

  CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1, 2});
  CHECK(table.waiting().empty());
  CHECK(table.run_until(table.now + 60s).empty());
}

TEST_CASE("link_table: a silent path is closed, dialled again and again, and taken back",
          "[path][link_table]") {
  TwoPaths table;
  REQUIRE(table.links.on_path_silent(table.now, {2}));

  CHECK(table.actions<CloseSession>().at(0).session == SessionId{2});
  CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1});
  CHECK(table.waiting() == std::vector{PathState::failed});
  // Every second at first, for most are back soon, and every ten later.
  const auto first = table.run_until(table.now + 10s);
  CHECK(first.size() >= 9);
  CHECK(first.size() <= 11);
  (void)table.run_until(table.now + 60s);
  const auto later = table.run_until(table.now + 100s);
  CHECK(later.size() >= 10);
  CHECK(later.size() <= 12);
  for (const auto& dial : later) {
    CHECK(dial.path_id == 1);
    CHECK(dial.local == address(12));
  }

  table.up(3, 9, later.back().dial, 1, 1);
  CHECK(table.waiting().empty());
  CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1, 3});
}

TEST_CASE("link_table: a change of the network makes failed paths be dialled at once",
          "[path][link_table]") {
  TwoPaths table;
  table.links.on_path_lost(table.now, {2});
  (void)table.run_until(table.now + 300s);

  table.links.on_network_changed(table.now);

  CHECK(table.run_until(table.now).size() == 1);
}

TEST_CASE("link_table: the last session of a link is not given up", "[path][link_table]") {
  TwoPaths table;
  CHECK(table.links.on_path_silent(table.now, {1}));
  CHECK_FALSE(table.links.on_path_silent(table.now, {2}));
  CHECK_FALSE(table.links.on_path_lost(table.now, {2}));
  CHECK_FALSE(table.links.on_path_lost(table.now, {99}));

  CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{2});
  CHECK(table.events<LinkDown>() == 0);
}

TEST_CASE("link_table: a path that never comes up has failed after some rounds",
          "[path][link_table]") {
  TwoPaths table;
  table.links.set_path(table.now, table.target, 2, {pair(13, 1), pair(13, 2)});
  CHECK(table.waiting() == std::vector{PathState::probing});

  const auto dials = table.run_until(table.now + 60s);

  CHECK(table.waiting() == std::vector{PathState::failed});
  REQUIRE(dials.size() >= 4);
  CHECK(dials[0].remote == address(1));
  CHECK(dials[1].remote == address(2));
  CHECK(dials[2].remote == address(1));
  CHECK(dials.size() <= 24);
}

TEST_CASE("link_table: a path moves to the pair that is planned now, without a gap",
          "[path][link_table]") {
  TwoPaths table;
  table.links.set_path(table.now, table.target, 1, {pair(13, 1), pair(12, 2)});

  const auto dials = table.run_until(table.now);
  REQUIRE(dials.size() == 1);
  CHECK(dials[0].local == address(13));
  CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1, 2});

  table.up(3, 9, dials[0].dial, 1, 1);
  CHECK(table.actions<CloseSession>().at(0).session == SessionId{2});
  CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1, 3});
  CHECK(table.run_until(table.now + 60s).empty());
}

TEST_CASE("link_table: paths that are no longer planned are left alone", "[path][link_table]") {
  TwoPaths table;
  table.links.set_path(table.now, table.target, 2, {pair(13, 1)});
  REQUIRE(table.run_until(table.now).size() == 1);

  table.links.keep_paths(table.now, table.target, 0b11);

  CHECK(table.actions<AbandonDial>().size() == 1);
  CHECK(table.run_until(table.now + 60s).empty());
  CHECK(sessions_of(table, 9) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("link_table: a path without pairs is not dialled, also when its session ends",
          "[path][link_table]") {
  TwoPaths table;
  table.links.set_path(table.now, table.target, 0, {});
  table.links.on_session_down(table.now, {1}, errc::timed_out, "");
  CHECK(table.run_until(table.now + 60s).empty());
  CHECK(table.waiting().empty());

  // As the target said, once nothing is planned any more.
  table.links.keep_paths(table.now, table.target, 0);
  const auto dials = table.run_until(table.now);
  REQUIRE(dials.size() == 1);
  CHECK(dials[0].remote == address(1));
  CHECK(dials[0].local == SocketAddress{});
}

TEST_CASE("link_table: plans that change to and fro do not dial without pause",
          "[path][link_table]") {
  Table table;
  const auto target = table.want(9, {address(1)});
  std::size_t dials = 0;
  for (int i = 0; i < 100; ++i) {
    table.links.set_path(table.now, target, 0, {pair(11, 1)});
    for (const auto& dial : table.run_until(table.now + 100ms)) {
      ++dials;
      table.up(dials, 9, dial.dial);
      table.links.set_path(table.now, target, 0, {});
      table.links.on_session_down(table.now, {dials}, errc::superseded, "");
    }
  }

  CHECK(dials <= 11);
}

TEST_CASE("link_table: suspicion is a state of a session", "[path][link_table]") {
  TwoPaths table;
  const auto state = [&](std::size_t place) {
    return table.links.find(node(9))->sessions[place].state();
  };
  CHECK(state(1) == PathState::active);
  table.links.on_path_suspect({2}, true);
  CHECK(state(0) == PathState::active);
  CHECK(state(1) == PathState::suspect);
  table.links.on_path_suspect({2}, false);
  CHECK(state(1) == PathState::active);
}
