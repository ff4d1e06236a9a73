#include "run/kernel_scores.hpp"

#include <map>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

/// All products of the columns, both triangles.
Matrix<double> column_products(Matrix<double> const& values) {
  Matrix<double> products(values.cols(), values.cols());
  syrk_lower(1.0, values, Op::transpose, 0.0, products);
  mirror_lower(products);
  return products;
}

}  // namespace

KernelTable::KernelTable(KernelChoice const& choice, std::size_t place, KernelPlan const& plan,
                         std::vector<KernelSums> const& sums, std::vector<Index> members,
                         std::vector<std::string> const& keys, RowStore const& store, double bandwidth, Index left_out)
    : function_(choice.function), members_(std::move(members)) {
  auto const count = static_cast<Index>(members_.size());
  std::map<Index, Index> position;
  for (Index i = 0; i < count; ++i) position[members_[static_cast<std::size_t>(i)]] = i;
  off_ = Matrix<double>(count, count);
  totals_.assign(members_.size(), 0.0);
  bool const linear = function_ == TileFunction::inner_product;
  Matrix<double> row_sums, norms;
  samples_ = 0;
  for (Index i = 0; i < count; ++i) {
    MappedRows const rows =
        store.map(row_record_name(keys[static_cast<std::size_t>(members_[static_cast<std::size_t>(i)])], choice.form));
    constants_.push_back(kernel_constants(choice, rows.facts(), bandwidth));
    samples_ = rows.facts().rows;
    if (row_sums.cols() == 0) row_sums = Matrix<double>(samples_, count);
    if (!linear) continue;
    // The rows of a linear kernel of centred data sum to zero: off the diagonal what is left is minus the diagonal.
    auto const squared = rows.squared_norms();
    std::copy(squared.begin(), squared.end(), row_sums.view().column(i));
    for (double const norm : squared) totals_[static_cast<std::size_t>(i)] -= norm;
  }
  BoundedSum const scale = row_sum_scale(choice, samples_);
  for (auto const& part : sums) {
    auto const& row_members = plan.panels[static_cast<std::size_t>(part.row_panel)].members;
    auto const& col_members = plan.panels[static_cast<std::size_t>(part.col_panel)].members;
    if (!position.contains(row_members.front()) || part.products[place].empty()) continue;
    bool const within = part.row_panel == part.col_panel;
    for (std::size_t j = 0; j < col_members.size(); ++j)
      for (std::size_t i = within ? j : 0; i < row_members.size(); ++i) {
        double const value = part.products[place][i + j * row_members.size()].value();
        Index const a = position[row_members[i]], b = position[col_members[j]];
        // Whole kernels are summed over i < j, batches over all elements.
        off_(a, b) = off_(b, a) = function_ == TileFunction::u_centred ? value : 2 * value;
      }
    if (!within || part.row_sums[place].empty()) continue;
    for (std::size_t i = 0; i < row_members.size(); ++i) {
      Index const a = position[row_members[i]];
      for (Index k = 0; k < samples_; ++k) {
        double const value = scale.value(part.row_sums[place][i * static_cast<std::size_t>(samples_) + static_cast<std::size_t>(k)]);
        row_sums(k, a) = value;
        totals_[static_cast<std::size_t>(a)] += value;
      }
    }
  }
  rows_ = column_products(row_sums);
  samples_ -= left_out;
  if (linear) diagonals_ = rows_;
}

KernelMoments KernelTable::moments(std::size_t i, std::size_t j) const {
  auto const a = static_cast<Index>(i), b = static_cast<Index>(j);
  KernelMoments m;
  m.off = off_(a, b);
  m.rows = rows_(a, b);
  if (function_ == TileFunction::inner_product) {
    m.full = m.off + diagonals_(a, b);
    m.full_rows = 0;
    return m;
  }
  double const n = static_cast<double>(samples_), x = constants_[i].diagonal, y = constants_[j].diagonal;
  m.full = m.off + n * x * y;
  m.full_rows = m.rows + y * totals_[i] + x * totals_[j] + n * x * y;
  return m;
}

KernelStats KernelTable::stats(std::size_t i, std::size_t j) const {
  KernelStats s;
  s.rows = samples_;
  s.xy = moments(i, j);
  s.xx = moments(i, i);
  s.yy = moments(j, j);
  s.total_x = totals_[i];
  s.total_y = totals_[j];
  double const n = static_cast<double>(samples_);
  bool const linear = function_ == TileFunction::inner_product;
  s.full_total_x = linear ? 0 : totals_[i] + n * constants_[i].diagonal;
  s.full_total_y = linear ? 0 : totals_[j] + n * constants_[j].diagonal;
  return s;
}

}  // namespace confer
