#include "run/kernel_scores.hpp"

#include <cmath>
#include <map>

#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

/// The sum of the squares of what rounding may do to distances, centred. The mean square of all is twice that of the
/// norms, which is 1. Codes of 16 bits lose up to 2e-7 sqrt(n) of a value (negligible_squared_error).
double rounding_of_distances(RowFacts const& facts) {
  auto const n = static_cast<double>(facts.rows);
  double const relative = facts.value_bytes == 8 ? 1e-13 : facts.value_bytes == 4 ? 5e-7 : 4e-7 * std::sqrt(n);
  return relative * relative * 2 * n * n;
}

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
                         std::vector<std::string> const& keys, RowStore const& store, CompareOptions const& options,
                         std::span<Index const> left_out)
    : function_(choice.function), exact_(options.exact), members_(std::move(members)) {
  auto const count = static_cast<Index>(members_.size());
  std::map<Index, Index> position;
  for (Index i = 0; i < count; ++i) position[members_[static_cast<std::size_t>(i)]] = i;
  off_ = Matrix<double>(count, count);
  totals_.assign(members_.size(), 0.0);
  traces_.assign(members_.size(), 0.0);
  bool const linear = function_ == TileFunction::inner_product, shifted = function_ == TileFunction::distance;
  Matrix<double> row_sums, diagonals;
  samples_ = 0;
  for (Index i = 0; i < count; ++i) {
    MappedRows const rows =
        store.map(row_record_name(keys[static_cast<std::size_t>(members_[static_cast<std::size_t>(i)])], choice.form));
    constants_.push_back(kernel_constants(choice, rows.facts(), options.bandwidth));
    samples_ = rows.facts().rows;
    rounding_.push_back(shifted ? rounding_of_distances(rows.facts()) : 0);
    if (row_sums.cols() == 0) row_sums = Matrix<double>(samples_, count);
    if (shifted && diagonals.cols() == 0) diagonals = Matrix<double>(samples_, count);
    if (shifted) {
      auto const shifts = rows.distance_shifts();
      for (Index k = 0; k < samples_; ++k)
        diagonals(k, i) = -2 * static_cast<double>(shifts[static_cast<std::size_t>(k)]);
      for (Index const row : left_out) diagonals(row, i) = 0;
      for (double const value : diagonals.view().column_span(i)) traces_[static_cast<std::size_t>(i)] += value;
    }
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
  if (linear) diagonals_ = rows_;
  if (shifted) {
    diagonals_ = column_products(diagonals);
    crossed_ = Matrix<double>(count, count);
    gemm(1.0, row_sums, Op::transpose, diagonals, Op::none, 0.0, crossed_);
  }
  samples_ -= std::ssize(left_out);
  // Of the others the diagonal is one number.
  for (std::size_t i = 0; i < members_.size() && !linear && !shifted; ++i)
    traces_[i] = static_cast<double>(samples_) * constants_[i].diagonal;
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
  if (function_ == TileFunction::distance) {
    m.full = m.off + diagonals_(a, b);
    m.full_rows = m.rows + crossed_(a, b) + crossed_(b, a) + diagonals_(a, b);
    return m;
  }
  double const n = static_cast<double>(samples_), x = constants_[i].diagonal, y = constants_[j].diagonal;
  m.full = m.off + n * x * y;
  m.full_rows = m.rows + y * totals_[i] + x * totals_[j] + n * x * y;
  return m;
}

/// With a_i, b_i the shifts less their means, sums over i != j of (r_ij + a_i + a_j)(s_ij + b_i + b_j), and over i of
/// (k_i + (n - 2) a_i)(l_i + (n - 2) b_i), k and l the row sums of r and s.
KernelMoments KernelTable::whole_moments(std::size_t i, std::size_t j) const {
  auto const a = static_cast<Index>(i), b = static_cast<Index>(j);
  double const n = static_cast<double>(samples_);
  double const shifts = (diagonals_(a, b) - traces_[i] * (traces_[j] / n)) / 4;
  double const crossed = (totals_[i] * (traces_[j] / n) - crossed_(a, b)) / 2 +
                         (totals_[j] * (traces_[i] / n) - crossed_(b, a)) / 2;
  KernelMoments m;
  m.off = off_(a, b) + 2 * crossed + 2 * (n - 2) * shifts;
  m.rows = rows_(a, b) + (n - 2) * crossed + (n - 2) * (n - 2) * shifts;
  return m;
}

/// Beside that of the distances, that of the sums over what is left of them, and of those over whole ones.
double KernelTable::rounding(std::size_t i, bool whole) const {
  double const of_rests = exact_ ? 1.5e-14 : 3e-7;  // products are added up in the precision of the kernels
  constexpr double of_whole = 1.5e-14;
  if (function_ != TileFunction::distance) return 0;
  auto const a = static_cast<Index>(i);
  return rounding_[i] + of_rests * off_(a, a) +
         (whole ? of_whole * static_cast<double>(samples_) * diagonals_(a, a) : 0);
}

KernelStats KernelTable::stats(std::size_t i, std::size_t j, Kernel kernel) const {
  bool const whole = kernel == Kernel::dissimilarity && function_ == TileFunction::distance;
  auto const of = [&](std::size_t x, std::size_t y) { return whole ? whole_moments(x, y) : moments(x, y); };
  KernelStats s;
  s.rows = samples_;
  s.xy = of(i, j);
  s.xx = of(i, i);
  s.yy = of(j, j);
  s.total_x = totals_[i];
  s.total_y = totals_[j];
  s.rounding_x = rounding(i, whole);
  s.rounding_y = rounding(j, whole);
  bool const linear = function_ == TileFunction::inner_product;
  s.full_total_x = linear ? 0 : totals_[i] + traces_[i];
  s.full_total_y = linear ? 0 : totals_[j] + traces_[j];
  return s;
}

}  // namespace confer
