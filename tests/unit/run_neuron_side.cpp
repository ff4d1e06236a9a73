/// Neurons as `match` reads them: the same whether they are held or read again, and what each half sums up to.
#include <gtest/gtest.h>

#include <cmath>

#include "confer/io/catalog_reader.hpp"
#include "run/neuron_side.hpp"
#include "support/acts_file.hpp"
#include "unit/pair_fixtures.hpp"

namespace confer::test {
namespace {

constexpr Index samples = 1301, channels = 5, positions = 4;

enum class Stored { as_double, as_single };

/// Values of sample, channel, position; channel 2 never varies.
double exact_value(unsigned seed, Index sample, Index channel, Index position) {
  if (channel == 2) return 0.75;
  auto const phase =
      static_cast<double>((sample * 31 + channel * 17 + position * 7 + static_cast<Index>(seed) * 13) % 101);
  return std::sin(phase * static_cast<double>(channel + 1) / 16) + 0.01 * static_cast<double>(sample % 13) +
         1000.0 * static_cast<double>(channel);
}

double value(unsigned seed, Index sample, Index channel, Index position, Stored stored = Stored::as_double) {
  double const exact = exact_value(seed, sample, channel, position);
  return stored == Stored::as_single ? static_cast<double>(static_cast<float>(exact)) : exact;
}

struct Files {
  TemporaryDirectory directory;
  Catalog catalog;
  std::vector<Representation> representations;

  explicit Files(Stored stored = Stored::as_double) {
    for (unsigned seed = 0; seed < 2; ++seed) {
      std::vector<double> values;
      for (Index s = 0; s < samples; ++s)
        for (Index c = 0; c < channels; ++c)
          for (Index p = 0; p < positions; ++p) values.push_back(value(seed, s, c, p));
      ActsFile file(directory / ("net" + std::to_string(seed) + ".h5"), "net" + std::to_string(seed), 0, samples);
      file.layer("conv", {samples, channels, 2, 2}, values,
                 {.type = stored == Stored::as_single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE,
                  .axes = "sample,channel,height,width"});
      file.close();
    }
    catalog = read_catalog({directory.path()});
    Selection selection;
    selection.conv = ConvRule::positions;
    representations = select_representations(catalog, selection);
  }
};

/// All rows of one network, positions of a sample together.
Matrix<double> rows_of(unsigned seed, Stored stored) {
  Matrix<double> x(samples * positions, channels);
  for (Index s = 0; s < samples; ++s)
    for (Index c = 0; c < channels; ++c)
      for (Index p = 0; p < positions; ++p) x(s * positions + p, c) = value(seed, s, c, p, stored);
  return x;
}

TEST(NeuronSide, CorrelationsAreThoseOfAllPositionsHeldOrNot) {
  for (Stored const stored : {Stored::as_double, Stored::as_single}) {
    Files const files(stored);
    Matrix<double> const expected = neuron_correlations(rows_of(0, stored), rows_of(1, stored)),
                         own = neuron_correlations(rows_of(0, stored), rows_of(0, stored));
    for (Index const kept : {Index{0}, NeuronSide::usually_kept}) {
      NeuronSide a(files.catalog, files.representations[0], kept), b(files.catalog, files.representations[1], kept);
      EXPECT_EQ(a.live_neurons(), (std::vector<Index>{0, 1, 3, 4}));
      EXPECT_GT(a.blocks(), 2);
      Matrix<double> const r = cross_correlations(cross_products(a, b, [] {}), a.rows()), within = a.correlations();
      for (Index i = 0; i < r.size(); ++i) {
        EXPECT_NEAR(r.data()[i], expected.data()[i], 1e-11);
        EXPECT_NEAR(within.data()[i], own.data()[i], 1e-11);
      }
      EXPECT_NEAR(a.mean(2), 3000, 2);
    }
  }
}

TEST(NeuronSide, EvenSamplesAreOneHalfAndOddOnesTheOther) {
  Files const files;
  for (Index const kept : {Index{0}, NeuronSide::usually_kept}) {
    NeuronSide a(files.catalog, files.representations[0], kept);
    auto const& halves = a.within();
    EXPECT_EQ(halves[0].rows, (samples + 1) / 2 * positions);
    EXPECT_EQ(halves[1].rows, samples / 2 * positions);
    double sum = 0, products = 0;
    for (Index s = 1; s < samples; s += 2)
      for (Index p = 0; p < positions; ++p) {
        double const x = (value(0, s, 0, p) - a.mean(0)) / a.deviation(0),
                     y = (value(0, s, 3, p) - a.mean(2)) / a.deviation(2);
        sum += x;
        products += x * y;
      }
    EXPECT_NEAR(halves[1].sum[0], sum, 1e-8);
    EXPECT_NEAR(halves[1].products(2, 0), products, 1e-8);
  }
}

TEST(NeuronSide, ShufflingRelabelsEveryRowOnce) {
  Files const files;
  for (Index const kept : {Index{0}, NeuronSide::usually_kept}) {
    NeuronSide a(files.catalog, files.representations[0], kept), b(files.catalog, files.representations[0], kept);
    double plain = 0, shuffled = 0;  // sums of fourth powers stay when rows only trade places
    for (Index k = 0; k < a.blocks(); ++k) {
      auto const x = a.block(k);
      for (Index i = 0; i < x.cols; ++i) plain += std::pow(x(0, i), 4);
      auto const y = b.shuffled_block(k);
      for (Index i = 0; i < y.cols; ++i) shuffled += std::pow(y(0, i), 4);
    }
    EXPECT_NEAR(shuffled / plain, 1, 1e-12);
    Matrix<double> const chance = shuffled_correlations(a, b, [] {});
    for (Index i = 0; i < chance.rows(); ++i) EXPECT_LT(std::abs(chance(i, i)), 0.1);
  }
}

}  // namespace
}  // namespace confer::test
