/// What the kernel stage computes and in which pieces, decided by the job alone.
#pragma once

#include <functional>
#include <vector>

#include "confer/model/config.hpp"
#include "confer/model/result_set.hpp"
#include "confer/similarity/measure.hpp"
#include "run/row_records.hpp"

namespace confer {

/// How a kernel follows from the inner products of prepared rows.
enum class TileFunction { inner_product, gaussian, distance, squared_distance, complement, rank, u_centred };

/// One kernel of a job.
struct KernelChoice {
  Kernel kernel;
  RowForm form;
  TileFunction function;
};

/// The kernels that the measures look at, each once.
std::vector<KernelChoice> kernel_choices(std::vector<Measure const*> const& measures, CompareOptions const& options);

/// The choice that serves a kernel: distances and Euclidean dissimilarities are the same.
std::size_t choice_of(std::vector<KernelChoice> const& choices, Kernel kernel, CompareOptions const& options);

/// Which prepared rows they read.
RowNeeds kernel_row_needs(std::vector<KernelChoice> const& choices);

/// The rules and parameters of a measure, for the results.
Attributes kernel_notes(Measure const& measure, CompareOptions const& options);

/// Samples [row_begin, row_begin + rows) against [col_begin, col_begin + cols). row_begin <= col_begin; where samples
/// are left out, rows are places among these.
struct KernelTile {
  Index row_begin, rows, col_begin, cols;
};

/// Representations that are treated side by side.
struct KernelPanel {
  std::vector<Index> members;
  Index samples = 0;
  std::vector<Index> left_out;  ///< samples whose pairs with all others are summed; empty: all pairs are
};

/// What is handed out: some tiles of samples for the pairs between two panels, or within one.
struct KernelPiece {
  Index row_panel, col_panel;
  bool batches;  ///< tiles are batches of samples for Kernel::minibatch, not parts of one kernel
  std::vector<KernelTile> tiles;
};

struct KernelPlan {
  std::vector<KernelPanel> panels;
  std::vector<KernelPiece> pieces;  ///< those of the same two panels next to each other
};

/// One representation as the plan sees it.
struct KernelItem {
  Index group = 0;  ///< representations of different groups are never compared; negative: takes no part
  Index samples = 0, features = 0;
};

KernelPlan plan_kernels(std::vector<KernelItem> const& items, std::vector<KernelChoice> const& choices, Index batch);

/// The rows of a representation that a draw leaves out, ascending; none where it leaves nothing out.
using LeftOut = std::function<std::vector<Index> const&(Index representation)>;

/// The same panels, but the pieces hold only those pairs of samples that would be missing without the rows left out.
KernelPlan plan_left_out(std::vector<KernelItem> const& items, std::vector<KernelChoice> const& choices, Index batch,
                         LeftOut const& left_out);

/// Whether linear CKA of all pairs is cheaper from kernels of samples than from products of features.
bool cheaper_by_samples(std::vector<KernelItem> const& items);

}  // namespace confer
