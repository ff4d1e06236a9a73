#include "confer/linalg/block_eigen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/round_to_single.hpp"
#include "linalg/lane_kernels.hpp"
#include "linalg/tridiagonal.hpp"

namespace confer {

namespace {

/// What the reduced matrices of a group may take: they wait for each other's eigenvalues.
constexpr double group_bytes = 16.0 * (1 << 20);

/// Eigenvectors whose error, or whose angle to another one, exceeds this are left to LAPACK.
constexpr double tolerance = 1e-6;

Index small_side(MatrixView<double const> const& block) { return std::min(block.rows, block.cols); }

Index padded(LaneKernels const& kernels, Index k) { return (k + kernels.lanes - 1) / kernels.lanes * kernels.lanes; }

LaneKernels const& best_kernels() { return *available_lane_kernels().back(); }

/// Matrices of up to k x k whose eigenvalues are sought together.
std::size_t group_size(LaneKernels const& kernels, Index k) {
  double const fitting = group_bytes / (8.0 * static_cast<double>(k) * static_cast<double>(k));
  return static_cast<std::size_t>(std::clamp(fitting, 1.0, static_cast<double>(kernels.group * kernels.lanes)));
}

/// A Gram matrix on the way: tridiagonal, and the reflectors that made it so.
struct Reduced {
  Matrix<double> reflectors;
  std::vector<double> tau, diagonal, subdiagonal;
};

class Group {
 public:
  Group(LaneKernels const& kernels, Index largest)
      : kernels_(kernels),
        wide_(kernels.group * kernels.lanes),
        diagonal_(wide_, largest),
        subdiagonal_(wide_, largest),
        work_(kernels.lanes, 3 * kernels.group * largest) {}

  void reduce(MatrixView<double const> block);
  /// The eigenvalues of all that were reduced; then each is asked for once.
  void solve();
  GramEigen decomposition(std::size_t member, double single_above);

 private:
  Matrix<double> vectors(Reduced& matrix, std::vector<double>& values);

  LaneKernels const& kernels_;
  Index wide_;
  std::vector<Reduced> matrices_;
  Matrix<double> diagonal_, subdiagonal_, work_;  // of all, side by side
};

void Group::reduce(MatrixView<double const> block) {
  Index const k = small_side(block), ld = padded(kernels_, k);
  auto const size = static_cast<std::size_t>(k);
  Reduced matrix{Matrix<double>(ld, ld), std::vector<double>(size), std::vector<double>(size),
                 std::vector<double>(size)};
  syrk_lower(1.0, block, block.rows <= block.cols ? Op::none : Op::transpose, 0.0,
             matrix.reflectors.view().block(0, 0, k, k));
  kernels_.tridiagonalise_single(k, matrix.reflectors.data(), ld, work_.data(), matrix.diagonal.data(),
                                 matrix.subdiagonal.data(), 1, matrix.tau.data());
  matrices_.push_back(std::move(matrix));
}

void Group::solve() {
  std::fill_n(diagonal_.data(), diagonal_.size(), 0.0);
  std::fill_n(subdiagonal_.data(), subdiagonal_.size(), 0.0);
  Index largest = 0;
  for (std::size_t m = 0; m < matrices_.size(); ++m) {
    auto const& matrix = matrices_[m];
    auto const k = std::ssize(matrix.diagonal);
    largest = std::max(largest, k);
    for (Index i = 0; i < k; ++i) {
      diagonal_(static_cast<Index>(m), i) = matrix.diagonal[static_cast<std::size_t>(i)];
      subdiagonal_(static_cast<Index>(m), i) = matrix.subdiagonal[static_cast<std::size_t>(i)];
    }
  }
  Index const batches = (std::ssize(matrices_) + kernels_.lanes - 1) / kernels_.lanes;
  if (!kernels_.eigenvalues(largest, batches, diagonal_.data(), subdiagonal_.data()))
    throw std::runtime_error("the QL iteration did not converge");
}

GramEigen Group::decomposition(std::size_t member, double single_above) {
  Reduced& matrix = matrices_[member];
  auto const k = std::ssize(matrix.diagonal);
  GramEigen result;
  for (Index i = 0; i < k; ++i) result.values.push_back(diagonal_(static_cast<Index>(member), i));
  if (std::isnan(result.values.front())) throw std::runtime_error("a block has elements that are not finite");
  std::sort(result.values.begin(), result.values.end(), std::greater<>());
  Matrix<double> const all = vectors(matrix, result.values);
  Index const singles = std::ranges::find_if(result.values, [&](double value) { return !(value > single_above); }) -
                        result.values.begin();
  result.first = Matrix<float>(k, singles, Uninitialised());
  result.others = Matrix<double>(k, k - singles, Uninitialised());
  round_to_single(all.view().block(0, 0, k, singles), result.first);
  std::copy_n(all.view().column(singles), result.others.size(), result.others.data());
  apply_reflectors(matrix.reflectors.const_view().block(0, 0, k, k), matrix.tau, result.others, result.first);
  matrix = Reduced();
  return result;
}

/// Whether vectors with these residuals are safe from the nearest other eigenvalue.
bool well_separated(std::vector<double> const& values, std::vector<double> const& residuals) {
  double const rounding = 4 * std::numeric_limits<double>::epsilon() * std::abs(values.front());
  for (std::size_t i = 0; i < values.size(); ++i) {
    double gap = std::numeric_limits<double>::infinity();
    if (i > 0) gap = std::min(gap, values[i - 1] - values[i]);
    if (i + 1 < values.size()) gap = std::min(gap, values[i] - values[i + 1]);
    if (!(residuals[i] + rounding < tolerance * gap)) return false;
  }
  return true;
}

/// Of the tridiagonal matrix.
Matrix<double> Group::vectors(Reduced& matrix, std::vector<double>& values) {
  auto const k = std::ssize(values);
  Matrix<double> vectors(k, k, Uninitialised());
  std::vector<double> residuals(values.size());
  kernels_.tridiagonal_vectors(k, matrix.diagonal.data(), matrix.subdiagonal.data(), values.data(), work_.data(),
                               vectors.data(), k, residuals.data());
  if (well_separated(values, residuals)) return vectors;
  vectors = Matrix<double>();
  for (double& value : matrix.diagonal) value = -value;  // LAPACK's ascending order is then the descending one
  for (double& value : matrix.subdiagonal) value = -value;
  vectors = tridiagonal_eigenvectors(matrix.diagonal, matrix.subdiagonal);
  std::transform(matrix.diagonal.begin(), matrix.diagonal.end(), values.begin(), std::negate<>());
  return vectors;
}

}  // namespace

void gram_eigenvectors_with(LaneKernels const& kernels, std::span<MatrixView<double const> const> blocks,
                            double single_above,
                            std::function<void(std::size_t block, GramEigen const& eigen)> const& use) {
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Neighbours of about the same size waste least.
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t m) { return small_side(blocks[m]); });
  while (!order.empty() && small_side(blocks[order.back()]) == 0) {
    use(order.back(), GramEigen());
    order.pop_back();
  }
  for (std::size_t begin = 0; begin < order.size();) {
    Index const largest = small_side(blocks[order[begin]]);
    std::size_t const count = std::min(group_size(kernels, largest), order.size() - begin);
    Group group(kernels, largest);
    for (std::size_t at = 0; at < count; ++at) group.reduce(blocks[order[begin + at]]);
    group.solve();
    for (std::size_t at = 0; at < count; ++at) use(order[begin + at], group.decomposition(at, single_above));
    begin += count;
  }
}

void gram_eigenvectors(std::span<MatrixView<double const> const> blocks, double single_above,
                       std::function<void(std::size_t block, GramEigen const& eigen)> const& use) {
  gram_eigenvectors_with(best_kernels(), blocks, single_above, use);
}

double gram_eigenvectors_bytes(Index k) {
  double const one = 8.0 * static_cast<double>(k) * static_cast<double>(k);
  LaneKernels const& kernels = best_kernels();
  return (static_cast<double>(group_size(kernels, std::max<Index>(k, 1))) + 1) * one;  // and what LAPACK works on
}

}  // namespace confer
