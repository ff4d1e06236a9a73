/// What a comparison is going to do, decided before it does it: needs, sizes, pairs, tiles.
#pragma once

#include <string>
#include <vector>

#include "confer/similarity/measure.hpp"
#include "run/factor_stage.hpp"
#include "run/kernel_plan.hpp"
#include "run/pair_table.hpp"
#include "run/row_records.hpp"

namespace confer {

/// The chosen measures by the engine that computes them; those of neurons and of held-out samples stand with those of
/// covariances, as work of the pair stage.
struct EngineMeasures {
  std::vector<Measure const*> covariance, kernel, neighbours;
  std::vector<std::size_t> covariance_columns, kernel_columns, neighbour_columns;  ///< their places among all chosen
};

/// Each measure goes to the engine of its statistics; only linear CKA has a choice, and takes kernels of samples when no
/// other measure needs the factors and that is cheaper. Decided by the job alone: never by ranks or machine.
EngineMeasures engine_measures(std::vector<Measure const*> const& measures, Catalog const& catalog,
                               std::vector<Representation> const& representations, JobConfig const& config);
EngineMeasures engine_measures(std::vector<Measure const*> const& measures, std::vector<KernelItem> const& items,
                               JobConfig const& config);

/// Which prepared rows the chosen measures read.
RowNeeds row_needs_of(EngineMeasures const& measures, CompareOptions const& options);

/// What the chosen measures want from the factors.
FactorNeeds factor_needs(EngineMeasures const& measures, std::vector<Representation> const& representations,
                         CompareOptions const& options);

/// Upper bound of the bytes that all factors and prepared rows take.
double store_bytes(std::vector<Representation> const& representations, FactorNeeds const& needs, RowNeeds const& rows,
                   CompareOptions const& options);

/// Stands for a selection of pairs in fingerprints: journals of other pairs are not those of the job.
std::string selection_text(PairSelection const& selection);

/// Refuses a selection that leaves no pair, whatever the files hold.
void require_pairs(PairSelection const& selection, Catalog const& catalog,
                   std::vector<Representation> const& representations);

/// Why pairs are not computed, as far as it is known before computing. Holds a few numbers for each representation, so
/// that every rank can have one however many pairs there are.
class PairRule {
 public:
  PairRule(Catalog const& catalog, std::vector<Representation> const& representations, FactoredSet const& set,
           PairSelection const& selection);
  PairStatus operator()(Index row, Index col) const;
  bool computes(Index row, Index col) const { return (*this)(row, col) == PairStatus::ok; }

 private:
  /// Numbers of the classes that a representation belongs to.
  struct Classes {
    bool usable = true, matched = true;
    Index network = 0, layer = 0, inputs = 0, samples = 0, rows = 0;
  };
  bool selected(Classes const& a, Classes const& b) const;

  PairSelection::Kind kind_;
  std::vector<Classes> classes_;
};

/// Number of the class of mutually comparable representations, per representation; -1 for unusable ones.
std::vector<Index> comparable_groups(Catalog const& catalog, std::vector<Representation> const& representations,
                                     FactoredSet const& set);

}  // namespace confer
