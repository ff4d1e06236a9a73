/// From sums over kernels to scores.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "confer/io/row_store.hpp"
#include "run/kernel_engine.hpp"
#include "run/pair_table.hpp"

namespace confer {

/// Everything one choice of kernel has to tell about the representations of one group, row sums included.
class KernelTable {
 public:
  /// `members`: representations of the group. `sums`: of all pieces, panel pair by panel pair, less the pairs of
  /// samples with those `left_out`, if any. Kernels are those of all samples.
  KernelTable(KernelChoice const& choice, std::size_t place, KernelPlan const& plan,
              std::vector<KernelSums> const& sums, std::vector<Index> members, std::vector<std::string> const& keys,
              RowStore const& store, CompareOptions const& options, std::span<Index const> left_out = {});

  std::vector<Index> const& members() const { return members_; }
  bool defined(std::size_t i) const { return constants_[i].defined; }
  /// Of the i-th member as row and the j-th as column, for measures of that kernel. Distances come less the shifts of
  /// the samples, which centring does not see; dissimilarities whole, of which nothing but a mean is taken off.
  KernelStats stats(std::size_t i, std::size_t j, Kernel kernel) const;

 private:
  KernelMoments moments(std::size_t i, std::size_t j) const;
  KernelMoments whole_moments(std::size_t i, std::size_t j) const;
  double rounding(std::size_t i, bool whole) const;

  TileFunction function_;
  bool exact_;
  Index samples_;  ///< that count
  std::vector<Index> members_;
  std::vector<KernelConstants> constants_;
  Matrix<double> off_;        // sums over i != j of products, all pairs
  Matrix<double> rows_;       // products of row sums
  Matrix<double> diagonals_;  // products of the diagonals; linear kernels and distances only
  Matrix<double> crossed_;    // products of row sums with diagonals; distances only
  std::vector<double> totals_, traces_, rounding_;
};

}  // namespace confer
