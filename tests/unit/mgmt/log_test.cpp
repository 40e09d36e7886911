#include <quicether/mgmt/log.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace std::string_view_literals;
using quicether::Event;
using quicether::Severity;
using quicether::UnixSeconds;
using quicether::mgmt::LogFormat;
using quicether::mgmt::LogOptions;
using quicether::mgmt::LogSink;

namespace {

// 2026-11-21T12:00:00Z
constexpr UnixSeconds kNow = 1795262400;

struct Recorder {
  std::vector<std::string> lines{};
  UnixSeconds now = kNow;

  LogOptions options(LogFormat format = LogFormat::text, bool journal = false) {
    LogOptions options;
    options.format = format;
    options.journal = journal;
    options.unix_time = [this] { return now; };
    options.write = [this](std::string_view line) { lines.emplace_back(line); };
    return options;
  }
};

Event denied(std::string value) {
  return {
      "policy.denied", Severity::warning, {{"peer", "3fa9c0d1e2f3"}, {"name", std::move(value)}}};
}

}  // namespace

TEST_CASE("log: prints one line with time, level, event and fields", "[mgmt][log]") {
  Recorder recorder;
  LogSink log{recorder.options()};

  log.on_event({"session.up", Severity::info, {}});
  log.on_event(denied("home"));
  log.on_event(denied("two words"));
  log.on_event(denied(""));

  CHECK(recorder.lines ==
        std::vector<std::string>{
            "2026-11-21T12:00:00Z info session.up\n",
            "2026-11-21T12:00:00Z warning policy.denied peer=3fa9c0d1e2f3 name=home\n",
            "2026-11-21T12:00:00Z warning policy.denied peer=3fa9c0d1e2f3 name=\"two words\"\n",
            "2026-11-21T12:00:00Z warning policy.denied peer=3fa9c0d1e2f3 name=\"\"\n"});
}

TEST_CASE("log: leaves the time to the journal and tells it the priority", "[mgmt][log]") {
  Recorder recorder;
  LogSink log{recorder.options(LogFormat::text, true)};
  log.set_level(Severity::debug);

  for (const auto severity :
       {Severity::debug, Severity::info, Severity::warning, Severity::error}) {
    log.on_event({"x", severity, {}});
  }

  CHECK(recorder.lines ==
        std::vector<std::string>{"<7>debug x\n", "<6>info x\n", "<4>warning x\n", "<3>error x\n"});
}

TEST_CASE("log: prints JSON lines", "[mgmt][log]") {
  Recorder recorder;
  LogSink log{recorder.options(LogFormat::json)};

  log.on_event(denied("home"));

  CHECK(recorder.lines ==
        std::vector<std::string>{
            R"({"time":"2026-11-21T12:00:00Z","level":"warning","event":"policy.denied",)"
            R"("fields":{"peer":"3fa9c0d1e2f3","name":"home"}})"
            "\n"});
}

TEST_CASE("log: drops what is less severe than its level", "[mgmt][log]") {
  Recorder recorder;
  LogSink log{recorder.options()};

  log.on_event({"a", Severity::debug, {}});
  log.on_event({"b", Severity::info, {}});
  log.set_level(Severity::error);
  log.on_event({"c", Severity::warning, {}});
  log.on_event({"d", Severity::error, {}});

  REQUIRE(recorder.lines.size() == 2);
  CHECK(recorder.lines[0].ends_with(" b\n"));
  CHECK(recorder.lines[1].ends_with(" d\n"));
}

TEST_CASE("log: a hostile value stays one safe line", "[mgmt][log]") {
  for (const auto value : {"a\nb"sv,
                           "a\r\n2026-11-21T12:00:00Z info session.up"sv,
                           "\x1b[2J\x1b[31m"sv,
                           "\xc2\x9b"
                           "2J"sv,
                           "say \"hi\" name=root"sv,
                           "\\\\\""sv,
                           "\xff\xfe\x80"sv,
                           "%n%s%x"sv,
                           "{}{0}"sv,
                           "\0\0"sv,
                           "\xe2\x80\xae\xe2\x80\xa8"sv}) {
    for (const auto format : {LogFormat::text, LogFormat::json}) {
      CAPTURE(value, format == LogFormat::json);
      Recorder recorder;
      LogSink log{recorder.options(format)};

      log.on_event(denied(std::string{value}));

      REQUIRE(recorder.lines.size() == 1);
      const auto& line = recorder.lines[0];
      CHECK(line.find('\n') == line.size() - 1);
      for (const char c : std::string_view{line}.substr(0, line.size() - 1)) {
        CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
      }
      CHECK(line.find("\xc2\x9b") == std::string::npos);
      if (format == LogFormat::json) {
        const auto parsed = boost::json::parse(line);  // throws if it is none, or no UTF-8
        CHECK(parsed.at("event") == "policy.denied");
        CHECK(parsed.at("fields").as_object().size() == 2);
      }
    }
  }
}

TEST_CASE("log: cuts long values", "[mgmt][log]") {
  for (const auto format : {LogFormat::text, LogFormat::json}) {
    Recorder recorder;
    LogSink log{recorder.options(format)};

    log.on_event(denied(std::string(65536, 'x')));

    CHECK(recorder.lines.at(0).size() < 512);
    CHECK(recorder.lines.at(0).find("…") != std::string::npos);
  }
}

TEST_CASE("log: bounds the lines per second of each event and counts the rest", "[mgmt][log]") {
  Recorder recorder;
  auto options = recorder.options();
  options.lines_per_second = 3;
  LogSink log{options};

  for (int i = 0; i < 50000; ++i) {
    log.on_event({"policy.denied", Severity::warning, {}});
  }
  log.on_event({"session.up", Severity::info, {}});
  CHECK(recorder.lines.size() == 4);

  recorder.lines.clear();
  recorder.now += 1;
  log.on_event({"session.up", Severity::info, {}});
  CHECK(recorder.lines ==
        std::vector<std::string>{
            "2026-11-21T12:00:01Z warning log.suppressed event=policy.denied lines=49997\n",
            "2026-11-21T12:00:01Z info session.up\n"});

  recorder.lines.clear();
  recorder.now -= 3600;  // a clock that is set back must not silence the log
  for (int i = 0; i < 5; ++i) {
    log.on_event({"session.up", Severity::info, {}});
  }
  CHECK(recorder.lines.size() == 3);
}

TEST_CASE("log: prints the date of any second", "[mgmt][log]") {
  Recorder recorder;
  LogSink log{recorder.options()};
  for (const UnixSeconds now : {UnixSeconds{0}, UnixSeconds{951782399}, UnixSeconds{4102444800}}) {
    recorder.now = now;
    log.on_event({"x", Severity::info, {}});
  }

  CHECK(recorder.lines == std::vector<std::string>{"1970-01-01T00:00:00Z info x\n",
                                                   "2000-02-28T23:59:59Z info x\n",
                                                   "2100-01-01T00:00:00Z info x\n"});
}
