#include <quicether/mgmt/text.hpp>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>
#include <string_view>

using namespace std::string_view_literals;
using quicether::mgmt::closest_match;
using quicether::mgmt::json_quote;
using quicether::mgmt::printable;
using quicether::mgmt::quote;

TEST_CASE("printable: leaves printable UTF-8 alone", "[mgmt][text]") {
  for (const auto text : {""sv, "home-server"sv, "Zürich"sv, "東京"sv, "🚀 go"sv, "100%n"sv}) {
    CHECK(printable(text) == text);
  }
}

TEST_CASE("printable: makes everything else visible", "[mgmt][text]") {
  struct Case {
    std::string_view name;
    std::string_view text;
    std::string_view shown;
  };

  for (const auto& [name, text, shown] : {
           Case{"line end", "a\nb\r\n", "a\\nb\\r\\n"},
           Case{"tab", "a\tb", "a\\tb"},
           Case{"zero byte", "a\0b"sv, "a\\x00b"},
           Case{"ANSI colour", "\x1b[31mred", "\\x1b[31mred"},
           Case{"delete", "a\x7f", "a\\x7f"},
           Case{"backslash", "a\\nb", "a\\\\nb"},
           Case{"C1 control sequence introducer",
                "\xc2\x9b"
                "31m",
                "\\u{9b}31m"},
           Case{"right-to-left override",
                "\xe2\x80\xae"
                "gpj.exe",
                "\\u{202e}gpj.exe"},
           Case{"zero-width space",
                "a\xe2\x80\x8b"
                "b",
                "a\\u{200b}b"},
           Case{"byte order mark", "\xef\xbb\xbfx", "\\u{feff}x"},
           Case{"tag character", "\xf3\xa0\x81\x81", "\\u{e0041}"},
           Case{"lone continuation byte", "a\x80z", "a\\x80z"},
           Case{"cut character", "a\xe6\x9d", "a\\xe6\\x9d"},
           Case{"overlong slash", "\xc0\xaf", "\\xc0\\xaf"},
           Case{"overlong of three", "\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
           Case{"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
           Case{"above Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
           Case{"impossible bytes", "\xfe\xff", "\\xfe\\xff"},
       }) {
    CAPTURE(name);
    CHECK(printable(text) == shown);
  }
}

TEST_CASE("printable: shows at most so many bytes and never half a character", "[mgmt][text]") {
  CHECK(printable("abcdef", 6) == "abcdef");
  CHECK(printable("abcdef", 5) == "abcde…");
  CHECK(printable("aéb", 2) == "a…");
  CHECK(printable(std::string(65536, 'x')).size() == 256 + std::string_view{"…"}.size());
}

TEST_CASE("quote: marks both ends and escapes quotes inside", "[mgmt][text]") {
  CHECK(quote("") == R"("")");
  CHECK(quote(R"(a "b" c)") == R"("a \"b\" c")");
  CHECK(quote("a\nb") == R"("a\nb")");
}

TEST_CASE("json_quote: is valid JSON and safe to print for any bytes", "[mgmt][text]") {
  CHECK(json_quote("Zürich \"x\" \\") == R"("Zürich \"x\" \\")");
  CHECK(json_quote("a\nb\x1b[0m") == R"("a\u000ab\u001b[0m")");
  CHECK(json_quote("\xe2\x80\xae") == R"("\u202e")");
  CHECK(json_quote("\xf3\xa0\x81\x81") == R"("\udb40\udc41")");
  CHECK(json_quote("a\xff") == "\"a\xef\xbf\xbd\"");
}

TEST_CASE("closest_match: finds typing errors and nothing far-fetched", "[mgmt][text]") {
  constexpr std::array words{"tun_name"sv, "tun_addr"sv, "mtu"sv, "advertise_subnets"sv};

  CHECK(closest_match("tun_nmae", words) == "tun_name");
  CHECK(closest_match("tun_adr", words) == "tun_addr");
  CHECK(closest_match("mut", words) == "mtu");
  CHECK(closest_match("advertised_subnet", words) == "advertise_subnets");
  CHECK(closest_match("metrics", words).empty());
  CHECK(closest_match("", words).empty());
  CHECK(closest_match(std::string(100000, 'm'), words).empty());
}
