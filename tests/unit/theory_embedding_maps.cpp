/// Affine maps on embeddings that are maps of each other.
#include <gtest/gtest.h>

#include <cmath>

#include "confer/theory/embedding_maps.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

struct Moments {
  Matrix<double> source, target, cross;
  Index rows;

  Moments(Matrix<double> const& x, Matrix<double> const& y)
      : source(x.cols(), x.cols()), target(y.cols(), y.cols()), cross(x.cols(), y.cols()), rows(x.rows()) {
    Matrix<double> const a = centred(x), b = centred(y);
    gemm(1, a.view(), Op::transpose, a.view(), Op::none, 0, source);
    gemm(1, b.view(), Op::transpose, b.view(), Op::none, 0, target);
    gemm(1, a.view(), Op::transpose, b.view(), Op::none, 0, cross);
  }
  MapMoments view() const { return {source, target, cross, rows}; }
  double r2(MapKind kind) const { return map_r2(fit_map(kind, view()), view()); }
};

TEST(EmbeddingMaps, ARotatedEmbeddingIsMappedByProcrustes) {
  Matrix<double> const x = gaussian(200, 12, 1), y = translated(product(x, rotation(12, 2)));
  Moments const m(x, y);
  EXPECT_LT(1 - m.r2(MapKind::procrustes), 1e-10);
  EXPECT_LT(m.r2(MapKind::identity), 0.5);
}

TEST(EmbeddingMaps, ALinearlyMappedOneByLeastSquaresOnly) {
  Matrix<double> const x = gaussian(200, 12, 3), y = product(x, gaussian(12, 9, 4));
  Moments const m(x, y);
  EXPECT_NEAR(m.r2(MapKind::linear), 1, 1e-12);
  EXPECT_LT(m.r2(MapKind::procrustes), 0.9);
  EXPECT_NEAR(m.r2(MapKind::ridge), 1, 1e-6);
}

TEST(EmbeddingMaps, ProcrustesIsNeverBetterThanLeastSquaresWhereItIsFitted) {
  for (unsigned seed = 0; seed < 5; ++seed) {
    Matrix<double> const x = gaussian(60, 8, seed), y = added(gaussian(60, 8, seed + 50), x, 1.0);
    Moments const m(x, y);
    EXPECT_LE(m.r2(MapKind::procrustes), m.r2(MapKind::linear));
    EXPECT_LE(m.r2(MapKind::ridge), m.r2(MapKind::linear));
  }
}

TEST(EmbeddingMaps, MoreNeuronsThanSamplesLeaveTheLeastNorm) {
  Matrix<double> const x = gaussian(10, 30, 5), y = gaussian(10, 4, 6);
  Moments const m(x, y);
  EmbeddingMap const map = fit_map(MapKind::linear, m.view());
  EXPECT_NEAR(map_r2(map, m.view()), 1, 1e-9);
  EXPECT_LT(squared_norm(map.weights), 100);
}

TEST(EmbeddingMaps, RidgeTakesThePenaltyOfLeastCrossValidation) {
  Matrix<double> const x = gaussian(50, 30, 7), y = added(gaussian(50, 3, 8), product(x, gaussian(30, 3, 9)), 0.1);
  Moments const m(x, y);
  EmbeddingMap const map = fit_map(MapKind::ridge, m.view());
  auto const score = [&](double penalty) {  // by the definition, row by row of the hat matrix
    Svd const parts = svd(centred(x));
    Matrix<double> const b = centred(y);
    double freedom = 1, residual = squared_norm(b);
    for (Index k = 0; k < 30; ++k) {
      double const s2 = parts.s[static_cast<std::size_t>(k)] * parts.s[static_cast<std::size_t>(k)];
      double const f = s2 / (s2 + penalty);
      freedom += f;
      for (Index j = 0; j < 3; ++j) {
        double c = 0;
        for (Index i = 0; i < 50; ++i) c += parts.u(i, k) * b(i, j);
        residual -= c * c * (2 * f - f * f);
      }
    }
    return residual / std::pow(1 - freedom / 50, 2);
  };
  for (double const factor : {0.3, 0.8, 1.3, 3.0}) EXPECT_LT(score(map.penalty), score(factor * map.penalty));
}

TEST(EmbeddingMaps, RetrievalCountsOwnEmbeddingsAndClasses) {
  Matrix<double> gallery(2, 4), mapped(2, 4);
  double const directions[4][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}};
  for (Index j = 0; j < 4; ++j)
    for (Index i = 0; i < 2; ++i) {
      gallery(i, j) = 3 * directions[j][i];
      mapped(i, j) = directions[j < 2 ? j : 5 - j][i];  // the last two are taken for each other
    }
  Retrieval const found = retrieve(mapped, gallery, std::vector<Index>{0, 0, 1, 1});
  EXPECT_EQ(found.rank1, 0.5);
  EXPECT_EQ(found.same_class, 1.0);
  EXPECT_TRUE(std::isnan(retrieve(mapped, gallery, {}).same_class));
}

}  // namespace
}  // namespace confer::test
