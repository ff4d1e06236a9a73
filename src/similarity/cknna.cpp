/// Centred kernel nearest-neighbour alignment: debiased CKA of inner products, as far as both representations count the
/// pair among their nearest neighbours. K, L: inner products of the prepared rows at those places, zero elsewhere; they
/// are not symmetric. HSIC(K, L) = tr(KL) + 1'K1 1'L1 / ((n-1)(n-2)) - 2/(n-2) 1'KL1, up to a factor.
#include <cmath>
#include <limits>
#include <vector>

#include "similarity/measures.hpp"

namespace confer {

namespace {

/// Both kernels at the edges they share.
class SharedEdges {
 public:
  explicit SharedEdges(Index rows)
      : place_(static_cast<std::size_t>(rows), 0), owner_(static_cast<std::size_t>(rows), -1) {}

  double hsic(NeighbourStats const& pair) {
    auto const size = static_cast<std::size_t>(pair.rows);
    begin_.assign(size + 1, 0);
    head_.clear();
    k_.clear();
    l_.clear();
    std::vector<double> columns_k(size, 0.0), rows_l(size, 0.0);
    double total_k = 0, total_l = 0;
    std::fill(owner_.begin(), owner_.end(), Index{-1});
    for (Index i = 0; i < pair.rows; ++i) {
      auto const x = pair.of_x(i), y = pair.of_y(i);
      for (std::size_t r = 0; r < x.size(); ++r) {
        owner_[static_cast<std::size_t>(x[r])] = i;
        place_[static_cast<std::size_t>(x[r])] = r;
      }
      auto const first = static_cast<std::size_t>(i * pair.k);
      for (std::size_t r = 0; r < y.size(); ++r) {
        auto const j = static_cast<std::size_t>(y[r]);
        if (owner_[j] != i) continue;
        double const k = pair.x.inner_products[first + place_[j]], l = pair.y.inner_products[first + r];
        head_.push_back(y[r]);
        k_.push_back(k);
        l_.push_back(l);
        columns_k[j] += k;
        rows_l[static_cast<std::size_t>(i)] += l;
        total_k += k;
        total_l += l;
      }
      begin_[static_cast<std::size_t>(i) + 1] = head_.size();
    }
    double chained = 0;
    for (std::size_t i = 0; i < size; ++i) chained += columns_k[i] * rows_l[i];
    double const n = static_cast<double>(pair.rows);
    return trace() + total_k * total_l / ((n - 1) * (n - 2)) - 2 / (n - 2) * chained;
  }

 private:
  /// tr(KL) = sum of K_ij L_ji.
  double trace() const {
    double sum = 0;
    for (std::size_t i = 0; i + 1 < begin_.size(); ++i)
      for (std::size_t e = begin_[i]; e < begin_[i + 1]; ++e) {
        auto const j = static_cast<std::size_t>(head_[e]);
        for (std::size_t back = begin_[j]; back < begin_[j + 1]; ++back)
          if (head_[back] == static_cast<std::int32_t>(i)) sum += k_[e] * l_[back];
      }
    return sum;
  }

  std::vector<std::size_t> place_;
  std::vector<Index> owner_;
  std::vector<std::size_t> begin_;
  std::vector<std::int32_t> head_;
  std::vector<double> k_, l_;
};

double score(NeighbourStats const& pair) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (pair.rows < 4 || pair.k < 2) return nan;
  SharedEdges edges(pair.rows);
  NeighbourStats xx = pair, yy = pair;
  xx.y = pair.x;
  yy.x = pair.y;
  double const x = edges.hsic(xx), y = edges.hsic(yy);
  if (!(x > 0) || !(y > 0)) return nan;
  // The estimate is no cosine: noise can carry it past what its limit cannot pass.
  return within(-1, edges.hsic(pair) / (std::sqrt(x) * std::sqrt(y)), 1);
}

}  // namespace

Measure const measures::cknna = {
    .name = "cknna",
    .long_name = "centred kernel nearest-neighbour alignment",
    .formula = "HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)), debiased, of inner products K, L at j in N_x(i) & N_y(i), else 0; k >= 2",
    .reference = "Huh et al. 2024",
    .kind = MeasureKind::similarity,
    .lowest = -1,
    .highest = 1,
    .symmetric = false,
    .row_invariances = invariant_scale | invariant_permutation | invariant_orthogonal,
    .column_invariances = invariant_scale | invariant_permutation | invariant_orthogonal,
    .needs = needs_inner_products,
    .core = false,
    .score = nullptr,
    .chance = nullptr,
    .statistics = StatisticsKind::neighbours,
    .neighbour_score = score,
};

}  // namespace confer
