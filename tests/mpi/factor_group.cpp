// A representation factored by a group of ranks, against the same one factored by one.
#include <algorithm>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "confer/io/catalog_reader.hpp"
#include "confer/linalg/dense.hpp"
#include "run/factor_one.hpp"
#include "support/acts_file.hpp"

namespace confer {
namespace {

using test::ActsFile;
using test::TemporaryDirectory;

/// A directory of the first rank's, with one checkpoint in two shards, and a store inside of it.
class FactorGroup : public testing::Test {
 protected:
  FactorGroup() : world_(Communicator::world()) {
    if (world_.is_root()) directory_.emplace();
    if (world_.is_root()) path_ = directory_->path();
    world_.broadcast(path_, 0);
  }
  ~FactorGroup() override { world_.barrier(); }

  /// samples x channels x 1 x width, so that positions make a tall matrix and flattening a wide one. The spectrum
  /// falls over eight decades: several Gram matrices are needed.
  void write(Index samples, Index channels, Index width, double decades, std::optional<Index> bad_sample = {}) {
    if (world_.is_root()) {
      std::mt19937 generator(7);
      std::normal_distribution<double> normal;
      Index const inner = std::min(channels * width, directions_);
      std::vector<double> mix(static_cast<std::size_t>(inner * channels * width));
      for (double& value : mix) value = normal(generator);
      if (inner == channels * width)  // as many directions as features: far from singular
        for (Index k = 0; k < inner; ++k) mix[static_cast<std::size_t>(k * inner + k)] += 50;
      std::vector<double> values;
      for (Index s = 0; s < samples; ++s) {
        std::vector<double> scores;
        for (Index k = 0; k < inner; ++k)
          scores.push_back(normal(generator) * std::pow(10.0, -decades * static_cast<double>(k) / static_cast<double>(inner)));
        for (Index f = 0; f < channels * width; ++f) {
          double value = 3.0;
          for (Index k = 0; k < inner; ++k)
            value += scores[static_cast<std::size_t>(k)] * mix[static_cast<std::size_t>(k * channels * width + f)];
          values.push_back(bad_sample == s && f == 1 ? std::numeric_limits<double>::quiet_NaN() : value);
        }
      }
      Index const first = samples / 3;
      auto const middle = values.begin() + first * channels * width;
      shard(0, samples, 0, first, channels, width, {values.begin(), middle});
      shard(1, samples, first, samples - first, channels, width, {middle, values.end()});
    }
    world_.barrier();
    catalog_ = read_catalog({path_});
  }

  Representation layout(ConvRule conv) const {
    Selection selection;
    selection.conv = conv;
    return select_representations(catalog_, selection).at(0);
  }

  struct Result {
    FactorSummary summary;
    Matrix<double> basis, loadings;
    std::vector<double> norms;
  };

  /// By the group; nothing when it was stopped.
  std::optional<Result> by_group(Representation const& r, bool exact, Index window, FactorRoute route = FactorRoute::shared,
                                 std::function<bool()> const& stop = {}) const {
    JobConfig config;
    config.compare.exact = exact;
    FactorNeeds const needs{true, true, false};
    BasisStore const store(path_ + "/store");
    std::string const key = "group";
    FactorTask const task{catalog_, r, config, needs, store, key, {route, window, 1 << 20, 0}};
    auto const summary =
        route == FactorRoute::scalapack ? factor_dealt(world_, task, stop) : factor_shared(world_, task, stop);
    if (!summary) return std::nullopt;
    Result result = read(store, key, *summary, exact);
    world_.barrier();
    return result;
  }

  Result by_one(Representation const& r, bool exact) const {
    JobConfig config;
    config.compare.exact = exact;
    FactorNeeds const needs{true, true, false};
    BasisStore const store(path_ + "/store");
    std::string const key = "rank" + std::to_string(world_.rank());
    FactorTask const task{catalog_, r, config, needs, store, key, {FactorRoute::local, 1 << 20, 1 << 20, 0}};
    FactorSummary const summary = factor_one(task);
    return read(store, key, summary, exact);
  }

  static Result read(BasisStore const& store, std::string const& key, FactorSummary const& summary, bool exact) {
    Result result{summary, {}, {}, {}};
    if (!usable(summary.status)) return result;
    EXPECT_TRUE(store.find(key)) << "the file in the store is damaged";
    result.basis = Matrix<double>(summary.rows, summary.kept);
    if (exact) {
      store.read_basis(key, 0, result.basis.view());
      result.loadings = store.read_loadings_exact(key);
    } else {
      Matrix<float> basis(summary.rows, summary.kept);
      store.read_basis(key, 0, basis.view());
      std::copy_n(basis.data(), basis.size(), result.basis.data());
      Matrix<float> const loadings = store.read_loadings(key);
      result.loadings = Matrix<double>(loadings.rows(), loadings.cols());
      std::copy_n(loadings.data(), loadings.size(), result.loadings.data());
    }
    result.norms = store.read_row_norms(key);
    return result;
  }

  static void expect_same(Result const& a, Result const& b, double tolerance) {
    ASSERT_EQ(a.summary.rank(), b.summary.rank());
    EXPECT_EQ(a.summary.status, b.summary.status);
    EXPECT_EQ(a.summary.kept, b.summary.kept);
    EXPECT_EQ(a.summary.constant_features, b.summary.constant_features);
    EXPECT_NEAR(a.summary.tau, b.summary.tau, 1e-12 * b.summary.tau);
    auto const& s = b.summary.singular_values;
    for (std::size_t i = 0; i < s.size(); ++i) EXPECT_NEAR(a.summary.singular_values[i] / s[i], 1, 1e-8) << i;
    double const digits = std::max(1e-9, tolerance / 4);  // of norms
    EXPECT_NEAR(a.summary.sum_squared_row_norms, b.summary.sum_squared_row_norms,
                digits * b.summary.sum_squared_row_norms);
    // The same subspaces: products of the bases are the identity, up to signs, and columns are orthonormal. Rounding
    // mixes two singular vectors the more, the closer their singular values are.
    auto const mixing = [&](Index i, Index j) {
      auto const square = [&](Index k) { return s[static_cast<std::size_t>(k)] * s[static_cast<std::size_t>(k)]; };
      return i == j ? 0 : 1e-14 * square(0) / std::abs(square(i) - square(j));
    };
    Index const k = a.basis.cols();
    Matrix<double> across(k, k), own(k, k);
    gemm(1.0, a.basis, Op::transpose, b.basis, Op::none, 0.0, across);
    gemm(1.0, a.basis, Op::transpose, a.basis, Op::none, 0.0, own);
    for (Index j = 0; j < k; ++j)
      for (Index i = 0; i < k; ++i) {
        EXPECT_NEAR(std::abs(across(i, j)), i == j ? 1.0 : 0.0, std::max(tolerance, mixing(i, j))) << i << " " << j;
        EXPECT_NEAR(own(i, j), i == j ? 1.0 : 0.0, tolerance) << i << " " << j;
      }
    // The centred data come out of both.
    ASSERT_EQ(a.loadings.cols(), b.loadings.cols());
    Matrix<double> left(a.basis.rows(), a.loadings.cols()), right = left;
    gemm(1.0, a.basis, Op::none, a.loadings, Op::none, 0.0, left);
    gemm(1.0, b.basis, Op::none, b.loadings, Op::none, 0.0, right);
    for (Index i = 0; i < left.size(); ++i) ASSERT_NEAR(left.data()[i], right.data()[i], tolerance);
    ASSERT_EQ(a.norms.size(), b.norms.size());
    for (std::size_t i = 0; i < a.norms.size(); ++i)
      ASSERT_NEAR(a.norms[i], b.norms[i], digits * std::abs(b.norms[i]) + 1e-12);
  }

  Index directions_ = 40;  // of the data
  Communicator world_;
  std::optional<TemporaryDirectory> directory_;
  std::string path_;
  Catalog catalog_;

 private:
  void shard(int number, Index total, Index first, Index samples, Index channels, Index width,
             std::vector<double> const& values) const {
    ActsFile file(path_ + "/x.shard-0000" + std::to_string(number) + "-of-00002.h5", "net", 0, total, first);
    file.layer("conv", {samples, channels, 1, width}, values,
               {.type = H5T_IEEE_F64LE, .axes = "sample,channel,height,width", .chunk = {7, 3, 1, std::min<Index>(2, width)}});
    file.close();
  }
};

TEST_F(FactorGroup, OfATallMatrixIsThatOfOneRank) {
  for (double const decades : {1.0, 8.0}) {
    write(1500, 12, 5, decades);  // 7,500 rows: several bands, rows of a sample that are not cut
    auto const r = layout(ConvRule::positions);
    ASSERT_EQ(r.rows(), 7500);
    for (bool const exact : {true, false})
      for (Index const window : {1500, 333}) expect_same(*by_group(r, exact, window), by_one(r, exact), exact ? 1e-10 : 2e-6);
  }
}

TEST_F(FactorGroup, OfAWideMatrixIsThatOfOneRank) {
  for (double const decades : {1.0, 8.0}) {
    write(60, 500, 23, decades);
    auto const r = layout(ConvRule::flatten);
    ASSERT_EQ(r.features, 11500);
    for (bool const exact : {true, false})
      for (Index const window : {11500, 700}) expect_same(*by_group(r, exact, window), by_one(r, exact), exact ? 1e-10 : 2e-6);
  }
}

TEST_F(FactorGroup, DealtOutForScalapackIsThatOfOneRank) {
  for (double const decades : {1.0, 8.0})
    for (bool const tall : {true, false}) {
      write(tall ? 900 : 150, tall ? 70 : 300, tall ? 5 : 3, decades);
      auto const r = layout(tall ? ConvRule::positions : ConvRule::flatten);
      ASSERT_EQ(tall, r.features <= r.rows());
      for (bool const exact : {true, false})
        expect_same(*by_group(r, exact, 400, FactorRoute::scalapack), by_one(r, exact), exact ? 1e-10 : 2e-6);
    }
}

TEST_F(FactorGroup, DealtOutStopsAndFailsLikeAnyOther) {
  write(3000, 4, 3, 1.0, 2500);
  for (ConvRule const conv : {ConvRule::positions, ConvRule::flatten}) {
    auto const result = by_group(layout(conv), false, 100, FactorRoute::scalapack);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->summary.status, RepresentationStatus::nonfinite);
    int asked = 0;
    auto const stop = [&] { return world_.rank() == world_.size() - 1 && ++asked > 4; };
    EXPECT_FALSE(by_group(layout(conv), false, 100, FactorRoute::scalapack, stop));
  }
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/store"));
}

// tests/e2e/test_words.py runs this one under a counter of bytes.
TEST_F(FactorGroup, NeedsOneGramMatrixWhereDataAreWellConditioned) {
  directions_ = 256;
  write(8192, 256, 1, 0.2);
  auto const result = by_group(layout(ConvRule::positions), false, 8192);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->summary.levels, 1);
  EXPECT_EQ(result->summary.rank(), 256);
}

TEST_F(FactorGroup, CountsBadValuesOverAllRanks) {
  write(3000, 4, 3, 1.0, 2500);
  for (ConvRule const conv : {ConvRule::positions, ConvRule::flatten}) {
    auto const result = by_group(layout(conv), false, 100);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->summary.status, RepresentationStatus::nonfinite);
    EXPECT_EQ(result->summary.detail,
              "1 NaN or infinite of 36,000 values, the first at sample 2500, channel 0, height 0, width 1");
  }
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/store"));
}

TEST_F(FactorGroup, SaysWhatCannotBeRead) {
  write(3000, 4, 3, 1.0);
  auto const r = layout(ConvRule::positions);
  world_.barrier();
  if (world_.is_root()) std::filesystem::remove(path_ + "/x.shard-00001-of-00002.h5");
  world_.barrier();
  auto const result = by_group(r, false, 100);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->summary.status, RepresentationStatus::unreadable);
  EXPECT_NE(result->summary.detail.find("x.shard-00001-of-00002.h5"), std::string::npos) << result->summary.detail;
}

TEST_F(FactorGroup, StopsWhenAnyRankIsAsked) {
  write(6000, 4, 3, 1.0);
  for (ConvRule const conv : {ConvRule::positions, ConvRule::flatten})
    for (int rank = 0; rank < world_.size(); ++rank)
      for (int after : {0, 3, 7}) {
        int asked = 0;
        auto const stop = [&] { return world_.rank() == rank && ++asked > after; };
        EXPECT_FALSE(by_group(layout(conv), false, 100, FactorRoute::shared, stop)) << rank << " " << after;
      }
  world_.barrier();
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/store"));
  world_.barrier();
  EXPECT_TRUE(by_group(layout(ConvRule::positions), false, 100));
}

TEST_F(FactorGroup, AStoreThatCannotBeWrittenIsEveryonesError) {
  write(3000, 4, 3, 1.0);
  if (world_.is_root()) std::filesystem::create_directories(path_ + "/store/group.basis");  // where the file shall be
  world_.barrier();
  EXPECT_THROW(by_group(layout(ConvRule::positions), false, 100), std::exception);
}

}  // namespace
}  // namespace confer
