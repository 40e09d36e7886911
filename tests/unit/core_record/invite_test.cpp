#include <quicether/base/hex.hpp>
#include <quicether/core/record/invite.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cctype>
#include <string>

using namespace quicether;
using record::Invite;
using record::parse_invite;
using record::to_text;

namespace {

/// The one in docs/spec/invites.md.
Invite sample() {
  Invite invite;
  invite.network = "home";
  invite.inviter =
      PublicKey::parse("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c").value();
  for (std::uint8_t i = 0; i < 16; ++i) {
    invite.token.at(i) = i;
  }
  invite.expires = 1'800'000'000;
  invite.once = true;
  invite.endpoints = {SocketAddress::parse("192.0.2.1:9000").value(),
                      SocketAddress::parse("[2001:db8::1]:9000").value()};
  return invite;
}

}  // namespace

TEST_CASE("invite: what is written is read", "[record][invite]") {
  const auto text = to_text(sample());

  CHECK(text ==
        "qe1-aeqd2qaxypuehck2sk3qvj2ndn7lzheyfths5rewrtam2vprfl2gmdaccaaacaqdaqcqmbyibefawdanb"
        "yhqgcgaaaaaa22j2iaaibdin5wwkbqbaecqmiziyaaaeaifcirsqiabbw4aaaaaaaaaaaaaaaaaaapfkbogs");
  CHECK(parse_invite(text).value() == sample());
}

TEST_CASE("invite: capitals and white space around do not matter", "[record][invite]") {
  auto text = to_text(sample());
  std::ranges::transform(
      text, text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });

  CHECK(parse_invite("  " + text + "\r\n").value() == sample());
}

TEST_CASE("invite: every damage is noticed", "[record][invite]") {
  const auto text = to_text(sample());

  for (std::size_t i = 0; i < text.size(); ++i) {
    CAPTURE(i);
    auto damaged = text;
    damaged[i] = damaged[i] == 'a' ? 'b' : 'a';
    CHECK_FALSE(parse_invite(damaged).has_value());
    CHECK_FALSE(parse_invite(text.substr(0, i)).has_value());
  }
  CHECK(parse_invite(text + "a").error() == errc::malformed);
}

TEST_CASE("invite: a later version and what is none are told apart", "[record][invite]") {
  CHECK(parse_invite("qe2-abcdef").error() == errc::unsupported);
  CHECK(parse_invite("qe1-").error() == errc::malformed);
  CHECK(parse_invite("hello").error() == errc::malformed);
  CHECK(parse_invite("").error() == errc::malformed);
  CHECK(parse_invite("qe1-" + std::string(2000, 'a')).error() == errc::too_large);
}

TEST_CASE("invite: endpoints after the eighth are left out", "[record][invite]") {
  auto invite = sample();
  invite.endpoints.assign(12, invite.endpoints[1]);

  const auto read = parse_invite(to_text(invite)).value();

  CHECK(read.endpoints.size() == record::kInviteEndpointsMax);
  CHECK(to_text(invite).size() < record::kInviteTextMax);
}

TEST_CASE("invite: special addresses are never dialled", "[record][invite]") {
  auto invite = sample();
  invite.endpoints.push_back(SocketAddress::parse("127.0.0.1:53").value());

  CHECK(parse_invite(to_text(invite)).value().endpoints.size() == 2);

  invite.endpoints = {SocketAddress::parse("127.0.0.1:53").value()};
  CHECK(parse_invite(to_text(invite)).error() == errc::malformed);
}
