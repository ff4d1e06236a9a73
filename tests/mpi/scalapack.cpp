#include "confer/dist/scalapack.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "confer/core/error.hpp"
#include "confer/dist/gram.hpp"
#include "confer/linalg/dense.hpp"

namespace confer {

namespace {

// The same on every rank.
Matrix<double> random_matrix(Index rows, Index cols, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<double> x(rows, cols);
  for (Index j = 0; j < cols; ++j)
    for (Index i = 0; i < rows; ++i) x(i, j) = normal(generator);
  return x;
}

Matrix<double> gram(Matrix<double> const& x) {
  Matrix<double> g(x.cols(), x.cols());
  syrk_lower(1.0, x, Op::transpose, 0.0, g);
  mirror_lower(g);
  return g;
}

Matrix<double> product(MatrixView<double const> a, Op op_a, MatrixView<double const> b, Op op_b) {
  Matrix<double> c(op_a == Op::none ? a.rows : a.cols, op_b == Op::none ? b.cols : b.rows);
  gemm(1.0, a, op_a, b, op_b, 0.0, c.view());
  return c;
}

double largest_difference(Matrix<double> const& a, Matrix<double> const& b) {
  EXPECT_EQ(a.rows(), b.rows());
  EXPECT_EQ(a.cols(), b.cols());
  double largest = 0;
  for (Index i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(a.data()[i] - b.data()[i]));
  return largest;
}

Matrix<double> identity(Index n) {
  Matrix<double> id(n, n);
  for (Index i = 0; i < n; ++i) id(i, i) = 1;
  return id;
}

/// The rows that belong to this rank: the first rank has none, the others share.
MatrixView<double const> own_rows(Communicator const& comm, Matrix<double> const& x) {
  if (comm.size() == 1) return x.view();
  Index const begin = comm.rank() == 0 ? 0 : x.rows() * (comm.rank() - 1) / (comm.size() - 1);
  Index const end = comm.rank() == 0 ? 0 : x.rows() * comm.rank() / (comm.size() - 1);
  return x.view().block(begin, 0, end - begin, x.cols());
}

}  // namespace

TEST(Gram, ReducedLowerTriangleIsTheSumOverRanks) {
  auto const world = Communicator::world();
  for (Index p : {1, 2, 37, 100}) {
    auto const x = random_matrix(53, p, 1);
    Matrix<double> g(p, p);
    g(0, p - 1) = p == 1 ? 0 : -7;
    syrk_lower(1.0, own_rows(world, x), Op::transpose, 0.0, g);
    reduce_gram(world, g);
    auto const expected = gram(x);
    for (Index j = 0; j < p; ++j)
      for (Index i = j; i < p; ++i) EXPECT_NEAR(g(i, j), expected(i, j), 1e-12);
    EXPECT_TRUE(p == 1 || g(0, p - 1) == -7) << "the upper triangle is not ours to change";
  }
}

TEST(Gram, LargeMatricesTravelInPanels) {
  auto const world = Communicator::world();
  Index const p = 4200;  // 8.8 million words: two panels
  Matrix<double> g(p, p);
  for (Index j = 0; j < p; ++j)
    for (Index i = j; i < p; ++i) g(i, j) = static_cast<double>(i + j * p);
  reduce_gram(world, g);
  bool right = true;
  for (Index j = 0; j < p; ++j)
    for (Index i = j; i < p; ++i) right = right && g(i, j) == static_cast<double>(world.size() * (i + j * p));
  EXPECT_TRUE(right);
}

TEST(ProcessGrid, PlacesRanksRowByRow) {
  auto const world = Communicator::world();
  ProcessGrid const grid(world);
  EXPECT_EQ(grid.shape().rows * grid.shape().cols, world.size() == 3 ? 3 : world.size());
  EXPECT_TRUE(grid.is_member());
  EXPECT_EQ(grid.row() * grid.shape().cols + grid.col(), world.rank());
  EXPECT_THROW(ProcessGrid(world, {world.size(), 2}), EnvironmentError);
}

TEST(ProcessGrid, ManyCanLiveAndDie) {
  auto const world = Communicator::world();
  for (int i = 0; i < 50; ++i) {
    ProcessGrid const first(world), second(world, {world.size(), 1});
    EXPECT_NE(first.context(), second.context());
  }
}

TEST(DistMatrix, GathersWhatWasFilledIn) {
  auto const world = Communicator::world();
  ProcessGrid const grid(world);
  DistMatrix a(grid, 7, 5, 2);
  a.fill([](Index i, Index j) { return static_cast<double>(10 * i + j); });
  auto const whole = gather(a);
  for (Index j = 0; j < 5; ++j)
    for (Index i = 0; i < 7; ++i) EXPECT_EQ(whole(i, j), static_cast<double>(10 * i + j));
}

TEST(DistGram, LowerTriangleIsThatOfAllSamples) {
  auto const world = Communicator::world();
  ProcessGrid const grid(world);
  for (Index p : {1, 3, 40, 65})
    for (Index block : {2, 16, 64}) {
      auto const x = random_matrix(31, p, 2);
      auto const g = gather(dist_gram(grid, own_rows(world, x), block));
      auto const expected = gram(x);
      for (Index j = 0; j < p; ++j)
        for (Index i = j; i < p; ++i) EXPECT_NEAR(g(i, j), expected(i, j), 1e-12);
    }
}

class DistEigh : public ::testing::TestWithParam<Index> {};

TEST_P(DistEigh, FactorsRebuildTheMatrix) {
  auto const world = Communicator::world();
  ProcessGrid const grid(world);
  Index const p = GetParam();
  auto const x = random_matrix(2 * p, p, 3);
  auto const g = gram(x);
  auto const reference = eigh(g);
  double const norm = reference.values.front();
  for (Index top : {p, (p + 1) / 2, Index{1}})
    for (Index block : {4, 32, 64}) {
      auto a = dist_gram(grid, own_rows(world, x), block);
      auto const found = dist_eigh(a, top);
      ASSERT_EQ(std::ssize(found.values), top);
      for (Index i = 0; i < top; ++i)
        EXPECT_NEAR(found.values[static_cast<std::size_t>(i)], reference.values[static_cast<std::size_t>(i)],
                    1e-12 * norm);
      auto const v = gather(found.vectors);
      EXPECT_LT(largest_difference(product(v, Op::transpose, v, Op::none), identity(top)), 1e-11);
      auto scaled = v;
      for (Index j = 0; j < top; ++j)
        for (Index i = 0; i < p; ++i) scaled(i, j) *= found.values[static_cast<std::size_t>(j)];
      EXPECT_LT(largest_difference(product(g, Op::none, v, Op::none), scaled), 1e-11 * norm);
      if (top == p) {
        EXPECT_LT(largest_difference(product(scaled, Op::none, v, Op::transpose), g), 1e-11 * norm);
      }
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, DistEigh, ::testing::Values(1, 2, 3, 10, 33, 64, 65, 150));

TEST(DistEighEdge, NothingAskedForOrClusteredValues) {
  auto const world = Communicator::world();
  ProcessGrid const grid(world);
  DistMatrix a(grid, 50, 50, 8);
  a.fill([](Index i, Index j) { return i == j ? (i < 25 ? 2.0 : 1.0) : 0.0; });
  EXPECT_TRUE(dist_eigh(a, 0).values.empty());
  auto const found = dist_eigh(a, 30);
  for (Index i = 0; i < 30; ++i) EXPECT_NEAR(found.values[static_cast<std::size_t>(i)], i < 25 ? 2.0 : 1.0, 1e-14);
  auto const v = gather(found.vectors);
  EXPECT_LT(largest_difference(product(v, Op::transpose, v, Op::none), identity(30)), 1e-13);
}

TEST(DistSvd, FactorsRebuildTheMatrix) {
  auto const world = Communicator::world();
  ProcessGrid const grid(world);
  for (auto [rows, cols] : {std::pair<Index, Index>{60, 20}, {20, 60}, {3, 5}, {1, 1}, {40, 40}}) {
    auto const x = random_matrix(rows, cols, 4);
    DistMatrix a(grid, rows, cols, 8);
    a.fill([&](Index i, Index j) { return x(i, j); });
    auto const found = dist_svd(a);
    auto const expected = singular_values(x);
    ASSERT_EQ(found.s.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found.s[i], expected[i], 1e-12);
    auto u = gather(found.u);
    auto const vt = gather(found.vt);
    for (Index j = 0; j < u.cols(); ++j)
      for (Index i = 0; i < u.rows(); ++i) u(i, j) *= found.s[static_cast<std::size_t>(j)];
    EXPECT_LT(largest_difference(product(u, Op::none, vt, Op::none), x), 1e-12);
  }
}

// The two independent routes to one spectrum, with ranks that hold no samples and ranks outside the grid.
TEST(DistSvd, AgreesWithTheGramRouteOnAnyGrid) {
  auto const world = Communicator::world();
  auto const x = random_matrix(45, 18, 5);
  for (GridShape shape : {GridShape{1, 1}, GridShape{1, world.size()}, GridShape{world.size(), 1}}) {
    ProcessGrid const grid(world, shape);
    auto g = dist_gram(grid, own_rows(world, x), 4);
    auto const values = dist_eigh(g, 18).values;
    DistMatrix a(grid, 45, 18, 4);
    a.fill([&](Index i, Index j) { return x(i, j); });
    auto const s = dist_svd(a).s;
    for (std::size_t i = 0; i < s.size(); ++i) EXPECT_NEAR(std::sqrt(values[i]), s[i], 1e-12);
  }
}

}  // namespace confer
