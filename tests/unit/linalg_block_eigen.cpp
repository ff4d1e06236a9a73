// Eigenvectors of Gram matrices of many blocks against LAPACK: every kind of kernel this processor has, well separated
// and degenerate spectra.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "confer/linalg/block_eigen.hpp"
#include "confer/linalg/dense.hpp"
#include "linalg/lane_kernels.hpp"
#include "unit/dense_fixtures.hpp"

namespace confer::test {
namespace {

struct Case {
  std::string name;
  Matrix<double> block;
  bool separated = false;
};

/// A rows x cols block with the given singular values.
template <class Value>
Matrix<double> with_values(Index rows, Index cols, Value value) {
  Matrix<double> left = svd(gaussian(rows, rows, 1)).u, block(rows, cols);
  Matrix<double> const right = svd(gaussian(cols, cols, 2)).vt;
  Index const k = std::min(rows, cols);
  for (Index j = 0; j < k; ++j)
    for (double& element : left.view().column_span(j)) element *= value(j);
  gemm(1.0, left.view().block(0, 0, rows, k), Op::none, right.view().block(0, 0, k, cols), Op::none, 0.0, block);
  return block;
}

std::vector<Case> cases_of(Index rows, Index cols) {
  auto const k = static_cast<double>(std::min(rows, cols));
  auto const at = [](Index j) { return static_cast<double>(j); };
  std::vector<Case> cases;
  cases.push_back({"even", with_values(rows, cols, [&](Index j) { return 1 - at(j) / k; }), true});
  cases.push_back({"large", with_values(rows, cols, [&](Index j) { return 1e30 * (1 - at(j) / k); }), true});
  cases.push_back({"small", with_values(rows, cols, [&](Index j) { return 1e-30 * (1 - at(j) / k); }), true});
  cases.push_back({"random", gaussian(rows, cols, 7)});
  cases.push_back({"zero", Matrix<double>(rows, cols)});
  cases.push_back({"equal", with_values(rows, cols, [](Index) { return 1.0; })});
  cases.push_back({"rank one", with_values(rows, cols, [](Index j) { return j == 0 ? 1.0 : 0.0; })});
  cases.push_back({"ones and zeros", with_values(rows, cols, [](Index j) { return j % 2 == 0 ? 1.0 : 0.0; })});
  cases.push_back({"near", with_values(rows, cols, [&](Index j) { return 1 + 1e-13 * at(j); })});
  cases.push_back({"nearly apart", with_values(rows, cols, [&](Index j) { return 1 - 1e-8 * at(j); })});
  cases.push_back({"geometric", with_values(rows, cols, [&](Index j) { return std::pow(0.5, at(j)); })});
  Matrix<double> diagonal(rows, cols);
  for (Index j = 0; j < std::min(rows, cols); ++j) diagonal(j, j) = 1 + at(j % 3);
  cases.push_back({"diagonal", diagonal});
  return cases;
}

std::vector<Eigen> decompositions(LaneKernels const& kernels, std::vector<Case> const& cases) {
  std::vector<MatrixView<double const>> blocks;
  for (auto const& one : cases) blocks.push_back(one.block.const_view());
  std::vector<Eigen> results(cases.size());
  std::vector<int> calls(cases.size());
  gram_eigenvectors_with(kernels, blocks, std::numeric_limits<double>::infinity(),
                         [&](std::size_t m, GramEigen const& eigen) {
                           EXPECT_EQ(eigen.first.size(), 0);
                           results[m] = {eigen.values, eigen.others};
                           ++calls[m];
                         });
  EXPECT_EQ(calls, std::vector<int>(cases.size(), 1));
  return results;
}

Matrix<double> gram_of(Matrix<double> const& block) {
  Index const k = std::min(block.rows(), block.cols());
  Matrix<double> gram(k, k);
  Op const op = block.rows() <= block.cols() ? Op::none : Op::transpose;
  syrk_lower(1.0, block, op, 0.0, gram);
  mirror_lower(gram);
  return gram;
}

double largest(Matrix<double> const& a) {
  double most = 0;
  for (Index i = 0; i < a.size(); ++i)
    most = std::isnan(a.data()[i]) ? a.data()[i] : std::max(most, std::abs(a.data()[i]));
  return most;
}

void expect_decomposition(Case const& one, Eigen const& eigen) {
  Matrix<double> const gram = gram_of(one.block);
  Index const k = gram.rows();
  Eigen const expected = eigh(gram);
  double const size = std::max(std::abs(expected.values.front()), 1e-300);
  ASSERT_EQ(eigen.values.size(), expected.values.size());
  for (std::size_t i = 0; i < expected.values.size(); ++i)
    EXPECT_NEAR(eigen.values[i], expected.values[i], 1e-13 * size) << i;
  Matrix<double> residual(k, k), products(k, k);
  for (Index j = 0; j < k; ++j)
    for (Index i = 0; i < k; ++i) residual(i, j) = eigen.vectors(i, j) * eigen.values[static_cast<std::size_t>(j)];
  gemm(1.0, gram, Op::none, eigen.vectors, Op::none, -1.0, residual);
  EXPECT_LE(largest(residual), 1e-13 * size);
  gemm(1.0, eigen.vectors, Op::transpose, eigen.vectors, Op::none, 0.0, products);
  for (Index i = 0; i < k; ++i) products(i, i) -= 1;
  EXPECT_LE(largest(products), one.separated ? 1e-11 : 1e-6);
  if (!one.separated) return;
  gemm(1.0, eigen.vectors, Op::transpose, expected.vectors, Op::none, 0.0, products);
  for (Index i = 0; i < k; ++i) EXPECT_NEAR(std::abs(products(i, i)), 1, 1e-12) << i;
}

TEST(BlockEigen, AgreesWithLapack) {
  for (auto const& [rows, cols] : {std::pair<Index, Index>{1, 1},
                                   {1, 4},
                                   {5, 2},
                                   {3, 3},
                                   {8, 8},
                                   {9, 30},
                                   {17, 16},
                                   {64, 64},
                                   {50, 83},
                                   {130, 101}}) {
    auto const cases = cases_of(rows, cols);
    for (auto const* kernels : available_lane_kernels()) {
      auto const results = decompositions(*kernels, cases);
      for (std::size_t m = 0; m < cases.size(); ++m) {
        SCOPED_TRACE(cases[m].name + " " + std::to_string(rows) + " x " + std::to_string(cols) + " " + kernels->name);
        expect_decomposition(cases[m], results[m]);
      }
    }
  }
}

TEST(BlockEigen, ResultsDoNotDependOnNeighbours) {
  std::vector<Case> mixed;
  for (Index const rows : {12, 70, 33, 70, 1, 48})
    for (auto& one : cases_of(rows, 40)) mixed.push_back(one);
  for (auto const* kernels : available_lane_kernels()) {
    auto const together = decompositions(*kernels, mixed);
    for (std::size_t m = 0; m < mixed.size(); ++m) {
      auto const alone = decompositions(*kernels, {mixed[m]});
      ASSERT_EQ(together[m].values, alone.front().values) << mixed[m].name << " " << kernels->name;
      auto const& a = together[m].vectors;
      auto const& b = alone.front().vectors;
      ASSERT_TRUE(std::equal(a.data(), a.data() + a.size(), b.data())) << mixed[m].name << " " << kernels->name;
    }
  }
}

TEST(BlockEigen, FirstVectorsAreRoundedToSinglePrecision) {
  for (auto const& one : cases_of(90, 70)) {
    SCOPED_TRACE(one.name);
    auto const all = decompositions(*available_lane_kernels().back(), {one}).front();
    double const limit = 0.3 * all.values.front();
    MatrixView<double const> const block = one.block;
    gram_eigenvectors({&block, 1}, limit, [&](std::size_t, GramEigen const& eigen) {
      Index const k = all.vectors.rows(), singles = eigen.first.cols();
      ASSERT_EQ(eigen.values, all.values);
      ASSERT_EQ(singles, std::ranges::count_if(all.values, [&](double value) { return value > limit; }));
      ASSERT_EQ(eigen.others.cols(), k - singles);
      for (Index j = 0; j < singles; ++j)
        for (Index i = 0; i < k; ++i) EXPECT_NEAR(eigen.first(i, j), all.vectors(i, j), 1e-6);
      for (Index j = 0; j < eigen.others.cols(); ++j)
        for (Index i = 0; i < k; ++i) EXPECT_NEAR(eigen.others(i, j), all.vectors(i, singles + j), 1e-13);
    });
  }
}

TEST(BlockEigen, EmptyBlocksAreVisitedToo) {
  std::vector<Case> const cases = {{"no rows", Matrix<double>(0, 3)}, {"some", gaussian(2, 3, 1)}};
  auto const results = decompositions(*available_lane_kernels().back(), cases);
  EXPECT_TRUE(results[0].values.empty());
  EXPECT_EQ(results[1].values.size(), 2U);
}

}  // namespace
}  // namespace confer::test
