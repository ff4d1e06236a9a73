/// Results as comma-separated text (RFC 4180) that spreadsheets, pandas and R read.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "confer/model/result_set.hpp"

namespace confer {

/// tidy: one row per value with its labels beside it. wide: one variable as a matrix with labels on both sides.
enum class TableShape { tidy, wide };

struct TableRequest {
  std::vector<std::string> measures;  ///< names of variables; empty: chosen by the results
  TableShape shape = TableShape::tidy;
};

/// Writes one table with a header line. Not-a-number is written as NaN, line ends are a single newline.
///
/// Tidy tables of pairwise measures have one row per pair and measure: row, column, network, step and layer of both,
/// measure, value, null, z, status. Other variables stand side by side, one row per combination of their dimensions.
/// Returns the data variables that do not fit into the table. Throws UsageError for names that the results lack or
/// that cannot share a table.
std::vector<std::string> write_csv(ResultSet const& results, TableRequest const& request, std::ostream& out);

/// One field, quoted where it has to be.
std::string csv_field(std::string_view text);

}  // namespace confer
