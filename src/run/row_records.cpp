#include "run/row_records.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "confer/linalg/centring.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/linalg/distance_shifts.hpp"
#include "confer/linalg/middle_value.hpp"
#include "confer/linalg/pair_distances.hpp"
#include "confer/linalg/short_samples.hpp"
#include "run/reserved_lists.hpp"

namespace confer {

namespace {

bool contains(std::vector<RowForm> const& forms, RowForm form) {
  return std::find(forms.begin(), forms.end(), form) != forms.end();
}

double squared(MatrixView<double const> rows, Index i) { return dot(rows.column_span(i), rows.column_span(i)); }

/// Quantile of the sizes of one row's values, between neighbours by their distance.
double size_quantile(std::span<double const> row, double quantile, std::vector<double>& sizes) {
  sizes.clear();
  for (double const value : row) sizes.push_back(std::abs(value));
  double const at = quantile * static_cast<double>(sizes.size() - 1);
  auto const low = sizes.begin() + static_cast<std::ptrdiff_t>(at);
  std::nth_element(sizes.begin(), low, sizes.end());
  double const below = *low, part = at - std::floor(at);
  if (part == 0 || low + 1 == sizes.end()) return below;
  return below + part * (*std::min_element(low + 1, sizes.end()) - below);
}

void clamp_rows(MatrixView<double> rows, double quantile) {
  std::vector<double> sizes;
  double limit = 0;
  for (Index i = 0; i < rows.cols; ++i)
    limit += size_quantile(rows.column_span(i), quantile, sizes) / static_cast<double>(rows.cols);
  for (Index i = 0; i < rows.cols; ++i)
    for (double& value : rows.column_span(i)) value = std::clamp(value, -limit, limit);
}

/// Divides every row by its norm. A row whose norm is zero, or rounding of `reference` where that is given, has no
/// direction and becomes zero.
Index normalise(MatrixView<double> rows, std::vector<double> const& reference) {
  Index without = 0;
  for (Index i = 0; i < rows.cols; ++i) {
    double const norm = std::sqrt(squared(rows, i));
    bool const none = !(norm > (reference.empty() ? 0 : 1e-14 * reference[static_cast<std::size_t>(i)]));
    without += none ? 1 : 0;
    if (none)
      std::fill_n(rows.column(i), rows.rows, 0.0);
    else
      for (double& value : rows.column_span(i)) value /= norm;
  }
  return without;
}

template <class T>
void put_samples(RowRecord& record, Matrix<T> const& values) {
  auto const bytes = std::as_bytes(std::span(values.data(), static_cast<std::size_t>(values.size())));
  record.facts.value_bytes = static_cast<Index>(sizeof(T));
  record.samples.assign(bytes.begin(), bytes.end());
}

/// Puts the values in 16 bits where that loses nothing that results could show.
bool put_short(RowRecord& record, MatrixView<float const> values, DistanceSummary* distances) {
  // Not the mean: a few samples far out would hide what is lost of all others.
  double const tolerated = negligible_squared_error(middle_value(record.squared_norms), values.cols);
  ShortMatrix const codes = shorten(values, tolerated);
  double const lost = std::accumulate(codes.lost.begin(), codes.lost.end(), 0.0);
  if (lost > tolerated * static_cast<double>(values.rows * values.cols)) return false;
  auto const bytes = std::as_bytes(std::span(codes.codes));
  record.samples.assign(bytes.begin(), bytes.end());
  record.facts.value_bytes = 2;
  record.facts.block = codes.block;
  record.units = codes.units;
  record.squared_norms = codes.squared_norms;
  if (distances != nullptr) *distances = summarise_distances(codes.view(), record.squared_norms);
  return true;
}

/// Values in their precision and what is asked about the distances between them; their squared norms are in the record.
template <class T>
void fill_values(RowRecord& record, Matrix<T> const& values, bool linear, DistanceSummary* distances) {
  if constexpr (std::is_same_v<T, float>)
    if (!linear && put_short(record, values, distances)) return;
  put_samples(record, values);
  if (distances != nullptr) *distances = summarise_distances(values.const_view(), record.squared_norms);
}

/// What a record is to hold.
struct Contents {
  bool linear, median, roots;
  std::optional<SampleRadii> radii;  ///< where there are distances between centred rows

  Contents(RowNeeds const& needs, RowForm form)
      : linear(contains(needs.linear, form)),
        median(needs.with_median_of(form)),
        roots(needs.roots && form == RowForm::centred) {}
};

/// Returns false where distances need more digits than T has.
template <class T>
bool fill(RowRecord& record, Matrix<T> const& values, Contents const& contents) {
  // So many pairs of samples whose distances have no digits make errors of 1e-6.
  constexpr double tolerated = 2e-4;
  DistanceSummary distances{std::numeric_limits<double>::quiet_NaN()};
  fill_values(record, values, contents.linear, contents.median ? &distances : nullptr);
  record.facts.median_distance = distances.median;
  if (contents.radii) record.distance_shifts = distance_shifts(*contents.radii);
  return std::is_same_v<T, double> || !contents.roots || distances.near_share <= tolerated;
}

template <class T>
bool fill_converted(RowRecord& record, MatrixView<double const> rows, Contents const& contents) {
  Matrix<T> values(rows.rows, rows.cols, Uninitialised());
  std::vector<double> rounded(static_cast<std::size_t>(rows.rows));
  for (Index i = 0; i < rows.cols; ++i) {
    for (Index k = 0; k < rows.rows; ++k) {
      values(k, i) = static_cast<T>(rows(k, i));
      rounded[static_cast<std::size_t>(k)] = static_cast<double>(values(k, i));
    }
    record.squared_norms[static_cast<std::size_t>(i)] = dot(rounded, rounded);
  }
  return fill(record, values, contents);
}

/// The k nearest neighbours of all samples, then those beyond them that may be asked for when a block is left out.
void put_lists(RowRecord& record, RowNeeds const& needs, Nearness nearness, MatrixView<double const> rows,
               MatrixView<double const> ordered, std::span<Index const> blocks) {
  Index const k = needs.neighbours;
  bool const products = needs.neighbour_detail == NeighbourDetail::inner_products;
  NeighbourLists const lists = blocks.empty()
                                   ? nearest_neighbours(ordered, k, nearness, needs.neighbour_detail)
                                   : nearest_with_reserve(ordered, k, nearness, needs.neighbour_detail, blocks);
  record.facts.neighbours = std::min(k, lists.k);
  record.facts.neighbour_products = products ? record.facts.neighbours : 0;
  record.facts.further = lists.k - record.facts.neighbours;
  auto const put = [&](Index begin, Index end) {
    for (Index i = 0; i < lists.samples; ++i)
      for (Index r = begin; r < end; ++r) {
        auto const at = static_cast<std::size_t>(i * lists.k + r);
        std::int32_t const near = lists.indices[at];
        record.neighbours.push_back(near);
        if (products)
          record.inner_products.push_back(ordered.data == rows.data ? lists.inner_products[at]
                                                                    : dot(rows.column_span(i), rows.column_span(near)));
      }
  };
  put(0, record.facts.neighbours);
  put(record.facts.neighbours, lists.k);
}

}  // namespace

bool RowNeeds::wants(RowForm form) const { return contains(forms, form); }
bool RowNeeds::with_median_of(RowForm form) const { return contains(with_median, form); }

void RowNeeds::add(RowForm form) {
  if (!contains(forms, form)) forms.push_back(form);
  if (!contains(kept, form)) kept.push_back(form);
  if (!contains(linear, form)) linear.push_back(form);
}

void RowNeeds::add_distances(RowForm form) {
  if (!contains(forms, form)) forms.push_back(form);
  if (!contains(kept, form)) kept.push_back(form);
  if (!contains(with_median, form)) with_median.push_back(form);
}

void RowNeeds::add_ranks(RowForm form) {
  if (!contains(forms, form)) forms.push_back(form);
  ranked = form;
}

void RowNeeds::add_neighbours(RowForm form, Index count, Index left_out_blocks, NeighbourDetail detail) {
  if (!contains(forms, form)) forms.push_back(form);
  listed = form;
  neighbours = count;
  blocks = left_out_blocks;
  neighbour_detail = detail;
}

std::string RowNeeds::text() const {
  std::string text;
  for (RowForm const form : forms) {
    text += " rows " + to_string(form);
    if (contains(kept, form)) text += contains(linear, form) ? " linear" : " kept";
    if (contains(with_median, form)) text += roots ? " median roots" : " median";
    if (ranked == form) text += " ranks";
    if (listed == form)
      text += " neighbours " + std::to_string(neighbours) +
              (neighbour_detail == NeighbourDetail::inner_products ? " with products" : "");
    if (listed == form && blocks > 0) text += " blocks " + std::to_string(blocks);
  }
  return text;
}

Index rank_bytes(Index rows, bool exact) { return exact || rows <= 2048 ? 4 : 2; }

std::string row_record_name(std::string const& key, RowForm form) { return key + "." + to_string(form); }

bool holds_rows(RowStore const& store, std::string const& key, RowNeeds const& needs) {
  return std::all_of(needs.forms.begin(), needs.forms.end(),
                     [&](RowForm form) { return store.holds(row_record_name(key, form)); });
}

Index prepare_rows(RowForm form, MatrixView<double> rows, std::span<double const> mean, double quantile) {
  switch (form) {
    case RowForm::centred: {
      double total = 0;
      for (Index i = 0; i < rows.cols; ++i) {
        for (std::size_t k = 0; k < mean.size(); ++k) rows(static_cast<Index>(k), i) -= mean[k];
        total += squared(rows, i);
      }
      double const scale = total > 0 ? std::sqrt(static_cast<double>(rows.cols) / total) : 0;
      for (Index i = 0; i < rows.cols; ++i)
        for (double& value : rows.column_span(i)) value *= scale;
      return 0;
    }
    case RowForm::unit:
      return normalise(rows, {});
    case RowForm::correlation: {
      std::vector<double> before;
      for (Index i = 0; i < rows.cols; ++i) {
        before.push_back(std::sqrt(squared(rows, i)));
        double own = 0;
        for (double const value : rows.column_span(i)) own += value;
        own /= static_cast<double>(rows.rows);
        for (double& value : rows.column_span(i)) value -= own;
      }
      return normalise(rows, before);
    }
    case RowForm::clamped:
      clamp_rows(rows, quantile);
      return normalise(rows, {});
  }
  return 0;
}

void put_rows(RowStore const& store, std::string const& key, RowForm form, RowNeeds const& needs,
              MatrixView<double const> rows, MatrixView<double const> ordered, std::span<Index const> blocks,
              Index zero_rows, bool exact) {
  RowRecord record;
  record.facts.features = rows.rows;
  record.facts.rows = rows.cols;
  record.facts.zero_rows = zero_rows;
  record.facts.median_distance = std::numeric_limits<double>::quiet_NaN();
  if (needs.ranked == form) {
    record.facts.rank_bytes = rank_bytes(rows.cols, exact);
    if (record.facts.rank_bytes == 4)
      record.put_ranks(distance_ranks<std::uint32_t>(ordered));
    else
      record.put_ranks(distance_ranks<std::uint16_t>(ordered));
  }
  if (needs.listed == form)
    put_lists(record, needs, form == RowForm::centred ? Nearness::distance : Nearness::inner_product, rows, ordered,
              blocks);
  record.facts.value_bytes = exact ? 8 : 4;
  record.squared_norms.resize(static_cast<std::size_t>(rows.cols));
  Contents contents(needs, form);
  if (contents.median && form == RowForm::centred) {
    std::vector<double> norms;
    for (Index i = 0; i < rows.cols; ++i) norms.push_back(squared(rows, i));
    contents.radii = sample_radii(rows, norms);
  }
  bool const precise = exact || (contents.radii && contents.radii->needs_double);
  if (!contains(needs.kept, form)) {
    record.facts.features = 0;
  } else if (precise || !fill_converted<float>(record, rows, contents)) {
    record.units.clear();
    record.facts.block = 0;
    fill_converted<double>(record, rows, contents);
  }
  store.put(row_record_name(key, form), record);
}

bool put_centred_rows(RowStore const& store, std::string const& key, RowNeeds const& needs, Matrix<float> rows) {
  RowRecord record;
  record.facts.features = rows.rows();
  record.facts.rows = rows.cols();
  record.facts.median_distance = std::numeric_limits<double>::quiet_NaN();
  record.squared_norms = centre_samples(rows);
  Contents contents(needs, RowForm::centred);
  if (contents.median) contents.radii = sample_radii(rows.const_view(), record.squared_norms);
  if ((contents.radii && contents.radii->needs_double) || !fill(record, rows, contents)) return false;
  store.put(row_record_name(key, RowForm::centred), record);
  return true;
}

}  // namespace confer
