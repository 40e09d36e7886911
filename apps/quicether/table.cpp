#include "table.hpp"

#include <quicether/mgmt/text.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace cli {
namespace {

// Characters, not bytes. Wide ones misalign a row, which is no worse than that.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

std::string format_row(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    line += row[i];
    if (i + 1 < row.size()) {
      line += std::string(widths[i] - width_of(row[i]), ' ') + " | ";
    }
  }
  return line + '\n';
}

}  // namespace

std::string format_table(const Row& header, const std::vector<Row>& rows) {
  std::vector<Row> lines{header};
  lines.insert(lines.end(), rows.begin(), rows.end());
  std::vector<std::size_t> widths(header.size());
  for (auto& line : lines) {
    line.resize(header.size());
    for (std::size_t i = 0; i < line.size(); ++i) {
      line[i] = quicether::mgmt::printable(line[i], 80);
      widths[i] = std::max(widths[i], width_of(line[i]));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    text += format_row(line, widths);
  }
  return text;
}

}  // namespace cli
