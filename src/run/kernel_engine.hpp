/// Kernels of tiles of samples for many representations at once, and the sums of their products over all pairs.
///
/// For a tile every representation's kernel is one column; all pairs are then one symmetric product. No n x n matrix
/// exists. Sums are fixed-point numbers, the same whatever the order of the pieces.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "confer/io/row_store.hpp"
#include "run/fixed_sum.hpp"
#include "run/kernel_plan.hpp"

namespace confer {

/// Sums over some pieces of two panels, for every choice of kernel.
struct KernelSums {
  Index row_panel = -1, col_panel = -1;
  std::vector<Index> pieces;                            ///< that they hold
  std::vector<std::vector<FixedSum>> products;          ///< members of the row panel x of the column panel, column-major
  std::vector<std::vector<std::int64_t>> row_sums;      ///< samples x members; within one panel only

  void add(KernelSums const& other);
  /// Takes off the pairs of samples that are missing without those left out. `missing`: their sums, of the same panels.
  void leave_out(KernelSums const& missing, std::vector<Index> const& left_out, Index samples);
};
std::string encode(KernelSums const& sums);
KernelSums decode_kernel_sums(std::string const& record);

/// The constant that a kernel's elements were reduced by, and whether the kernel exists.
struct KernelConstants {
  bool defined = true;
  double rate = 0;      ///< 1 / (2 sigma^2) of a Gaussian kernel
  double shift = 0;     ///< about the middle of the values, so that centring cancels little
  double diagonal = 0;  ///< of all samples; linear kernels have squared norms instead, distances twice the shifts
};
KernelConstants kernel_constants(KernelChoice const& choice, RowFacts const& facts, double bandwidth);

/// What bounds the sum of a row of such a kernel.
BoundedSum row_sum_scale(KernelChoice const& choice, Index samples);

struct KernelEngineOptions {
  std::vector<KernelChoice> choices;
  double bandwidth = 1;
  bool exact = false;
};

class KernelEngine {
 public:
  /// `keys`: of all representations in the store. The plan must outlive the engine.
  KernelEngine(RowStore store, std::vector<std::string> keys, KernelPlan const& plan, KernelEngineOptions options);
  ~KernelEngine();

  /// The sums of one piece; `poll` is called every few milliseconds.
  KernelSums compute(Index piece, std::function<void()> const& poll);

 private:
  template <class T>
  struct Worker;
  std::unique_ptr<Worker<float>> fast_;
  std::unique_ptr<Worker<double>> exact_;
};

}  // namespace confer
