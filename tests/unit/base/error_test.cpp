#include <quicether/base/error.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <set>
#include <string>
#include <utility>

namespace {

using quicether::condition;
using quicether::errc;

constexpr int kLastErrc = static_cast<int>(errc::io_failure);
constexpr int kLastCondition = static_cast<int>(condition::misuse);

void check_wording(const std::string& message) {
  CAPTURE(message);
  REQUIRE_FALSE(message.empty());
  // "TLS" may lead no message: clauses start in lower case and end without a full stop.
  CHECK(message.front() >= 'a');
  CHECK(message.front() <= 'z');
  CHECK(message.back() != '.');
}

}  // namespace

TEST_CASE("error: every code has a message of its own, one lower-case clause", "[base][error]") {
  std::set<std::string> messages;

  for (int value = 1; value <= kLastErrc; ++value) {
    messages.insert(make_error_code(static_cast<errc>(value)).message());
  }

  CHECK(messages.size() == static_cast<std::size_t>(kLastErrc));
  CHECK_FALSE(messages.contains("unknown error"));
  for (const auto& message : messages) {
    check_wording(message);
  }
}

TEST_CASE("error: every condition has a message of its own", "[base][error]") {
  std::set<std::string> messages;

  for (int value = 1; value <= kLastCondition; ++value) {
    messages.insert(make_error_condition(static_cast<condition>(value)).message());
  }

  CHECK(messages.size() == static_cast<std::size_t>(kLastCondition));
  for (const auto& message : messages) {
    check_wording(message);
  }
}

TEST_CASE("error: a code equals the condition its enumerator documents", "[base][error]") {
  // The complete list, as the comments of errc state it.
  const std::array<std::pair<errc, condition>, kLastErrc> kDocumented = {{
      {errc::timed_out, condition::retry_later},
      {errc::connection_lost, condition::retry_later},
      {errc::stateless_reset, condition::retry_later},
      {errc::closed_by_peer, condition::closed},
      {errc::closed_locally, condition::closed},
      {errc::wrong_node_id, condition::denied},
      {errc::no_common_alpn, condition::denied},
      {errc::bad_certificate, condition::denied},
      {errc::not_admitted, condition::denied},
      {errc::not_admitted_by_peer, condition::denied},
      {errc::tls_failure, condition::protocol_violation},
      {errc::incompatible_version, condition::denied},
      {errc::protocol_error, condition::protocol_violation},
      {errc::refused_busy, condition::retry_later},
      {errc::superseded, condition::closed},
      {errc::unreachable, condition::unreachable},
      {errc::no_address, condition::unreachable},
      {errc::no_session, condition::unreachable},
      {errc::to_self, condition::misuse},
      {errc::wrong_shard, condition::retry_later},
      {errc::invite_unknown, condition::denied},
      {errc::invite_expired, condition::denied},
      {errc::invite_used, condition::denied},
      {errc::would_block, condition::retry_later},
      {errc::too_large, condition::misuse},
      {errc::limit_reached, condition::retry_later},
      {errc::truncated, condition::protocol_violation},
      {errc::malformed, condition::protocol_violation},
      {errc::unsupported, condition::misuse},
      {errc::invalid_argument, condition::misuse},
      {errc::not_open, condition::misuse},
      {errc::already_open, condition::misuse},
      {errc::cancelled, condition::closed},
      {errc::end_of_stream, condition::closed},
      {errc::stream_reset, condition::closed},
      {errc::not_found, condition::misuse},
      {errc::permission_denied, condition::denied},
      {errc::insecure_permissions, condition::denied},
      {errc::is_symlink, condition::denied},
      {errc::wrong_owner, condition::denied},
      {errc::empty_file, condition::denied},
      {errc::io_failure, condition::retry_later},
  }};

  int expected_value = 1;
  for (const auto& [code, documented] : kDocumented) {
    CAPTURE(make_error_code(code).message());
    CHECK(static_cast<int>(code) == expected_value++);
    for (int value = 1; value <= kLastCondition; ++value) {
      const auto candidate = static_cast<condition>(value);
      CHECK((make_error_code(code) == candidate) == (candidate == documented));
    }
  }
}

TEST_CASE("error: a value outside the enumeration is named as unknown", "[base][error]") {
  const auto code = make_error_code(static_cast<errc>(kLastErrc + 1));

  CHECK(code.message() == "unknown error");
  CHECK(std::string{code.category().name()} == "quicether");
  CHECK(make_error_condition(static_cast<condition>(99)).message() == "unknown condition");
}
