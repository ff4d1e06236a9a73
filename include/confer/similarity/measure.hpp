/// A similarity measure: what it is called, what it means, what it needs and how it is computed.
///
/// Adding one of the covariance family takes one file and one line: define a `Measure` constant in
/// src/similarity/<name>.cpp and add its identifier to src/similarity/measures.inc. It is then listed, documented
/// and tested by the contract test.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "confer/similarity/held_out.hpp"
#include "confer/similarity/kernel_stats.hpp"
#include "confer/similarity/neighbour_stats.hpp"
#include "confer/similarity/pair_stats.hpp"

namespace confer {

/// Transformations of a representation that leave a measure unchanged. Flags combine with |.
enum Invariance : unsigned {
  invariant_none = 0,
  invariant_translation = 1u << 0,
  invariant_scale = 1u << 1,         ///< one positive factor for all neurons
  invariant_permutation = 1u << 2,   ///< of neurons
  invariant_orthogonal = 1u << 3,    ///< implies permutation
  invariant_linear = 1u << 4,        ///< invertible linear maps; implies orthogonal and scale
};

enum class MeasureKind { similarity, distance };

/// What the statistics of a measure are made of; each kind has an engine of its own.
enum class StatisticsKind { covariance, kernel, neighbours, neurons, held_out };

/// One measure. `score` is called with the row representation as x and the column representation as y.
struct Measure {
  char const* name;        ///< as in the results file
  char const* long_name;
  char const* formula;
  char const* reference;
  MeasureKind kind;
  double lowest, highest;  ///< range
  bool symmetric;
  unsigned row_invariances;     ///< Invariance flags on the row argument
  unsigned column_invariances;  ///< Invariance flags on the column argument
  unsigned needs;               ///< Need flags
  bool core;                    ///< part of the default set
  double (*score)(PairStats const&);  ///< nullptr unless of the covariance family
  std::optional<ChanceLevel> (*chance)(PairStats const&);  ///< nullptr: no closed form known
  bool chance_by_rank = false;  ///< chance depends on n, ranks and components alone: one computation serves many pairs
  StatisticsKind statistics = StatisticsKind::covariance;
  Kernel kernel = Kernel::linear;                                         ///< what the two functions below look at
  double (*kernel_score)(KernelStats const&) = nullptr;                   ///< the kernel family; also linear CKA
  std::optional<ChanceLevel> (*kernel_chance)(KernelStats const&) = nullptr;
  double (*neighbour_score)(NeighbourStats const&) = nullptr;             ///< the neighbour family
  std::optional<ChanceLevel> (*neighbour_chance)(NeighbourGraph const& x, NeighbourGraph const& y) = nullptr;

  double (*held_out_score)(HeldOutStats const&) = nullptr;                ///< fitted and judged on different samples

  bool has_chance() const { return chance != nullptr || kernel_chance != nullptr || neighbour_chance != nullptr; }
};

/// All measures in the order they are documented and written.
std::vector<Measure const*> const& all_measures();

/// The measure of that name, or nullptr.
Measure const* find_measure(std::string_view name);

/// Expands "core", "all" and single names, in table order, without repeats. Throws UsageError for unknown names,
/// listing the known ones.
std::vector<Measure const*> select_measures(std::vector<std::string> const& names);

}  // namespace confer
