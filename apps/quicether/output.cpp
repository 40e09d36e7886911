#include "output.hpp"

#include <quicether/mgmt/text.hpp>

#include <fmt/format.h>

#include <utility>

namespace cli {
namespace {

using quicether::mgmt::json_quote;

std::string as_json(const Failure& failure) {
  std::string details;
  for (const auto& detail : failure.details) {
    details += (details.empty() ? "" : ",") + json_quote(detail);
  }
  return fmt::format(
      "{{\"error\":{{\"exit_code\":{},\"message\":{},\"advice\":{},\"details\":[{}]}}}}\n",
      static_cast<int>(failure.code),
      json_quote(failure.message),
      json_quote(failure.advice),
      details);
}

std::string as_text(const Failure& failure) {
  auto text = fmt::format("quicether: {}\n", failure.message);
  for (const auto& detail : failure.details) {
    text += fmt::format("  {}\n", detail);
  }
  if (!failure.advice.empty()) {
    text += fmt::format("  {}\n", failure.advice);
  }
  return text;
}

}  // namespace

Output::Output(Write to_stdout, Write to_stderr)
    : out_{std::move(to_stdout)}, err_{std::move(to_stderr)} {}

ExitCode Output::fail(const Failure& failure) const {
  if (json_) {
    out_(as_json(failure));
  } else {
    err_(as_text(failure));
  }
  return failure.code;
}

}  // namespace cli
