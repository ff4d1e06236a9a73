// Every layout of stored arrays against values worked out by index arithmetic.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "confer/core/error.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/io/catalog_reader.hpp"
#include "io/half.hpp"
#include "support/acts_file.hpp"

namespace confer {
namespace {

using test::ActsFile;
using test::ArrayOptions;
using test::counting;
using test::TemporaryDirectory;

// The only representation in a directory.
Representation single(Catalog const& catalog, ConvRule conv = ConvRule::mean,
                      SequenceRule sequence = SequenceRule::positions) {
  Selection selection;
  selection.conv = conv;
  selection.sequence = sequence;
  auto const all = select_representations(catalog, selection);
  EXPECT_EQ(all.size(), 1u);
  return all.at(0);
}

template <class T = double>
Matrix<T> read_all(Catalog const& catalog, Representation const& representation, StoredValues& seen) {
  Matrix<T> matrix(representation.features, representation.rows());
  ActivationReader(catalog, representation).read(0, representation.samples, matrix.view(), seen);
  return matrix;
}

template <class T = double>
Matrix<T> read_all(Catalog const& catalog, Representation const& representation) {
  StoredValues seen;
  return read_all<T>(catalog, representation, seen);
}

TEST(ActivationReader, ReadsPlainArraysOfEveryStoredType) {
  std::vector<double> const values = {0, -1, 2, 0.5, 1024, -3};
  h5::Handle const half_little = test::half_type(H5T_ORDER_LE), half_big = test::half_type(H5T_ORDER_BE);
  for (hid_t const type : {hid_t{half_little.get()}, hid_t{half_big.get()}, H5T_IEEE_F32LE, H5T_IEEE_F32BE,
                           H5T_IEEE_F64LE, H5T_IEEE_F64BE}) {
    TemporaryDirectory directory;
    ActsFile file(directory / "a.h5", "net", 0, 2);
    file.layer("fc", {2, 3}, values, {.type = type});
    file.close();
    auto const catalog = read_catalog({directory.path()});
    auto const representation = single(catalog);
    ASSERT_EQ(representation.features, 3);
    StoredValues seen;
    auto const doubles = read_all<double>(catalog, representation, seen);
    auto const floats = read_all<float>(catalog, representation);
    for (Index row = 0; row < 2; ++row)
      for (Index column = 0; column < 3; ++column) {
        double const expected = values[static_cast<std::size_t>(row * 3 + column)];
        EXPECT_EQ(doubles(column, row), expected);
        EXPECT_EQ(floats(column, row), static_cast<float>(expected));
      }
    EXPECT_EQ(seen.count, 6);
    EXPECT_EQ(seen.sum_of_squares, 1 + 4 + 0.25 + 1024.0 * 1024 + 9);
    EXPECT_EQ(seen.non_finite, 0);
  }
}

TEST(ActivationReader, ConvertsIntegersOfEveryWidthAndOrder) {
  for (hid_t const type : {H5T_STD_I8LE, H5T_STD_U8LE, H5T_STD_I16BE, H5T_STD_I32LE, H5T_STD_I64BE, H5T_STD_U32BE}) {
    TemporaryDirectory directory;
    ActsFile file(directory / "a.h5", "net", 0, 2);
    file.layer("fc", {2, 2}, {1, 2, 3, 100}, {.type = type});
    file.close();
    auto const catalog = read_catalog({directory.path()});
    EXPECT_EQ(catalog.checkpoints[0].layers[0].type, StoredType::integer);
    auto const matrix = read_all(catalog, single(catalog));
    EXPECT_EQ(matrix(0, 0), 1);
    EXPECT_EQ(matrix(1, 1), 100);
  }
}

// Every half, both byte orders of storage aside, against its definition.
TEST(ActivationReader, HalfConversionIsExactForAllPatterns) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    int const exponent = static_cast<int>(bits >> 10 & 0x1F), mantissa = static_cast<int>(bits & 0x3FF);
    float const sign = (bits & 0x8000u) != 0 ? -1.0f : 1.0f;
    float const value = half_to_float(static_cast<std::uint16_t>(bits));
    if (exponent == 31 && mantissa != 0) {
      EXPECT_TRUE(std::isnan(value));
    } else {
      float const magnitude = exponent == 31  ? std::numeric_limits<float>::infinity()
                              : exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                              : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
      ASSERT_EQ(value, sign * magnitude) << bits;
      ASSERT_EQ(std::signbit(value), sign < 0) << bits;
    }
  }
}

// Two samples, three channels, a 2 x 2 map; value = 1000 sample + 100 channel + 10 height + width.
double conv_value(Index sample, Index channel, Index height, Index width) {
  return static_cast<double>(1000 * sample + 100 * channel + 10 * height + width);
}

Catalog write_conv(TemporaryDirectory const& directory, std::string const& axes) {
  auto const names = [&] {
    std::vector<std::string> list;
    for (std::size_t at = 0; at != std::string::npos;) {
      auto const comma = axes.find(',', at);
      list.push_back(axes.substr(at, comma == std::string::npos ? comma : comma - at));
      at = comma == std::string::npos ? comma : comma + 1;
    }
    return list;
  }();
  std::vector<Index> extents;
  for (auto const& name : names) extents.push_back(name == "channel" ? 3 : 2);
  std::vector<double> values(24);
  for (Index i = 0; i < 24; ++i) {
    Index rest = i, sample = 0, channel = 0, height = 0, width = 0;
    for (std::size_t k = names.size(); k-- > 0;) {
      Index const here = rest % extents[k];
      rest /= extents[k];
      (names[k] == "sample" ? sample : names[k] == "channel" ? channel : names[k] == "height" ? height : width) = here;
    }
    values[static_cast<std::size_t>(i)] = conv_value(sample, channel, height, width);
  }
  ActsFile file(directory / "a.h5", "net", 0, 2);
  file.layer("conv", extents, values, {.axes = axes});
  file.close();
  return read_catalog({directory.path()});
}

TEST(ActivationReader, ReadsConvolutionalMapsInAnyOrderOfAxes) {
  for (std::string const axes :
       {"sample,channel,height,width", "sample,height,width,channel", "width,channel,sample,height",
        "channel,height,width,sample", "height,sample,channel,width"}) {
    TemporaryDirectory directory;
    auto const catalog = write_conv(directory, axes);

    auto representation = single(catalog, ConvRule::mean);
    EXPECT_EQ(representation.row_meaning, "sample");
    auto const mean = read_all(catalog, representation);
    ASSERT_EQ(mean.rows(), 3);
    ASSERT_EQ(mean.cols(), 2);
    for (Index s = 0; s < 2; ++s)
      for (Index c = 0; c < 3; ++c) EXPECT_EQ(mean(c, s), conv_value(s, c, 0, 0) + 5.5) << axes;

    representation = single(catalog, ConvRule::positions);
    EXPECT_EQ(representation.row_meaning, "sample,height 2,width 2");
    auto const positions = read_all(catalog, representation);
    ASSERT_EQ(positions.rows(), 3);
    ASSERT_EQ(positions.cols(), 8);
    representation = single(catalog, ConvRule::flatten);
    EXPECT_EQ(representation.row_meaning, "sample");
    auto const flat = read_all(catalog, representation);
    ASSERT_EQ(flat.rows(), 12);
    ASSERT_EQ(flat.cols(), 2);
    for (Index s = 0; s < 2; ++s)
      for (Index c = 0; c < 3; ++c)
        for (Index h = 0; h < 2; ++h)
          for (Index w = 0; w < 2; ++w) {
            EXPECT_EQ(positions(c, s * 4 + h * 2 + w), conv_value(s, c, h, w)) << axes;
            EXPECT_EQ(flat(c * 4 + h * 2 + w, s), conv_value(s, c, h, w)) << axes;
          }
  }
}

TEST(ActivationReader, ReadsSequencesByEveryRule) {
  // sample, time, channel = 2, 3, 2; value = position in storage.
  TemporaryDirectory directory;
  ActsFile file(directory / "a.h5", "net", 0, 2);
  file.layer("rnn", {2, 3, 2}, counting({2, 3, 2}), {.axes = "sample,time,channel"});
  file.close();
  auto const catalog = read_catalog({directory.path()});

  auto representation = single(catalog, ConvRule::mean, SequenceRule::positions);
  EXPECT_EQ(representation.row_meaning, "sample,time 3");
  auto const positions = read_all(catalog, representation);
  ASSERT_EQ(positions.cols(), 6);
  for (Index row = 0; row < 6; ++row)
    for (Index c = 0; c < 2; ++c) EXPECT_EQ(positions(c, row), static_cast<double>(row * 2 + c));

  StoredValues seen;
  auto const last = read_all(catalog, single(catalog, ConvRule::mean, SequenceRule::last), seen);
  ASSERT_EQ(last.cols(), 2);
  EXPECT_EQ(last(0, 0), 4);
  EXPECT_EQ(last(1, 1), 11);
  EXPECT_EQ(seen.count, 4);

  auto const mean = read_all(catalog, single(catalog, ConvRule::mean, SequenceRule::mean));
  EXPECT_EQ(mean(0, 0), 2);
  EXPECT_EQ(mean(1, 1), 9);

  auto const flat = read_all(catalog, single(catalog, ConvRule::mean, SequenceRule::flatten));
  ASSERT_EQ(flat.rows(), 6);
  EXPECT_EQ(flat(0, 0), 0);  // channel 0, times 0 1 2, then channel 1
  EXPECT_EQ(flat(1, 0), 2);
  EXPECT_EQ(flat(3, 0), 1);
  EXPECT_EQ(flat(5, 1), 11);
}

TEST(ActivationReader, CombinesTheRulesOfVideo) {
  // sample, time, channel, width = 1, 2, 2, 2; value = 100 time + 10 channel + width.
  TemporaryDirectory directory;
  ActsFile file(directory / "a.h5", "net", 0, 1);
  file.layer("video", {1, 2, 2, 2}, {0, 1, 10, 11, 100, 101, 110, 111}, {.axes = "sample,time,channel,width"});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  auto const representation = single(catalog, ConvRule::positions, SequenceRule::positions);
  EXPECT_EQ(representation.row_meaning, "sample,time 2,width 2");
  auto const rows = read_all(catalog, representation);
  EXPECT_EQ(rows(1, 0), 10);
  EXPECT_EQ(rows(0, 1), 1);
  EXPECT_EQ(rows(0, 2), 100);
  auto const flat = read_all(catalog, single(catalog, ConvRule::flatten, SequenceRule::mean));
  ASSERT_EQ(flat.rows(), 4);
  EXPECT_EQ(flat(3, 0), 61);
  auto const all_flat = read_all(catalog, single(catalog, ConvRule::flatten, SequenceRule::flatten));
  ASSERT_EQ(all_flat.rows(), 8);
  EXPECT_EQ(all_flat(3, 0), 101);  // channel 0, time 1, width 1
  EXPECT_EQ(all_flat(4, 0), 10);
}

TEST(ActivationReader, ReadsBlocksAcrossUnevenShards) {
  TemporaryDirectory directory;
  test::write_plain(directory / "x.shard-0.h5", "net", 5, 10, 0, 2);
  test::write_plain(directory / "x.shard-1.h5", "net", 5, 10, 2, 7);
  test::write_plain(directory / "x.shard-2.h5", "net", 5, 10, 9, 1);
  auto const catalog = read_catalog({directory.path()});
  ASSERT_EQ(catalog.checkpoints.size(), 1u);
  Selection selection;
  selection.sample_begin = 1;
  auto const representation = select_representations(catalog, selection).at(0);
  EXPECT_EQ(representation.samples, 9);
  ActivationReader reader(catalog, representation);
  for (Index begin = 0; begin < 9; ++begin)
    for (Index count = 1; begin + count <= 9; ++count) {
      // A leading dimension of its own: what lies between the columns stays.
      Matrix<double> wide(5, count);
      for (Index i = 0; i < wide.size(); ++i) wide.data()[i] = -1;
      StoredValues seen;
      reader.read(begin, count, wide.view().block(1, 0, 3, count), seen);
      for (Index j = 0; j < count; ++j) {
        for (Index i = 0; i < 3; ++i) EXPECT_EQ(wide(1 + i, j), static_cast<double>((1 + begin + j) * 3 + i));
        EXPECT_EQ(wide(0, j), -1);
        EXPECT_EQ(wide(4, j), -1);
      }
      EXPECT_EQ(seen.count, 3 * count);
    }
  Matrix<double> too_many(3, 10);
  StoredValues seen;
  EXPECT_THROW(reader.read(0, 10, too_many.view(), seen), std::invalid_argument);
}

TEST(ActivationReader, ReadsTheRowsOfATrajectory) {
  TemporaryDirectory directory;
  ActsFile file(directory / "trajectory.h5", "net", std::nullopt, 2);
  file.array("steps", {3}, {40, 0, 7}, {.type = H5T_STD_I64LE});
  file.layer("fc", {3, 2, 2}, counting({3, 2, 2}), {.axes = "step,sample,neuron", .chunk = {2, 1, 2}, .gzip = true});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  auto const all = select_representations(catalog, {});
  ASSERT_EQ(all.size(), 3u);
  std::vector<double> firsts;
  for (auto const& representation : all) firsts.push_back(read_all(catalog, representation)(0, 0));
  EXPECT_EQ(firsts, (std::vector<double>{4, 8, 0}));  // steps 0, 7, 40
}

TEST(ActivationReader, CompressedChunksThatBlocksCut) {
  TemporaryDirectory directory;
  ActsFile file(directory / "a.h5", "net", 0, 50);
  file.layer("fc", {50, 7}, counting({50, 7}), {.chunk = {8, 3}, .gzip = true, .fletcher32 = true});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  EXPECT_EQ(catalog.checkpoints[0].layers[0].storage, "chunks 8x3, gzip, fletcher32");
  ActivationReader reader(catalog, single(catalog));
  for (Index begin = 0; begin < 50; begin += 11) {
    Index const count = std::min<Index>(11, 50 - begin);
    Matrix<float> part(7, count);
    StoredValues seen;
    reader.read(begin, count, part.view(), seen);
    for (Index j = 0; j < count; ++j)
      for (Index i = 0; i < 7; ++i) EXPECT_EQ(part(i, j), static_cast<float>((begin + j) * 7 + i));
  }
}

TEST(ActivationReader, CountsWhatIsNotFiniteAndSaysWhere) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  double const inf = std::numeric_limits<double>::infinity();
  TemporaryDirectory directory;
  auto values = counting({10, 4});
  values[7 * 4 + 3] = nan;
  values[9 * 4] = inf;
  for (Index first : {0, 5}) {
    ActsFile file(directory / ("s" + std::to_string(first) + ".h5"), "net", 0, 10, first);
    auto const begin = values.begin() + first * 4;
    h5::Handle const half = test::half_type();
    file.layer("fc", {5, 4}, {begin, begin + 20}, {.type = half.get()});
  }
  auto const catalog = read_catalog({directory.path()});
  StoredValues seen;
  read_all(catalog, single(catalog), seen);
  EXPECT_EQ(seen.non_finite, 2);
  EXPECT_EQ(seen.first_non_finite, "sample 7, neuron 3");
  EXPECT_TRUE(std::isfinite(seen.sum_of_squares));
}

TEST(ActivationReader, NamesThePlaceInAMap) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  TemporaryDirectory directory;
  // channel,sample,height,width: the first bad value in storage belongs to the later sample.
  auto values = counting({2, 3, 2, 2});
  values[(0 * 3 + 2) * 4 + 1] = nan;
  values[(1 * 3 + 1) * 4 + 2] = nan;
  ActsFile file(directory / "a.h5", "net", 0, 3);
  file.layer("conv", {2, 3, 2, 2}, values, {.axes = "channel,sample,height,width"});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  StoredValues seen;
  read_all(catalog, single(catalog), seen);
  EXPECT_EQ(seen.non_finite, 2);
  EXPECT_EQ(seen.first_non_finite, "sample 1, channel 1, height 1, width 0");
}

TEST(ActivationReader, HugeFiniteValuesAreNotTakenForInfinite) {
  TemporaryDirectory directory;
  ActsFile file(directory / "a.h5", "net", 0, 2);
  file.layer("fc", {2, 1}, {1e200, 1}, {.type = H5T_IEEE_F64LE});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  StoredValues seen;
  auto const matrix = read_all(catalog, single(catalog), seen);
  EXPECT_EQ(seen.non_finite, 0);
  EXPECT_EQ(matrix(0, 0), 1e200);
}

TEST(ActivationReader, SaysWhichFileIsDamaged) {
  TemporaryDirectory directory;
  ActsFile file(directory / "a.h5", "net", 0, 64);
  file.layer("fc", {64, 16}, counting({64, 16}), {.chunk = {64, 16}, .fletcher32 = true});
  file.close();
  auto const catalog = read_catalog({directory.path()});
  // Spoil one stored value: 63 * 16 + 15 = 1023 as little-endian float32 is 00 c0 7f 44.
  std::FILE* raw = std::fopen(file.path().c_str(), "r+b");
  std::string bytes(static_cast<std::size_t>(std::filesystem::file_size(file.path())), '\0');
  ASSERT_EQ(std::fread(bytes.data(), 1, bytes.size(), raw), bytes.size());
  auto const at = bytes.find(std::string("\x00\xC0\x7F\x44", 4));
  ASSERT_NE(at, std::string::npos);
  std::fseek(raw, static_cast<long>(at), SEEK_SET);
  std::fputc('\x01', raw);
  std::fclose(raw);
  try {
    read_all(catalog, single(catalog));
    FAIL() << "a damaged chunk was read";
  } catch (InputError const& error) {
    std::string const text = error.what();
    EXPECT_NE(text.find("a.h5"), std::string::npos);
    EXPECT_NE(text.find("/activations/fc"), std::string::npos);
    EXPECT_NE(text.find("fletcher32"), std::string::npos) << text;
  }
}

TEST(ActivationReader, NoticesAFileThatChangedSinceTheCatalog) {
  TemporaryDirectory directory;
  test::write_plain(directory / "a.h5", "net", 0, 5, 0, 5);
  auto const catalog = read_catalog({directory.path()});
  test::write_plain(directory / "a.h5", "net", 0, 4, 0, 4);
  EXPECT_THROW(read_all(catalog, single(catalog)), InputError);
}

}  // namespace
}  // namespace confer
