#ifndef QUICETHER_APPS_QUICETHER_TABLE_HPP
#define QUICETHER_APPS_QUICETHER_TABLE_HPP

#include <string>
#include <vector>

namespace cli {

using Row = std::vector<std::string>;

/// Lays rows out below a header, columns separated by " | ". Every row is as long as the header.
/// Cells may be any bytes: what is not printable is escaped.
[[nodiscard]] std::string format_table(const Row& header, const std::vector<Row>& rows);

}  // namespace cli

#endif  // QUICETHER_APPS_QUICETHER_TABLE_HPP
