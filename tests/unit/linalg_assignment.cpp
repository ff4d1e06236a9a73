// Assignment against exhaustive search, and its duals as a certificate that needs no reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>

#include "confer/linalg/assignment.hpp"

namespace confer {
namespace {

template <class T, class F>
Matrix<T> matrix_of(Index rows, Index cols, F value) {
  Matrix<T> a(rows, cols);
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i) a(i, j) = static_cast<T>(value(i, j));
  return a;
}

double best_by_search(Matrix<double> const& scores) {
  bool const tall = scores.rows() > scores.cols();
  Index const few = std::min(scores.rows(), scores.cols());
  std::vector<Index> order(static_cast<std::size_t>(std::max(scores.rows(), scores.cols())));
  std::iota(order.begin(), order.end(), Index{0});
  double best = -std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (Index i = 0; i < few; ++i) {
      Index const other = order[static_cast<std::size_t>(i)];
      sum += tall ? scores(other, i) : scores(i, other);
    }
    best = std::max(best, sum);
  } while (std::ranges::next_permutation(order).found);
  return best;
}

/// The duals prove optimality: feasible, tight on matched pairs, zero on singles of the longer side.
template <class T>
void expect_optimal(Matrix<T> const& scores, Assignment const& found, double scale) {
  Index const rows = scores.rows(), cols = scores.cols();
  double const rounding = 1e-13 * scale * static_cast<double>(std::max<Index>(rows, 8));
  auto const& [u, v] = found.duals;
  ASSERT_EQ(static_cast<Index>(u.size()), rows);
  ASSERT_EQ(static_cast<Index>(v.size()), cols);
  std::set<Index> used;
  double value = 0, bound = std::accumulate(u.begin(), u.end(), 0.0) + std::accumulate(v.begin(), v.end(), 0.0);
  for (Index i = 0; i < rows; ++i) {
    Index const matched = found.column_of_row[static_cast<std::size_t>(i)];
    for (Index j = 0; j < cols; ++j) {
      double const slack =
          u[static_cast<std::size_t>(i)] + v[static_cast<std::size_t>(j)] - static_cast<double>(scores(i, j));
      EXPECT_GE(slack, -rounding);
      if (j == matched) {
        EXPECT_LE(slack, rounding);
      }
    }
    if (matched < 0) continue;
    EXPECT_TRUE(used.insert(matched).second);
    value += static_cast<double>(scores(i, matched));
  }
  EXPECT_EQ(static_cast<Index>(used.size()), std::min(rows, cols));
  EXPECT_NEAR(found.value, value, rounding);
  EXPECT_NEAR(found.value, bound, rounding * static_cast<double>(std::max<Index>(rows, 1)));
  auto const& longer = rows > cols ? u : v;
  for (double dual : longer) EXPECT_TRUE(rows == cols || dual >= -rounding);
}

TEST(Assignment, EqualsExhaustiveSearch) {
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  for (int round = 0; round < 200; ++round) {
    auto const rows = static_cast<Index>(1 + generator() % 7), cols = static_cast<Index>(1 + generator() % 7);
    bool const tied = round % 2 == 0;
    auto const scores = matrix_of<double>(
        rows, cols, [&](Index, Index) { return tied ? static_cast<double>(generator() % 3) : normal(generator); });
    auto const found = maximum_assignment(scores.view());
    EXPECT_NEAR(found.value, best_by_search(scores), 1e-12);
    expect_optimal(scores, found, 4);
  }
}

TEST(Assignment, LargerMatricesOfEveryKind) {
  std::mt19937 generator(2);
  std::normal_distribution<double> normal;
  std::vector<std::pair<Index, Index>> const shapes = {{64, 64}, {65, 65}, {130, 130}, {63, 200}, {200, 63}, {1, 90}};
  for (auto [rows, cols] : shapes) {
    auto const check = [&](double scale, auto value) {
      auto const doubles = matrix_of<double>(rows, cols, value);
      expect_optimal(doubles, maximum_assignment(doubles.view()), scale);
      auto const floats = matrix_of<float>(rows, cols, value);
      expect_optimal(floats, maximum_assignment(floats.view()), scale);
    };
    check(4, [&](Index, Index) { return normal(generator); });
    check(1, [](Index, Index) { return 0.25; });
    check(3, [&](Index, Index) { return static_cast<double>(generator() % 4); });
    check(1e6, [&](Index i, Index j) { return static_cast<double>((i + 1) * (j + 1)); });
    check(1e-20, [&](Index, Index) { return 1e-20 * normal(generator); });
    check(1e20, [&](Index i, Index j) { return i == j ? 1e20 : normal(generator); });
  }
}

TEST(Assignment, FindsPlantedPermutation) {
  Index const n = 300;
  std::mt19937 generator(3);
  std::vector<Index> planted(static_cast<std::size_t>(n));
  std::iota(planted.begin(), planted.end(), Index{0});
  std::ranges::shuffle(planted, generator);
  std::uniform_real_distribution<double> noise(0, 0.9);
  auto const scores = matrix_of<float>(
      n, n, [&](Index i, Index j) { return planted[static_cast<std::size_t>(i)] == j ? 1.0 : noise(generator); });
  EXPECT_EQ(maximum_assignment(scores.view()).column_of_row, planted);
}

TEST(Assignment, WarmStartGivesTheSameValue) {
  Index const n = 150;
  std::mt19937 generator(4);
  std::normal_distribution<double> normal;
  auto scores = matrix_of<double>(n, n, [&](Index, Index) { return normal(generator); });
  auto const first = maximum_assignment(scores.view());
  EXPECT_NEAR(maximum_assignment(scores.view(), first.duals).value, first.value, 1e-12 * first.value);
  for (double step : {0.01, 1.0, 1e6}) {
    for (Index i = 0; i < scores.size(); ++i) scores.data()[i] += step * normal(generator);
    auto const cold = maximum_assignment(scores.view());
    auto const warm = maximum_assignment(scores.view(), first.duals);
    expect_optimal(scores, warm, 4 * (1 + step));
    EXPECT_NEAR(warm.value, cold.value, 1e-12 * std::abs(cold.value));
  }
}

TEST(Assignment, WarmStartOfAnotherShapeIsIgnored) {
  auto const scores =
      matrix_of<double>(3, 5, [](Index i, Index j) { return static_cast<double>((i * 7 + j * 3) % 5); });
  AssignmentDuals const unrelated{{100, -100, 3}, {1, 2, 3, 4, 5}};
  EXPECT_EQ(maximum_assignment(scores.view(), unrelated).column_of_row,
            maximum_assignment(scores.view()).column_of_row);
}

TEST(Assignment, EmptyAndNonFinite) {
  EXPECT_EQ(maximum_assignment(Matrix<double>(0, 0).const_view()).value, 0);
  EXPECT_EQ(maximum_assignment(Matrix<double>(2, 0).const_view()).column_of_row, (std::vector<Index>{-1, -1}));
  EXPECT_TRUE(maximum_assignment(Matrix<double>(0, 2).const_view()).column_of_row.empty());
  for (double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Matrix<double> scores(2, 2);
    scores(1, 0) = bad;
    EXPECT_THROW(maximum_assignment(scores.const_view()), std::invalid_argument);
  }
}

}  // namespace
}  // namespace confer
