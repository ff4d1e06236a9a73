/// One section for the results of each analysis.
#pragma once

#include "confer/model/result_set.hpp"
#include "report/figure.hpp"

namespace confer::report {

/// Each throws InputError naming `path` when the results are not whole.
Section compare_section(ResultSet const& results, std::string const& path);

Section align_section(ResultSet const& results, std::string const& path);

Section match_section(ResultSet const& results, std::string const& path);

Section dynamics_section(ResultSet const& results, std::string const& path);

/// What every results file records: the job, versions, times, files.
Table provenance(ResultSet const& results);

}  // namespace confer::report
