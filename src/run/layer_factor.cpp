#include "run/layer_factor.hpp"

#include <algorithm>
#include <limits>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "run/activation_matrix.hpp"

namespace confer {

namespace {

LayerFactor with_components(Factor factor) {
  LayerFactor result{std::move(factor), 0};
  result.components = components_for_variance(result.factor.singular_values, 0.99);
  return result;
}

}  // namespace

PairWorkspace::Factor LayerFactor::view() const {
  PairWorkspace::Factor result;
  result.basis = factor.basis_exact.view();
  result.singular_values = factor.singular_values;
  result.loadings = factor.loadings.view();
  result.means = factor.mean;
  result.features = factor.features;
  result.components = components;
  return result;
}

LayerFactor factor_layer(Catalog const& catalog, Representation const& representation,
                         std::optional<double> rank_tolerance, Index kept_bytes) {
  ActivationMatrix activations(catalog, representation, AlignPreprocess::none, kept_bytes);
  auto const& layer = catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)]
                          .layers[static_cast<std::size_t>(representation.layer)];
  return with_components(activations.factor({rank_tolerance, unit_roundoff(layer.type)}, FactorDetail::basis));
}

LayerFactor factor_matrix(MatrixView<double const> values, RankRule const& rule) {
  FactorOptions options;
  options.rule = rule;
  options.exact = true;
  options.stored = [&] {
    StoredNorm norm;
    for (Index j = 0; j < values.cols; ++j)
      for (double const value : values.column_span(j)) norm.sum_of_squares += value * value;
    norm.count = static_cast<double>(values.rows * values.cols);
    return norm;
  };
  auto const copy = [&](Index row, Index column, MatrixView<double> out) {
    for (Index j = 0; j < out.cols; ++j) std::copy_n(values.column(column + j) + row, out.rows, out.column(j));
  };
  if (values.rows <= values.cols) {
    RowSource source{values.cols, values.cols, values.rows, {}, {}, {}};
    source.read = [&](Index begin, MatrixView<double> out) { copy(0, begin, out); };
    return with_components(factor_rows(source, options));
  }
  ColumnSource source{values.cols, values.rows, values.rows, {}, {}};
  source.read = [&](Index begin, MatrixView<double> out) { copy(begin, 0, out); };
  return with_components(factor_columns(source, options));
}

double symmetric_score(Measure const& measure, LayerFactor const& a, LayerFactor const& b) {
  if (a.rank() == 0 || b.rank() == 0) return std::numeric_limits<double>::quiet_NaN();
  PairWorkspace const pair(a.view(), b.view(), measure.needs);
  return measure.symmetric ? measure.score(pair.stats())
                           : 0.5 * (measure.score(pair.stats()) + measure.score(pair.transposed()));
}

Measure const& covariance_measure(std::string const& name) {
  Measure const* measure = find_measure(name);
  if (measure != nullptr && measure->statistics == StatisticsKind::covariance) return *measure;
  std::vector<std::string> names;
  for (auto const* known : all_measures())
    if (known->statistics == StatisticsKind::covariance) names.emplace_back(known->name);
  throw UsageError("--measure " + name + " cannot be used here",
                   measure == nullptr ? "there is no such measure" : "it is not made of covariances",
                   "choose one of " + join(names, ", "));
}

}  // namespace confer
