/// Samples left out block by block: who they are, what inner products and lists of neighbours become.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <span>

#include "confer/linalg/short_samples.hpp"
#include "run/chosen_products.hpp"
#include "run/kernel_engine.hpp"
#include "run/random_samples.hpp"
#include "run/reserved_lists.hpp"
#include "run/row_records.hpp"
#include "unit/dense_fixtures.hpp"

namespace confer::test {
namespace {

TEST(Blocks, EverySampleIsInOneAndTheyAreOfEqualSize) {
  for (auto const& [samples, blocks] : {std::pair<Index, Index>{103, 10}, {20, 20}, {7, 20}, {2, 2}}) {
    std::set<Index> seen;
    for (Index block = 0; block < blocks; ++block) {
      std::vector<Index> const rows = rows_of_block(samples, 1, blocks, block);
      EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
      EXPECT_GE(std::ssize(rows), samples / blocks);
      EXPECT_LE(std::ssize(rows), (samples + blocks - 1) / blocks);
      seen.insert(rows.begin(), rows.end());
    }
    EXPECT_EQ(std::ssize(seen), samples);
  }
}

TEST(Blocks, AreDrawnAtRandomAndAlwaysTheSame) {
  std::vector<Index> const block = jackknife_blocks(1000, 10);
  EXPECT_EQ(block, jackknife_blocks(1000, 10));
  Index same = 0;  // as the next sample: of 999 about 100
  for (std::size_t i = 0; i + 1 < block.size(); ++i) same += block[i] == block[i + 1] ? 1 : 0;
  EXPECT_GT(same, 60);
  EXPECT_LT(same, 140);
}

TEST(Blocks, AllRowsOfASampleGoTogetherAndASingleOneStays) {
  std::vector<Index> const samples = rows_of_block(30, 1, 7, 3), rows = rows_of_block(30, 4, 7, 3);
  ASSERT_EQ(rows.size(), 4 * samples.size());
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i] / 4, samples[i / 4]);
  EXPECT_TRUE(rows_of_block(1, 9, 5, 0).empty());
}

class JackknifeRecords : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(directory_); }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string const directory_ =
      (std::filesystem::temp_directory_path() / ("confer-jackknife-" + std::to_string(::getpid()))).string();
};

Matrix<double> samples_of(Index features, Index count) {
  Matrix<double> const rows = gaussian(count, features, 5);
  Matrix<double> samples(features, count);
  for (Index i = 0; i < count; ++i)
    for (Index k = 0; k < features; ++k) samples(k, i) = rows(i, k);
  return samples;
}

void put_codes(RowStore const& store, std::string const& name, Matrix<double> const& samples) {
  Matrix<float> single(samples.rows(), samples.cols());
  std::copy_n(samples.data(), samples.size(), single.data());
  ShortMatrix const codes = shorten(single, 1e-8);
  RowRecord record;
  record.facts.features = samples.rows();
  record.facts.rows = samples.cols();
  record.facts.value_bytes = 2;
  record.facts.block = codes.block;
  record.units = codes.units;
  record.squared_norms = codes.squared_norms;
  auto const bytes = std::as_bytes(std::span(codes.codes));
  record.samples.assign(bytes.begin(), bytes.end());
  store.put(name, record);
}

TEST_F(JackknifeRecords, ProductsOfChosenSamplesAreThoseOfAll) {
  RowStore const store(directory_);
  Matrix<double> samples = samples_of(21, 203);
  prepare_rows(RowForm::centred, samples, {}, 0);
  std::vector<Index> const chosen = rows_of_block(203, 1, 6, 2);
  RowNeeds linear;
  linear.add(RowForm::centred);
  put_codes(store, row_record_name("codes", RowForm::centred), samples);
  put_rows(store, "single", RowForm::centred, linear, samples.view(), samples.view(), {}, 0, false);
  put_rows(store, "double", RowForm::centred, linear, samples.view(), samples.view(), {}, 0, true);
  for (auto const& [name, bytes, error] :
       {std::tuple<char const*, Index, double>{"codes", 2, 1e-3}, {"single", 4, 1e-5}, {"double", 8, 1e-13}}) {
    MappedRows const rows = store.map(row_record_name(name, RowForm::centred));
    EXPECT_EQ(rows.facts().value_bytes, bytes);
    auto const check = [&](auto value) {
      using T = decltype(value);
      ChosenProducts<T> products;
      for (Index const width : {59, 43, 16, 11}) {  // also less than before
        Matrix<T> g(std::ssize(chosen), width);
        products(rows, chosen, 144, g.view());
        for (Index j = 0; j < width; ++j)
          for (Index i = 0; i < g.rows(); ++i) {
            double inner = 0;
            for (Index k = 0; k < samples.rows(); ++k)
              inner += samples(k, chosen[static_cast<std::size_t>(i)]) * samples(k, 144 + j);
            EXPECT_NEAR(static_cast<double>(g(i, j)), inner, error) << name;
          }
      }
    };
    if (bytes == 8)
      check(0.0);
    else
      check(0.0f);
  }
}

TEST_F(JackknifeRecords, ListsWithoutABlockAreThoseOfTheOthers) {
  RowStore const store(directory_);
  Index const n = 90, k = 6, blocks = 4;
  Matrix<double> samples = samples_of(3, n);
  for (Index i = 30; i < 50; ++i)  // near to each other and all in one block: more than are in reserve
    for (Index f = 0; f < 3; ++f) samples(f, i) = samples(f, 30) + 1e-3 * static_cast<double>(i + f);
  std::vector<Index> block_of = jackknife_blocks(n, blocks);
  std::fill(block_of.begin() + 30, block_of.begin() + 50, Index{1});
  RowNeeds needs;
  needs.add_neighbours(RowForm::unit, k, blocks, NeighbourDetail::inner_products);
  put_rows(store, "lists", RowForm::unit, needs, samples.view(), samples.view(), block_of, 0, true);
  MappedRows const rows = store.map(row_record_name("lists", RowForm::unit));
  EXPECT_EQ(rows.facts().neighbours, k);
  EXPECT_GT(rows.facts().further, 0);
  NeighbourLists const all = nearest_neighbours(samples.view(), k, Nearness::inner_product);
  EXPECT_TRUE(std::equal(all.indices.begin(), all.indices.end(), rows.neighbours().begin(), rows.neighbours().end()));
  for (Index block = 0; block < blocks; ++block) {
    std::vector<Index> left_out, stay;
    for (Index i = 0; i < n; ++i) (block_of[static_cast<std::size_t>(i)] == block ? left_out : stay).push_back(i);
    Matrix<double> others(3, std::ssize(stay));
    for (Index i = 0; i < others.cols(); ++i)
      for (Index f = 0; f < 3; ++f) others(f, i) = samples(f, stay[static_cast<std::size_t>(i)]);
    NeighbourLists const expected = nearest_neighbours(others.view(), k, Nearness::inner_product);
    NeighbourLists const found = lists_without(rows, k, left_out);
    EXPECT_EQ(found.samples, others.cols());
    EXPECT_EQ(found.indices, expected.indices) << block;
    EXPECT_EQ(found.inner_products, expected.inner_products) << block;
  }
}

TEST(KernelSums, WithoutSamplesLessIsLeft) {
  auto const sum_of = [](double value) {
    FixedSum sum;
    sum.add(value);
    return sum;
  };
  KernelSums all{0, 0, {0}, {{sum_of(5.5)}}, {{1, 2, 3, 4}}};
  all.leave_out({0, 0, {0}, {{sum_of(1.25)}}, {{1, 1, 0, 9}}}, {3}, 4);
  EXPECT_EQ(all.products[0][0].value(), 4.25);
  EXPECT_EQ(all.row_sums[0], (std::vector<std::int64_t>{0, 1, 3, 0}));
}

}  // namespace
}  // namespace confer::test
