#include "run/row_records.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "confer/linalg/neighbours.hpp"
#include "confer/linalg/pair_distances.hpp"

namespace confer {

namespace {

bool contains(std::vector<RowForm> const& forms, RowForm form) {
  return std::find(forms.begin(), forms.end(), form) != forms.end();
}

double inner(MatrixView<double const> rows, Index i, Index j) {
  double sum = 0;
  for (Index k = 0; k < rows.rows; ++k) sum += rows(k, i) * rows(k, j);
  return sum;
}

double squared(MatrixView<double const> rows, Index i) { return inner(rows, i, i); }

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

/// Divides every row by its norm. A row whose norm is rounding of `reference` has no direction and becomes zero.
Index normalise(MatrixView<double> rows, std::vector<double> const& reference) {
  Index without = 0;
  for (Index i = 0; i < rows.cols; ++i) {
    double const norm = std::sqrt(squared(rows, i));
    bool const none = !(norm > 1e-14 * reference[static_cast<std::size_t>(i)]);
    without += none ? 1 : 0;
    for (double& value : rows.column_span(i)) value = none ? 0 : value / norm;
  }
  return without;
}

/// Values in their precision, the norms as they are in it, and the median of the distances between them.
template <class T>
void fill(RowRecord& record, MatrixView<double const> rows, bool keep, bool median) {
  Matrix<T> values(rows.rows, rows.cols);
  record.squared_norms.assign(static_cast<std::size_t>(rows.cols), 0.0);
  for (Index i = 0; i < rows.cols; ++i)
    for (Index k = 0; k < rows.rows; ++k) {
      values(k, i) = static_cast<T>(rows(k, i));
      record.squared_norms[static_cast<std::size_t>(i)] += static_cast<double>(values(k, i)) * static_cast<double>(values(k, i));
    }
  record.facts.value_bytes = static_cast<Index>(sizeof(T));
  if (median) record.facts.median_distance = median_distance(values.const_view(), record.squared_norms);
  if (!keep) record.facts.features = 0;
  if (keep) record.put_samples(std::as_bytes(std::span(values.data(), static_cast<std::size_t>(values.size()))));
}

}  // namespace

bool RowNeeds::wants(RowForm form) const { return contains(forms, form); }

void RowNeeds::add(RowForm form, bool median) {
  if (!contains(forms, form)) forms.push_back(form);
  if (!contains(kept, form)) kept.push_back(form);
  if (median && !contains(with_median, form)) with_median.push_back(form);
}

void RowNeeds::add_ranks(RowForm form) {
  if (!contains(forms, form)) forms.push_back(form);
  ranked = form;
}

void RowNeeds::add_neighbours(RowForm form, Index count) {
  if (!contains(forms, form)) forms.push_back(form);
  listed = form;
  neighbours = count;
}

std::string RowNeeds::text() const {
  std::string text;
  for (RowForm const form : forms) {
    text += " rows " + to_string(form);
    if (contains(kept, form)) text += " kept";
    if (contains(with_median, form)) text += " median";
    if (ranked == form) text += " ranks";
    if (listed == form) text += " neighbours " + std::to_string(neighbours);
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
  std::vector<double> before;
  for (Index i = 0; i < rows.cols; ++i) before.push_back(std::sqrt(squared(rows, i)));
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
      return normalise(rows, std::vector<double>(before.size(), 0.0));
    case RowForm::correlation:
      for (Index i = 0; i < rows.cols; ++i) {
        double own = 0;
        for (double const value : rows.column_span(i)) own += value;
        own /= static_cast<double>(rows.rows);
        for (double& value : rows.column_span(i)) value -= own;
      }
      return normalise(rows, before);
    case RowForm::clamped:
      clamp_rows(rows, quantile);
      return normalise(rows, std::vector<double>(before.size(), 0.0));
  }
  return 0;
}

void put_rows(RowStore const& store, std::string const& key, RowForm form, RowNeeds const& needs,
              MatrixView<double const> rows, MatrixView<double const> ordered, Index zero_rows, bool exact) {
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
  if (needs.listed == form) {
    NeighbourLists lists = nearest_neighbours(
        ordered, needs.neighbours, form == RowForm::centred ? Nearness::distance : Nearness::inner_product);
    record.facts.neighbours = lists.k;
    record.neighbours = std::move(lists.indices);
    for (Index i = 0; i < lists.samples; ++i)
      for (Index r = 0; r < lists.k; ++r)
        record.inner_products.push_back(inner(rows, i, record.neighbours[static_cast<std::size_t>(i * lists.k + r)]));
  }
  bool const keep = contains(needs.kept, form), median = contains(needs.with_median, form);
  if (exact)
    fill<double>(record, rows, keep, median);
  else
    fill<float>(record, rows, keep, median);
  store.put(row_record_name(key, form), record);
}

}  // namespace confer
