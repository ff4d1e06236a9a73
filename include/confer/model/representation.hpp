/// A representation: one layer of one checkpoint, laid out as a matrix of rows by features.
#pragma once

#include <string>
#include <vector>

#include "confer/model/catalog.hpp"
#include "confer/model/config.hpp"

namespace confer {

/// One row of the analysis: which array, which samples, and the shape of the matrix it becomes.
struct Representation {
  Index checkpoint = 0;        ///< index into Catalog::checkpoints
  Index layer = 0;             ///< index into Checkpoint::layers
  std::string label;           ///< "network@step/layer"
  Index sample_begin = 0;      ///< first input used
  Index samples = 0;           ///< inputs used
  Index rows_per_sample = 1;   ///< positions or time steps that became rows
  Index features = 0;          ///< columns p
  ConvRule conv = ConvRule::mean;
  SequenceRule sequence = SequenceRule::positions;
  std::string row_meaning;     ///< "sample", "sample,height 8,width 8", "sample,time 32": rows match only where equal

  Index rows() const { return samples * rows_per_sample; }
};

/// Throws UsageError when the text of --steps cannot be understood.
void check_steps(std::string const& text);

/// The representations that a selection picks, in catalog order: network, step, layer depth.
/// Throws UsageError when a pattern or range selects nothing.
std::vector<Representation> select_representations(Catalog const& catalog, Selection const& selection);

/// Why two representations cannot be compared; `ok` when they can.
enum class Comparability { ok, other_inputs, other_samples, other_rows };
Comparability comparability(Catalog const& catalog, Representation const& a, Representation const& b);

}  // namespace confer
