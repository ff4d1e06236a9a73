#include "run/factor_one.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"

namespace confer {

namespace {

template <class T>
void store_factor(FactorTask const& task, FactorSummary const& summary, Factor const& factor,
                  MatrixView<T const> basis) {
  // In units of the largest singular value loadings fit single precision at any scale of the data.
  Matrix<T> loadings(factor.loadings.rows(), factor.loadings.cols());
  for (Index i = 0; i < loadings.size(); ++i)
    loadings.data()[i] = static_cast<T>(factor.loadings.data()[i] / factor.singular_values.front());
  task.store.put(task.key, summary, basis, loadings, factor.squared_row_norms);
}

}  // namespace

FactorShape factor_shape(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                         FactorNeeds const& needs) {
  LayerInfo const& layer = catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)]
                               .layers[static_cast<std::size_t>(representation.layer)];
  FactorShape shape;
  shape.rows = representation.rows();
  shape.features = representation.features;
  shape.rows_per_sample = representation.rows_per_sample;
  shape.window_value_bytes = window_value_bytes(layer, representation, ActivationPart::By::features);
  shape.values_per_sample = 1;
  for (std::size_t i = 0; i < layer.axes.size(); ++i)
    if (layer.axes[i] != Axis::sample && layer.axes[i] != Axis::step)
      shape.values_per_sample *= static_cast<double>(layer.extents[i]);
  shape.chunked = layer.storage.starts_with("chunks");
  shape.exact = config.compare.exact;
  shape.basis = needs.basis;
  shape.loadings = needs.loadings;
  return shape;
}

StoredNorm stored_norm(StoredValues const& seen) {
  if (seen.non_finite > 0) throw NonFiniteValues();
  return {seen.sum_of_squares, static_cast<double>(seen.count)};
}

FactorOptions factor_options(FactorTask const& task) {
  FactorOptions options;
  options.rule = {task.config.rank_tolerance, unit_roundoff(task.layer().type)};
  options.exact = task.config.compare.exact;
  options.basis = task.needs.basis;
  options.loadings = task.needs.loadings;
  if (task.needs.truncated) {
    options.components = task.config.compare.components.value_or(0);
    options.variance = task.config.compare.variance;
  }
  return options;
}

std::pair<RepresentationStatus, std::string> without_directions(Factor const& factor) {
  auto const constant = RepresentationStatus::constant;
  if (!std::isfinite(factor.total_variance) || !std::isfinite(factor.tau))
    return {RepresentationStatus::nonfinite, "values so large that their squares are infinite in double precision"};
  if (factor.rows < 2) return {constant, "a single sample"};
  if (factor.constant_features == factor.features) return {constant, "no neuron varies over the samples"};
  if (!squares_hold(factor.total_variance))
    return {constant, "values so small that their squares vanish in double precision"};
  return {constant, "what varies over the samples is no more than rounding of the stored numbers explains"};
}

double unit_of(std::vector<double> const& singular_values) {
  return singular_values.empty() ? 1 : std::ldexp(1.0, std::ilogb(singular_values.front()));
}

std::vector<double> in_units(std::span<double const> squared_norms, double unit) {
  std::vector<double> scaled;
  for (double const norm : squared_norms) scaled.push_back(norm / unit / unit);
  return scaled;
}

FactorSummary summarise(Factor const& factor, double sum_squared_row_norms) {
  FactorSummary summary;
  summary.rows = factor.rows;
  summary.features = factor.features;
  summary.constant_features = factor.constant_features;
  if (factor.rank() == 0) {
    std::tie(summary.status, summary.detail) = without_directions(factor);
    return summary;
  }
  summary.unit = unit_of(factor.singular_values);
  for (double const s : factor.singular_values) summary.singular_values.push_back(s / summary.unit);
  summary.kept = factor.kept();
  for (double const s : summary.singular_values) {
    summary.total_variance += s * s;
    summary.sum_fourth_powers += s * s * s * s;
  }
  summary.sum_squared_row_norms = sum_squared_row_norms;
  summary.tau = factor.tau / summary.unit;
  summary.cut = factor.cut / summary.unit;
  summary.levels = factor.levels;
  Index const rank = factor.rank();
  if (rank >= factor.rows - 1) {
    summary.status = RepresentationStatus::saturated;
    summary.detail =
        format_count(factor.rows) + " rows do not exceed the rank by more than one: canonical correlations are 1";
  } else if (rank < factor.features) {
    summary.status = RepresentationStatus::rank_deficient;
    summary.detail = "rank " + format_count(rank) + " of " + format_count(factor.features) + " neurons, " +
                     format_count(factor.constant_features) + " of them constant";
  }
  return summary;
}

FactorSummary nonfinite_summary(Representation const& representation, StoredValues const& seen) {
  FactorSummary failed;
  failed.rows = representation.rows();
  failed.features = representation.features;
  failed.status = RepresentationStatus::nonfinite;
  failed.detail = format_count(seen.non_finite) + " NaN or infinite of " + format_count(seen.count) +
                  " values, the first at " + seen.first_non_finite;
  return failed;
}

FactorSummary unreadable_summary(Representation const& representation, std::string const& why) {
  FactorSummary failed;
  failed.rows = representation.rows();
  failed.features = representation.features;
  failed.status = RepresentationStatus::unreadable;
  failed.detail = why;
  return failed;
}

FactorSummary factor_one(FactorTask const& task) {
  Representation const& r = task.representation;
  Index const rows = r.rows();
  bool const tall = r.features <= rows;
  ActivationPart const part{tall ? ActivationPart::By::samples : ActivationPart::By::features, 0,
                            tall ? r.samples : r.features, task.method.window, task.method.chunk_bytes};
  ActivationSource activations(task.catalog, r, part);
  try {
    FactorOptions options = factor_options(task);
    options.stored = [&activations] { return stored_norm(activations.seen()); };
    Factor factor;
    if (tall) {
      RowSource source{rows, rows, r.features, {}, {}, {}};
      source.read = [&](Index begin, MatrixView<double> out) { activations.rows(begin, out); };
      factor = factor_rows(source, options);
    } else {
      ColumnSource source{rows, r.features, r.features, {}, {}};
      source.read = [&](Index begin, MatrixView<double> out) { activations.features(begin, out); };
      factor = factor_columns(source, options);
    }
    double sum_squared_row_norms = 0;
    factor.squared_row_norms = in_units(factor.squared_row_norms, unit_of(factor.singular_values));
    for (double const norm : factor.squared_row_norms) sum_squared_row_norms += norm * norm;
    FactorSummary summary = summarise(factor, sum_squared_row_norms);
    if (task.needs.means)
      for (double const mean : factor.mean) summary.means.push_back(mean / summary.unit);
    if (usable(summary.status)) {
      if (options.exact)
        store_factor<double>(task, summary, factor, factor.basis_exact);
      else
        store_factor<float>(task, summary, factor, factor.basis);
    }
    return summary;
  } catch (NonFiniteValues const&) {
    return nonfinite_summary(r, activations.seen());
  } catch (InputError const& error) {
    return unreadable_summary(r, error.what());
  }
}

}  // namespace confer
