#include <quicether/core/policy/admission.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

namespace quicether::policy {
namespace {

PublicKey key(std::uint8_t value) {
  PublicKey made;
  made.bytes.fill(value);
  return made;
}

NodeId id(std::string_view digits) {
  std::string text{digits};
  text.resize(40, '0');
  return NodeId::parse(text).value();
}

Subject subject(std::string_view text) {
  return Subject::parse(text).value();
}

NodeIdPrefix prefix(std::string_view text) {
  return NodeIdPrefix::parse(text).value();
}

TEST_CASE("admission: with nothing configured admits nobody", "[policy][admission]") {
  auto admission = Admission::compile({}).value();

  const auto decision = admission.decide(key(1), id("abc123"), false);

  CHECK_FALSE(decision.admitted());
  CHECK(decision.admittance == Admittance::refused_unknown);
  CHECK(decision.reason == "not in peers.allowed and no network proof");
  CHECK_FALSE(Admission{}.decide(key(1), id("abc123"), false).admitted());
}

TEST_CASE("admission: a proof of the network's secret admits", "[policy][admission]") {
  auto admission = Admission::compile({}).value();

  const auto decision = admission.decide(key(1), id("abc123"), true);

  CHECK(decision.admitted());
  CHECK(decision.admittance == Admittance::by_network_proof);
  CHECK(decision.reason.empty());
  CHECK(admission.pins().empty());
}

TEST_CASE("admission: a whole key admits that key and no other", "[policy][admission]") {
  auto admission = Admission::compile({.allowed = {subject(key(1).to_string())}}).value();

  CHECK(admission.decide(key(1), id("abc123"), false).admittance == Admittance::by_key);
  CHECK(admission.decide(key(2), id("abc123"), false).admittance == Admittance::refused_unknown);
  CHECK_FALSE(admission.pins_changed());
}

TEST_CASE("admission: the first key with a NodeId prefix is pinned to it", "[policy][admission]") {
  auto admission = Admission::compile({.allowed = {subject("node_abc123")}}).value();

  CHECK(admission.decide(key(1), id("abc124"), false).admittance == Admittance::refused_unknown);
  CHECK_FALSE(admission.pins_changed());
  CHECK(admission.decide(key(1), id("abc123"), false).admittance == Admittance::by_node_id);
  CHECK(admission.pins_changed());
  CHECK_FALSE(admission.pins_changed());

  const auto other = admission.decide(key(2), id("abc1239"), false);
  CHECK(other.admittance == Admittance::refused_pin);
  CHECK(other.reason == "another key is pinned to NodeId 'abc123'");
  CHECK(admission.decide(key(1), id("abc123"), false).admitted());
  CHECK_FALSE(admission.pins_changed());
  CHECK(admission.pins() == std::vector<Pin>{{prefix("abc123"), key(1)}});
}

TEST_CASE("admission: a proof does not help against a pin, a whole key does",
          "[policy][admission]") {
  const std::vector<Pin> pins = {{prefix("abc123"), key(1)}};
  auto admission =
      Admission::compile({.allowed = {subject("node_abc123"), subject(key(3).to_string())}}, pins)
          .value();

  CHECK(admission.decide(key(2), id("abc123"), true).admittance == Admittance::refused_pin);
  CHECK(admission.decide(key(3), id("abc123"), false).admittance == Admittance::by_key);
}

TEST_CASE("admission: every prefix that matches is pinned, and each pin counts",
          "[policy][admission]") {
  auto admission =
      Admission::compile({.allowed = {subject("node_abc1"), subject("node_abc123")}}).value();

  CHECK(admission.decide(key(1), id("abc1"), false).admitted());
  CHECK(admission.pins().size() == 1);
  CHECK(admission.decide(key(2), id("abc123"), false).admittance == Admittance::refused_pin);
  CHECK(admission.decide(key(1), id("abc123"), false).admitted());
  CHECK(admission.pins().size() == 2);
}

TEST_CASE("admission: configured peers are admitted and have their names", "[policy][admission]") {
  AdmissionConfig config;
  config.peers = {{.name = "laptop", .key = key(1), .id = {}},
                  {.name = "server", .key = {}, .id = prefix("abc123")},
                  {.name = "address-only", .key = {}, .id = {}}};
  config.allowed = {subject("laptop"), subject("node_abc123")};
  auto admission = Admission::compile(config).value();

  CHECK(admission.decide(key(1), id("1111"), false).name == "laptop");
  CHECK(admission.decide(key(2), id("abc123"), false).name == "server");
  CHECK_FALSE(admission.decide(key(3), id("2222"), false).admitted());
}

TEST_CASE("admission: the seeds' list loads; what is no NodeId admits nobody and says so",
          "[policy][admission]") {
  auto admission =
      Admission::compile({.allowed = {subject("node_abc123"), subject("node_xyz789")}}).value();

  REQUIRE(admission.warnings().size() == 2);
  CHECK(admission.warnings()[0] ==
        "anyone can make a key whose NodeId begins with 'abc123', and the first who comes is "
        "admitted: write at least 16 digits");
  CHECK(admission.warnings()[1] ==
        "peers.allowed: 'node_xyz789' is neither a NodeId nor the name of a configured peer: it "
        "admits nobody");
  CHECK(admission.decide(key(1), id("abc123"), false).admitted());
}

TEST_CASE("admission: a prefix of 16 digits needs no warning", "[policy][admission]") {
  const auto enough = Admission::compile({.allowed = {subject(std::string(16, 'a'))}}).value();
  const auto short_one = Admission::compile({.allowed = {subject(std::string(15, 'a'))}}).value();

  CHECK(enough.warnings().empty());
  CHECK(short_one.warnings().size() == 1);
}

TEST_CASE("admission: reload keeps pins, and taking an entry out revokes it",
          "[policy][admission]") {
  auto first = Admission::compile({.allowed = {subject("node_abc123")}}).value();
  CHECK(first.decide(key(1), id("abc123"), false).admitted());

  auto kept = Admission::compile({.allowed = {subject("node_abc123")}}, first.pins()).value();
  CHECK_FALSE(kept.decide(key(2), id("abc123"), false).admitted());
  CHECK(kept.decide(key(1), id("abc123"), false).admitted());

  auto removed = Admission::compile({}, kept.pins()).value();
  CHECK_FALSE(removed.decide(key(1), id("abc123"), false).admitted());
  CHECK(removed.pins().empty());

  auto put_back = Admission::compile({.allowed = {subject("node_abc123")}}, removed.pins()).value();
  CHECK(put_back.decide(key(2), id("abc123"), false).admitted());
}

TEST_CASE("admission: refuses entries that would admit anybody", "[policy][admission]") {
  CHECK(Admission::compile({.allowed = {subject("*")}}).error() == errc::invalid_argument);
  CHECK(Admission::compile({.allowed = {subject("self")}}).error() == errc::invalid_argument);
  CHECK(Admission::compile({.peers = {{.name = "x", .key = {}, .id = NodeIdPrefix{}}}}).error() ==
        errc::invalid_argument);
  CHECK(Admission::compile({.allowed = std::vector<Subject>(65537, subject("abc123"))}).error() ==
        errc::limit_reached);
}

}  // namespace
}  // namespace quicether::policy
