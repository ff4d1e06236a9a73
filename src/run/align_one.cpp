#include "run/align_one.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/theory/alignment.hpp"
#include "run/activation_matrix.hpp"
#include "run/align_targets.hpp"
#include "run/factor_one.hpp"

namespace confer {

namespace {

bool centres_features(AlignCenter center) { return center == AlignCenter::both || center == AlignCenter::features; }
bool centres_targets(AlignCenter center) { return center == AlignCenter::both || center == AlignCenter::targets; }

/// Everything the targets need to know of a representation.
struct Side {
  Index rows = 0, rows_per_sample = 1;
  std::vector<double> singular_values;
  Matrix<double> coefficients;  ///< u_i' of the constant vector and of all outputs of all targets, as stored
  /// Of several rows to a sample: tr P_k and tr P_k^2 of shuffled_band, k = 1 .. rank.
  std::vector<double> trace, trace_of_square;
};

/// The constant 1 and the outputs of all usable targets, one row per row of the activations.
Matrix<double> all_outputs(Representation const& representation, std::vector<PreparedTarget> const& targets) {
  Index columns = 1;
  for (auto const& target : targets) columns += target.values.cols();
  Matrix<double> result(representation.rows(), columns);
  std::fill_n(result.data(), representation.rows(), 1.0);
  Index column = 1;
  for (auto const& target : targets)
    for (Index c = 0; c < target.values.cols(); ++c, ++column)
      for (Index i = 0; i < representation.rows(); ++i)
        result(i, column) = target.values(i / representation.rows_per_sample, c);
  return result;
}

/// X'Y by blocks of rows, X centred when `mean` is given. Adds the rows of each sample to `sums`, features x samples,
/// unless that is empty.
Matrix<double> cross_product(ActivationMatrix& activations, MatrixView<double const> outputs,
                             std::vector<double> const* mean, Matrix<double>& sums) {
  Index const features = activations.features(), rows = activations.rows();
  Matrix<double> cross(features, outputs.cols);
  Matrix<double> block(features, std::min(rows, rows_per_block(features)));
  for (Index begin = 0; begin < rows; begin += block.cols()) {
    auto const part = block.view().block(0, 0, features, std::min(block.cols(), rows - begin));
    activations.read_rows(begin, part);
    if (mean != nullptr)
      for (Index j = 0; j < part.cols; ++j)
        for (Index i = 0; i < features; ++i) part(i, j) -= (*mean)[static_cast<std::size_t>(i)];
    gemm(1.0, part, Op::none, outputs.block(begin, 0, part.cols, outputs.cols), Op::none, 1.0, cross);
    for (Index j = 0; j < part.cols && sums.size() > 0; ++j) {
      double* const sum = sums.view().column((begin + j) * sums.cols() / rows);
      for (Index i = 0; i < features; ++i) sum[i] += part(i, j);
    }
  }
  return cross;
}

/// Rows of one sample share their target, so that reordering samples moves all of them together: what of each left
/// vector that leaves to chance. `sums` (features x samples) are the rows of each sample, added up.
void add_traces(Side& side, MatrixView<double const> loadings, MatrixView<double const> sums) {
  auto const rank = static_cast<Index>(side.singular_values.size());
  Matrix<double> moved(sums.cols, rank), overlap(rank, rank);
  gemm(1.0, sums, Op::transpose, loadings, Op::transpose, 0.0, moved.view());
  for (Index k = 0; k < rank; ++k) {
    double const s = side.singular_values[static_cast<std::size_t>(k)];
    for (double& value : moved.view().column_span(k)) value /= s * s;
  }
  centre_columns(moved);
  syrk_lower(1.0 / static_cast<double>(side.rows_per_sample), moved, Op::transpose, 0.0, overlap);
  double trace = 0, square = 0;
  for (Index k = 0; k < rank; ++k) {
    trace += overlap(k, k);
    square += overlap(k, k) * overlap(k, k);
    for (Index i = 0; i < k; ++i) square += 2 * overlap(k, i) * overlap(k, i);
    side.trace.push_back(trace);
    side.trace_of_square.push_back(square);
  }
}

void add_shuffled(AlignedTarget& result, Side const& side, Matrix<double> const& values, AlignCache& cache) {
  auto const rank = static_cast<Index>(side.singular_values.size());
  ShuffledTargets const shuffled = shuffled_targets(values);
  double constant_mass = 0;
  for (Index k = 1; k <= rank; ++k) {
    double const c = side.coefficients(k - 1, 0);
    constant_mass = std::min(1.0, constant_mass + c * c / static_cast<double>(side.rows));
    auto const at = static_cast<std::size_t>(k - 1);
    MassBand const band = side.trace.empty()
                              ? cache.band(shuffled, k, constant_mass)
                              : shuffled_band(shuffled, side.trace[at], side.trace_of_square[at], constant_mass);
    result.shuffled.push_back(band.mean);
    result.shuffled_low.push_back(band.low);
    result.shuffled_high.push_back(band.high);
  }
}

/// Adds each class or output for itself: y_c, or 2 y_c - 1 for the classes of labels.
void add_outputs(AlignedTarget& result, Side const& side, PreparedTarget const& target, Matrix<double> const& values,
                 MatrixView<double const> coefficients, bool centred) {
  result.output_names = target.output_names;
  if (target.output_names.empty()) return;
  auto const thresholds = demo_thresholds();
  auto const n = static_cast<double>(side.rows);
  for (Index c = 0; c < values.cols(); ++c) {
    std::vector<double> p;
    double total = 0, sum = 0;
    for (Index i = 0; i < values.rows(); ++i) {
      total += values(i, c) * values(i, c);
      sum += values(i, c);
    }
    total *= static_cast<double>(side.rows_per_sample);
    sum *= static_cast<double>(side.rows_per_sample);
    double const scale = target.labels ? 2.0 : 1.0, offset = target.labels && !centred ? -1.0 : 0.0;
    for (Index i = 0; i < coefficients.rows; ++i) {
      double const u = scale * coefficients(i, c) + offset * side.coefficients(i, 0);
      p.push_back(u * u);
    }
    total = scale * scale * total + 2 * scale * offset * sum + offset * offset * n;
    auto const mass = summarise_mass(p, total).mass;
    auto const curve = alignment_curve(side.singular_values, p, total, thresholds);
    result.output_mass.insert(result.output_mass.end(), mass.begin(), mass.end());
    result.output_curve.insert(result.output_curve.end(), curve.begin(), curve.end());
  }
}

AlignedTarget align_target(Side const& side, PreparedTarget const& target, Index first_column, AlignCenter center,
                           AlignCache& cache) {
  AlignedTarget result;
  result.status = static_cast<Index>(target.status);
  result.detail = target.detail;
  result.key = target.key;
  result.outputs = target.values.cols();
  auto const rank = static_cast<Index>(side.singular_values.size());
  auto const repeats = static_cast<double>(side.rows_per_sample);
  bool const centred = centres_targets(center);

  auto const stored = side.coefficients.view().block(0, first_column, rank, result.outputs);
  Matrix<double> values = target.values, coefficients(rank, result.outputs);
  if (centred) centre_columns(values);
  for (Index c = 0; c < result.outputs; ++c) {
    double const mean = centred ? target.values(0, c) - values(0, c) : 0.0;
    for (Index i = 0; i < rank; ++i) coefficients(i, c) = stored(i, c) - mean * side.coefficients(i, 0);
  }
  auto const p = projections(coefficients);
  double const stored_norm = repeats * squared_norm(target.values);
  result.norm = repeats * squared_norm(values);
  result.mean_share = shuffled_targets(target.values).mean_share;

  MassSummary const summary = summarise_mass(p, result.norm);
  result.mass = summary.mass;
  result.k50 = summary.k50;
  result.k90 = summary.k90;
  result.area = summary.area;
  result.residual = summary.residual;
  result.mass_raw = centred ? summarise_mass(projections(stored), stored_norm).mass : summary.mass;

  auto const& s = side.singular_values;
  auto const relative = relative_thresholds();
  std::vector<double> absolute;
  for (double const share : relative) absolute.push_back(share * (s.empty() ? 0.0 : s.front()));
  result.curve = alignment_curve(s, p, result.norm, demo_thresholds());
  result.relative_curve = alignment_curve(s, p, result.norm, absolute);
  std::vector<double> const tenth = {0.1 * std::sqrt(static_cast<double>(side.rows))};
  result.at_threshold = alignment_curve(s, p, result.norm, tenth).front() / result.norm;
  result.minimum_norm = minimum_norm(s, p);
  result.losses = learning_curve(s, p, result.norm, learning_steps());
  for (double& loss : result.losses) loss /= result.norm;
  result.loss_share = learning_curve(s, p, result.norm, std::vector<Index>{kTransferSteps}).front() / result.norm;
  for (double const share : loss_shares()) result.steps_to.push_back(steps_to_share(s, p, result.norm, share));
  add_shuffled(result, side, values, cache);
  add_outputs(result, side, target, values, coefficients, centred);
  return result;
}

void add_status(AlignedRepresentation& result, Factor const& factor, Representation const& representation) {
  auto const rank = factor.rank();
  RepresentationStatus status = RepresentationStatus::ok;
  if (rank == 0) {
    std::tie(status, result.detail) = without_directions(factor);
  } else if (rank >= representation.rows() - 1) {
    status = RepresentationStatus::saturated;
    result.detail =
        "its directions span all " + format_count(representation.rows()) + " rows: any target lies in them entirely";
  } else if (rank < factor.features) {
    status = RepresentationStatus::rank_deficient;
    result.detail = "rank " + format_count(rank) + " of " + format_count(factor.features) + " neurons, " +
                    format_count(factor.constant_features) + " of them constant";
  }
  result.status = static_cast<Index>(status);
  result.constant_features = factor.constant_features;
  result.total_variance = factor.total_variance;
  result.cut = factor.cut;
}

Side factored_side(ActivationMatrix& activations, Representation const& representation, Factor const& factor,
                   MatrixView<double const> outputs, bool centred) {
  Side side;
  side.rows = representation.rows();
  side.rows_per_sample = representation.rows_per_sample;
  if (factor.projections.size() > 0) {
    side.singular_values = factor.singular_values;
    side.coefficients = factor.projections;
    auto& u = side.coefficients;
    for (Index c = 1; c < u.cols(); ++c) {
      double sum = 0;
      for (Index i = 0; i < outputs.rows; ++i) sum += outputs(i, c);
      double const mean = sum / static_cast<double>(outputs.rows);
      for (Index i = 0; i < u.rows(); ++i) u(i, c) -= mean * u(i, 0);  // only rounding is along the constant vector
    }
    std::fill_n(u.data(), u.rows(), 0.0);
    return side;
  }
  bool const several = side.rows_per_sample > 1;
  Matrix<double> sums(several ? activations.features() : 0, several ? representation.samples : 0);
  auto const cross = cross_product(activations, outputs, centred ? &factor.mean : nullptr, sums);
  if (centred) {
    side.singular_values = factor.singular_values;
    side.coefficients = coefficients_from_loadings(factor.singular_values, factor.loadings, cross);
    std::fill_n(side.coefficients.data(), side.coefficients.rows(), 0.0);  // as above
    if (several) add_traces(side, factor.loadings, sums);
  } else {
    auto raw = uncentred_factor(factor.loadings, factor.mean, representation.rows(), factor.cut);
    side.singular_values = std::move(raw.singular_values);
    side.coefficients = coefficients_from_loadings(side.singular_values, raw.loadings, cross);
    if (several) add_traces(side, raw.loadings, sums);
  }
  return side;
}

/// Everything a result depends on within one job; empty when the matrix is too large to be held.
std::string result_key(ActivationMatrix& activations, StoredType type,
                       std::vector<PreparedTarget> const& targets) {
  std::string key = activations.content();
  if (key.empty()) return key;
  key += " " + to_string(type);
  for (auto const& target : targets)
    key += " " + std::to_string(static_cast<Index>(target.status)) + target.key + target.detail +
           join(target.output_names, ",");
  return key;
}

}  // namespace

PreparedTarget AlignCache::target(Catalog const& catalog, Representation const& representation,
                                  std::string const& name) {
  constexpr Index most_bytes = Index{32} << 20;
  auto const key =
      std::make_tuple(representation.checkpoint, representation.sample_begin, representation.samples, name);
  if (auto const found = targets_.find(key); found != targets_.end()) return found->second;
  PreparedTarget const read = prepare_target(catalog, representation, name, &files_);
  target_bytes_ += read.values.size() * static_cast<Index>(sizeof(double));
  if (target_bytes_ > most_bytes) {
    targets_.clear();
    target_bytes_ = 0;
  }
  return targets_[key] = read;
}

MassBand AlignCache::band(ShuffledTargets const& targets, Index k, double constant_mass) {
  if (constant_mass > 0) return shuffled_band(targets, k, constant_mass);
  auto const key = std::make_tuple(targets.samples, targets.mean_share, targets.concentration, k);
  auto const found = bands_.find(key);
  if (found != bands_.end()) return found->second;
  return bands_[key] = shuffled_band(targets, k, constant_mass);
}

AlignedRepresentation const* AlignCache::find(std::string const& key) const {
  for (auto const& [known, result] : results_)
    if (known == key) return &result;
  return nullptr;
}

void AlignCache::keep(std::string const& key, AlignedRepresentation const& result) {
  constexpr std::size_t most = 8;
  if (results_.size() == most) results_.pop_front();
  results_.emplace_back(key, result);
}

AlignedRepresentation align_one(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                                AlignCache& cache, Index kept_bytes) {
  AlignedRepresentation result;
  AlignCenter const center = config.align.centring();
  std::vector<PreparedTarget> targets;
  for (auto const& name : config.align.targets) targets.push_back(cache.target(catalog, representation, name));
  auto const unusable = [&](RepresentationStatus status, std::string detail) {
    result.status = static_cast<Index>(status);
    result.detail = std::move(detail);
  };
  try {
    ActivationMatrix activations(catalog, representation, config.align.preprocess, kept_bytes, &cache.files());
    auto const& layer = catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)]
                            .layers[static_cast<std::size_t>(representation.layer)];
    std::string const key = result_key(activations, layer.type, targets);
    if (auto const* known = cache.find(key); known != nullptr && !key.empty()) return *known;
    auto const outputs = all_outputs(representation, targets);
    bool const centred = centres_features(center), alone = representation.rows_per_sample == 1;
    Factor const factor =
        activations.factor({config.rank_tolerance, unit_roundoff(layer.type)}, FactorDetail::loadings,
                           centred && alone ? outputs.view() : MatrixView<double const>{});
    add_status(result, factor, representation);
    if (usable(static_cast<RepresentationStatus>(result.status))) {
      Side const side = factored_side(activations, representation, factor, outputs, centred);
      result.singular_values = side.singular_values;
      Index column = 1;
      for (auto const& target : targets) {
        if (usable(target.status)) {
          result.targets.push_back(align_target(side, target, column, center, cache));
        } else {
          result.targets.emplace_back();
          result.targets.back().status = static_cast<Index>(target.status);
          result.targets.back().detail = target.detail;
        }
        column += target.values.cols();
      }
      if (!key.empty()) cache.keep(key, result);
      return result;
    }
  } catch (BadValues const& bad) {
    unusable(RepresentationStatus::nonfinite, format_count(bad.seen.non_finite) + " NaN or infinite of " +
                                                  format_count(bad.seen.count) + " values, the first at " +
                                                  bad.seen.first_non_finite);
  } catch (InputError const& error) {
    unusable(RepresentationStatus::unreadable, error.what());
  }
  result.targets.resize(targets.size());
  for (auto& target : result.targets) {
    target.status = static_cast<Index>(TargetStatus::no_representation);
    target.detail = result.detail;
  }
  return result;
}

}  // namespace confer
