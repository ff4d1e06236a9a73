// Batched spectra against LAPACK: every kind of kernel this processor has, easy and degenerate matrices.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "confer/linalg/block_spectra.hpp"
#include "confer/linalg/dense.hpp"
#include "linalg/lane_kernels.hpp"

namespace confer {
namespace {

using Values = std::vector<double>;

Matrix<double> random_matrix(Index rows, Index cols, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<double> a(rows, cols);
  for (Index i = 0; i < a.size(); ++i) a.data()[i] = normal(generator);
  return a;
}

/// Q diag(values) Q' for a random rotation Q.
Matrix<double> with_spectrum(Values const& values, unsigned seed) {
  auto const k = static_cast<Index>(values.size());
  auto const basis = svd(random_matrix(k, k, seed)).u;
  auto scaled = basis;
  for (Index j = 0; j < k; ++j)
    for (Index i = 0; i < k; ++i) scaled(i, j) *= values[static_cast<std::size_t>(j)];
  Matrix<double> a(k, k);
  gemm(1.0, scaled, Op::none, basis, Op::transpose, 0.0, a);
  return a;
}

struct Case {
  std::string name;
  Matrix<double> matrix;
};

std::vector<Case> hard_cases(Index k) {
  std::vector<Case> cases;
  auto const add_diagonal = [&](char const* name, auto value) {
    Matrix<double> a(k, k);
    for (Index i = 0; i < k; ++i) a(i, i) = value(i);
    cases.push_back({name, a});
  };
  add_diagonal("zero", [](Index) { return 0.0; });
  add_diagonal("identity", [](Index) { return 1.0; });
  add_diagonal("diagonal", [](Index i) { return static_cast<double>(i % 7) - 2.5; });
  add_diagonal("graded down", [](Index i) { return std::pow(10.0, -static_cast<double>(i)); });
  add_diagonal("graded up", [&](Index i) { return std::pow(10.0, -static_cast<double>(k - i)); });
  auto const a = random_matrix(k, k, 17);
  Matrix<double> product(k, k), indefinite(k, k), ones(k, k), tridiagonal(k, k);
  gemm(1.0, a, Op::none, a, Op::transpose, 0.0, product);
  cases.push_back({"random positive", product});
  for (Index j = 0; j < k; ++j)
    for (Index i = 0; i < k; ++i) indefinite(i, j) = a(std::max(i, j), std::min(i, j));
  cases.push_back({"random", indefinite});
  for (Index i = 0; i < k * k; ++i) ones.data()[i] = 1;
  cases.push_back({"rank one", ones});
  for (Index i = 0; i < k; ++i) {
    tridiagonal(i, i) = std::abs(static_cast<double>(i) - static_cast<double>(k) / 2);
    if (i + 1 < k) tridiagonal(i + 1, i) = tridiagonal(i, i + 1) = 1;
  }
  cases.push_back({"Wilkinson", tridiagonal});
  Values clustered(static_cast<std::size_t>(k)), geometric(clustered), two(clustered);
  for (std::size_t i = 0; i < clustered.size(); ++i) {
    clustered[i] = 1 + 1e-14 * static_cast<double>(i);
    geometric[i] = std::pow(10.0, -0.3 * static_cast<double>(i));
    two[i] = i % 2 == 0 ? 1 : -1;
  }
  cases.push_back({"clustered", with_spectrum(clustered, 3)});
  cases.push_back({"geometric", with_spectrum(geometric, 4)});
  cases.push_back({"plus minus one", with_spectrum(two, 5)});
  for (double scale : {1e-30, 1e30, 1e-200, 1e200}) {
    Matrix<double> scaled = product;
    for (Index i = 0; i < k * k; ++i) scaled.data()[i] *= scale;
    cases.push_back({"scaled", scaled});
  }
  return cases;
}

/// Spectra of all the matrices, computed together.
std::vector<Values> spectra_with(LaneKernels const& kernels, std::vector<Matrix<double> const*> const& matrices) {
  Index const k = matrices.front()->rows();
  std::vector<double const*> pointers;
  std::vector<Values> values(matrices.size(), Values(static_cast<std::size_t>(k)));
  std::vector<double*> targets;
  for (std::size_t m = 0; m < matrices.size(); ++m) {
    pointers.push_back(matrices[m]->data());
    targets.push_back(values[m].data());
  }
  symmetric_spectra_with(kernels, k, static_cast<Index>(matrices.size()), pointers.data(), k, targets.data());
  return values;
}

std::vector<Matrix<double> const*> matrices_of(std::vector<Case> const& cases) {
  std::vector<Matrix<double> const*> matrices;
  for (auto const& one : cases) matrices.push_back(&one.matrix);
  return matrices;
}

TEST(BlockSpectra, AgreesWithLapack) {
  for (Index k : {1, 2, 3, 4, 5, 7, 8, 13, 20, 33, 50, 64, 101, 161, 203}) {
    auto const cases = hard_cases(k);
    std::vector<Values> expected;
    for (auto const& one : cases) {
      auto copy = one.matrix;
      expected.push_back(eigvalsh(copy.view()));
    }
    for (auto const* kernels : available_lane_kernels()) {
      auto const values = spectra_with(*kernels, matrices_of(cases));
      for (std::size_t m = 0; m < cases.size(); ++m) {
        double const norm = std::max(std::abs(expected[m].front()), std::abs(expected[m].back()));
        for (std::size_t i = 0; i < values[m].size(); ++i)
          ASSERT_NEAR(values[m][i], expected[m][values[m].size() - 1 - i], 1e-13 * norm)
              << cases[m].name << " k " << k << " " << kernels->name;
      }
    }
  }
}

TEST(BlockSpectra, DoesNotDependOnNeighbours) {
  for (auto const* kernels : available_lane_kernels())
    for (Index k : {1, 6, 27, 162}) {
      auto const cases = hard_cases(k);
      auto const together = spectra_with(*kernels, matrices_of(cases));
      for (std::size_t m = 0; m < cases.size(); ++m)
        EXPECT_EQ(spectra_with(*kernels, {&cases[m].matrix}).front(), together[m]) << cases[m].name;
    }
}

TEST(BlockSpectra, NonFiniteMatrixSpoilsOnlyItself) {
  auto good = with_spectrum({3, 2, 1, 0.5}, 1), bad = good, infinite = good;
  bad(3, 1) = std::numeric_limits<double>::quiet_NaN();
  infinite(0, 0) = std::numeric_limits<double>::infinity();
  for (auto const* kernels : available_lane_kernels()) {
    auto const together = spectra_with(*kernels, {&bad, &good, &infinite});
    EXPECT_EQ(together[1], spectra_with(*kernels, {&good}).front());
    for (std::size_t which : {0, 2})
      for (double value : together[which]) EXPECT_TRUE(std::isnan(value));
  }
}

TEST(BlockSpectra, LargeMatricesOneByOne) {
  Index const k = largest_batched_block() + 1;
  Values values(static_cast<std::size_t>(k));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) / 10;
  auto a = with_spectrum(values, 9);
  Values found(values.size());
  double* matrix = a.data();
  double* target = found.data();
  symmetric_spectra(k, 1, &matrix, k, &target);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(found[i], values[i], 1e-12 * static_cast<double>(k));
  a(k - 1, 0) = std::numeric_limits<double>::quiet_NaN();
  symmetric_spectra(k, 1, &matrix, k, &target);
  EXPECT_TRUE(std::isnan(found[0]));
}

/// A block of given shape inside a larger array, with scales.
template <class T>
struct OwnedBlock {
  OwnedBlock(Index rows, Index cols, unsigned seed, bool scaled)
      : ld(rows + 3), storage(static_cast<std::size_t>(ld * cols)) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    for (auto& value : storage) value = static_cast<T>(normal(generator));
    if (scaled) {
      for (Index i = 0; i < rows; ++i) row_scale.push_back(1.0 / static_cast<double>(i + 1));
      for (Index j = 0; j < cols; ++j) col_scale.push_back(1.0 + static_cast<double>(j % 3));
    }
    view = {storage.data(), rows, cols, ld, scaled ? row_scale.data() : nullptr, scaled ? col_scale.data() : nullptr};
  }
  Matrix<double> dense() const {
    Matrix<double> a(view.rows, view.cols);
    for (Index j = 0; j < view.cols; ++j)
      for (Index i = 0; i < view.rows; ++i) {
        a(i, j) = static_cast<double>(view.data[i + j * ld]);
        if (view.row_scale != nullptr) a(i, j) *= view.row_scale[i] * view.col_scale[j];
      }
    return a;
  }
  Index ld;
  std::vector<T> storage;
  Values row_scale, col_scale;
  ScaledBlock<T> view;
};

template <class T>
void expect_singular_values() {
  std::vector<std::pair<Index, Index>> const shapes = {
      {1, 1},   {5, 5}, {5, 9}, {9, 5},   {40, 7},    {7, 300},   {30, 30}, {31, 29}, {29, 31},
      {60, 60}, {3, 0}, {0, 4}, {64, 50}, {290, 260}, {203, 270}, {2, 1},   {12, 12}, {100, 100}};
  std::vector<OwnedBlock<T>> blocks;
  for (auto [rows, cols] : shapes)
    for (bool scaled : {false, true}) blocks.emplace_back(rows, cols, static_cast<unsigned>(rows), scaled);
  // Moved objects keep their heap storage, so the views stay valid.
  for (auto const* kernels : available_lane_kernels()) {
    std::vector<ScaledBlock<T>> views;
    std::vector<Values> values;
    std::vector<double*> targets;
    for (auto const& block : blocks) {
      views.push_back(block.view);
      values.emplace_back(static_cast<std::size_t>(std::min(block.view.rows, block.view.cols)));
    }
    for (auto& one : values) targets.push_back(one.data());
    block_singular_values_with<T>(*kernels, views, targets);
    for (std::size_t m = 0; m < blocks.size(); ++m) {
      if (values[m].empty()) continue;
      auto const expected = singular_values(blocks[m].dense());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        double const bound = 1e-12 * expected[0] * expected[0] / std::max(expected[i], 1e-8 * expected[0]);
        ASSERT_NEAR(values[m][i], expected[i], bound) << views[m].rows << " x " << views[m].cols;
      }
      Values alone(values[m].size());
      double* target = alone.data();
      block_singular_values_with<T>(*kernels, std::span(&views[m], 1), std::span(&target, 1));
      EXPECT_EQ(alone, values[m]) << views[m].rows << " x " << views[m].cols << " " << kernels->name;
    }
  }
}

TEST(BlockSpectra, SingularValuesOfSinglePrecisionBlocks) { expect_singular_values<float>(); }
TEST(BlockSpectra, SingularValuesOfDoublePrecisionBlocks) { expect_singular_values<double>(); }

TEST(BlockSpectra, SingularValuesOfDegenerateBlocks) {
  Index const k = 24;
  std::vector<float> identity(static_cast<std::size_t>(k * k)), zero(identity), ones(identity.size(), 1.0F), bad(ones);
  for (std::size_t i = 0; i < 24; ++i) identity[i * 25] = 1;
  bad[77] = std::numeric_limits<float>::infinity();
  std::vector<BlockView> const blocks = {
      {identity.data(), k, k, k}, {zero.data(), k, k, k}, {ones.data(), k, k, k}, {bad.data(), k, k, k}};
  std::vector<Values> values(4, Values(static_cast<std::size_t>(k)));
  std::vector<double*> targets;
  for (auto& one : values) targets.push_back(one.data());
  block_singular_values(blocks, targets);
  EXPECT_EQ(values[0], Values(static_cast<std::size_t>(k), 1.0));
  EXPECT_EQ(values[1], Values(static_cast<std::size_t>(k), 0.0));
  EXPECT_NEAR(values[2][0], static_cast<double>(k), 1e-12);
  for (std::size_t i = 1; i < values[2].size(); ++i) EXPECT_NEAR(values[2][i], 0, 1e-6);
  EXPECT_TRUE(std::isnan(values[3][0]));
}

}  // namespace
}  // namespace confer
