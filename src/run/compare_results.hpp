/// Turns the values of a comparison into the result set that is written: coordinates, measures, chance levels, reasons.
#pragma once

#include <string>
#include <vector>

#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"
#include "confer/model/representation.hpp"
#include "confer/model/result_set.hpp"
#include "run/derived_matrices.hpp"
#include "run/factor_stage.hpp"
#include "run/pair_table.hpp"

namespace confer {

/// Everything a result set is made from; references outlive the results, whose derived rows look at them.
struct ComparisonData {
  JobConfig const& config;
  Catalog const& catalog;
  std::vector<Representation> const& representations;
  FactoredSet const& factors;
  PairStatusRows const& status;
  std::vector<std::string> const& keys;  ///< of everything the values of each representation depend on
};

/// Takes the matrices out of `table`.
ResultSet comparison_results(ComparisonData const& data, PairTable&& table);

/// Coordinates along `dimension` that describe representations: label, network, step, layer, depth and the metadata of
/// the files. Shared by all analyses whose rows are representations.
void add_representation_coordinates(ResultSet& results, std::string const& dimension, Catalog const& catalog,
                                    std::vector<Representation> const& representations);

/// What was refused, and the input files with sizes and ids.
void add_provenance(ResultSet& results, JobConfig const& config, Catalog const& catalog);

}  // namespace confer
