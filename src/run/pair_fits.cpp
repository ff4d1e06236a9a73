#include "run/pair_fits.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "confer/core/error.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/io/target_reader.hpp"
#include "confer/linalg/matrix.hpp"
#include "confer/theory/alignment.hpp"
#include "confer/theory/dynamics.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// One vector per input of some of the inputs, as columns.
class InputVectors {
 public:
  InputVectors(Catalog const& catalog, Representation const& representation, std::vector<Index> const& inputs)
      : values_(representation.features, static_cast<Index>(inputs.size())) {
    ActivationReader reader(catalog, representation);
    StoredValues seen;
    // One read for all when few are left out, else one for each.
    Index const last = inputs.back() + 1, first = inputs.front();
    if (last - first <= 4 * static_cast<Index>(inputs.size())) {
      Matrix<double> block(representation.features, last - first);
      reader.read(first, last - first, block.view(), seen);
      for (std::size_t i = 0; i < inputs.size(); ++i)
        std::copy_n(block.view().column(inputs[i] - first), representation.features,
                    values_.view().column(static_cast<Index>(i)));
    } else {
      for (std::size_t i = 0; i < inputs.size(); ++i)
        reader.read(inputs[i], 1, values_.view().block(0, static_cast<Index>(i), representation.features, 1), seen);
    }
  }
  MatrixView<double const> view() const { return values_.view(); }

 private:
  Matrix<double> values_;
};

double squared_distance(MatrixView<double const> x, Index a, Index b) {
  double sum = 0;
  for (Index i = 0; i < x.rows; ++i) sum += (x(i, b) - x(i, a)) * (x(i, b) - x(i, a));
  return sum;
}

/// Adds one step: distances of the outputs and what is left to learn. Targets are outputs x inputs.
void add_outputs(FittedPair& fit, MatrixView<double const> outputs, MatrixView<double const> targets, Index a,
                 Index b) {
  double y = 0, overlap = 0, mean = 0, loss = 0;
  for (Index i = 0; i < outputs.rows; ++i) {
    double const difference = outputs(i, b) - outputs(i, a), wanted = targets(i, b) - targets(i, a);
    double const error_a = outputs(i, a) - targets(i, a), error_b = outputs(i, b) - targets(i, b);
    y += difference * difference;
    overlap += difference * wanted;
    mean += 0.25 * (error_a + error_b) * (error_a + error_b);
    loss += 0.25 * (error_a * error_a + error_b * error_b);
  }
  fit.y.push_back(y);
  fit.w.push_back(y - overlap);
  fit.mean_error.push_back(mean);
  fit.loss.push_back(loss);
}

/// Targets of the inputs as outputs x inputs; labels one-hot, or -1/+1 for a single output. Throws InputError.
Matrix<double> read_targets(Catalog const& catalog, TrainingRun const& run, std::vector<Index> const& inputs) {
  auto const& first = run.output.front();
  if (run.target.empty())
    throw InputError("no target", "no target of this network has the width of its output",
                     "name one with --target, and the output with --output-layer");
  TargetValues read = read_target(catalog, first.checkpoint, run.target, first.sample_begin, first.samples);
  Index const width = first.features;
  if (read.is_labels) {
    LabelTargets labels = label_targets(read.labels);
    if (width == 2 && labels.values.cols() == 1) {  // two outputs for two classes: one-hot
      read.values = Matrix<double>(first.samples, 2);
      for (Index i = 0; i < first.samples; ++i) read.values(i, labels.values(i, 0) > 0 ? 1 : 0) = 1;
    } else if (labels.values.cols() < width && !labels.classes.empty() && labels.classes.front() >= 0 &&
               labels.classes.back() < width) {  // classes that no input belongs to
      read.values = Matrix<double>(first.samples, width);
      for (Index i = 0; i < first.samples; ++i) read.values(i, read.labels[static_cast<std::size_t>(i)]) = 1;
    } else {
      read.values = std::move(labels.values);
    }
  }
  if (read.values.cols() != width)
    throw InputError("target '" + run.target + "' has " + std::to_string(read.values.cols()) + " columns",
                     "the output has " + std::to_string(width), "name another with --target");
  Matrix<double> result(width, static_cast<Index>(inputs.size()));
  for (std::size_t j = 0; j < inputs.size(); ++j)
    for (Index i = 0; i < width; ++i) result(i, static_cast<Index>(j)) = read.values(inputs[j], i);
  return result;
}

/// Number of leading steps at which everything is finite.
std::size_t finite_steps(FittedPair const& fit) {
  std::size_t k = 0;
  while (k < fit.h.size() && std::isfinite(fit.h[k]) && std::isfinite(fit.y[k]) && std::isfinite(fit.w[k]) &&
         std::isfinite(fit.mean_error[k]))
    ++k;
  return k;
}

void no_fit(FittedPair& fit, FitStatus status, std::string detail, std::size_t steps) {
  fit.status = static_cast<Index>(status);
  fit.detail = std::move(detail);
  for (double* value : {&fit.rate_product, &fit.eta_y, &fit.eta_ybar, &fit.sse, &fit.r2_h, &fit.r2_y, &fit.r2_w,
                        &fit.r2_loss, &fit.a_low, &fit.a_high, &fit.regime, &fit.h_final_theory})
    *value = kNaN;
  fit.regime_name = "unknown";
  for (auto* curve : {&fit.h, &fit.y, &fit.w, &fit.loss, &fit.mean_error, &fit.h_theory, &fit.y_theory, &fit.w_theory,
                      &fit.loss_theory})
    curve->resize(steps, kNaN);
  fit.h_final = kNaN;
  for (double const h : fit.h)
    if (std::isfinite(h)) fit.h_final = h;
}

void fit_one(FittedPair& fit, std::vector<Index> const& steps, DynamicsOptions const& options) {
  std::size_t const all = steps.size(), usable_steps = finite_steps(fit);
  if (steps.front() != 0) {
    fit.status = static_cast<Index>(FitStatus::no_step_0);
    fit.detail = "the first step is " + std::to_string(steps.front()) + ", which is taken as the start";
  }
  if (usable_steps < all) {
    fit.status = static_cast<Index>(FitStatus::diverged);
    fit.detail =
        "values are not finite from step " + std::to_string(steps[usable_steps]) + " on: fitted to the steps before";
  }
  if (usable_steps < kFewestSteps)
    return no_fit(fit, FitStatus::too_few_steps,
                  std::to_string(usable_steps) + " usable steps, " + std::to_string(kFewestSteps) + " are needed", all);
  if (!(fit.h.front() > 0))
    return no_fit(fit, FitStatus::merged_start, "the hidden vectors of both inputs are the same at the first step",
                  all);

  PairSeries series;
  auto const head = [&](std::vector<double> const& values) {
    return std::vector<double>(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(usable_steps));
  };
  for (std::size_t k = 0; k < usable_steps; ++k) series.times.push_back(static_cast<double>(steps[k] - steps.front()));
  series.measured = {head(fit.h), head(fit.y), head(fit.w)};
  series.target_distance = fit.target_distance;
  PairFitOptions fit_options;
  fit_options.objective = options.range_normalised ? FitObjective::range_normalised : FitObjective::plain;
  PairFit const found = fit_pair(series, fit_options);
  MeanRateFit const mean =
      fit_mean_rate(found.theory, series.times, series.target_distance, fit.mean_error.front(), head(fit.loss));

  fit.rate_product = found.rates.hidden;
  fit.eta_y = found.rates.output;
  fit.eta_ybar = mean.rate;
  fit.r2_loss = mean.r2;
  fit.sse = found.sse;
  fit.r2_h = found.r2_h;
  fit.r2_y = found.r2_y;
  fit.r2_w = found.r2_w;
  fit.a_low = found.regime.a_low;
  fit.a_high = found.regime.a_high;
  fit.regime = found.regime.index;
  fit.regime_name = regime_name(found.regime);
  fit.h_final_theory = found.regime.h_final;
  fit.h_final = series.measured.h.back();
  fit.applies = found.applies ? 1 : 0;
  fit.h_theory = found.theory.h;
  fit.y_theory = found.theory.y;
  fit.w_theory = found.theory.w;
  fit.loss_theory = pair_loss(found.theory, series.times, series.target_distance, fit.mean_error.front(),
                              std::isnan(mean.rate) ? 0.0 : mean.rate);
  for (auto* curve : {&fit.h_theory, &fit.y_theory, &fit.w_theory, &fit.loss_theory}) curve->resize(all, kNaN);
  if (!options.controls) return;
  for (PairOde const wrong : {PairOde::double_output, PairOde::flipped_sign, PairOde::dropped_term}) {
    fit_options.ode = wrong;
    fit.control_sse.push_back(fit_pair(series, fit_options).sse);
  }
}

}  // namespace

std::vector<FittedPair> fit_pairs(Catalog const& catalog, TrainingRun const& run, std::size_t layer, std::size_t first,
                                  std::size_t count, DynamicsOptions const& options, Poll const& poll) {
  std::vector<FittedPair> fits(count);
  std::vector<Index> inputs;
  for (std::size_t i = 0; i < count; ++i) {
    auto const& [a, b] = run.pairs[first + i];
    fits[i].input_a = a;
    fits[i].input_b = b;
    fits[i].input_distance = fits[i].target_distance = kNaN;
    inputs.push_back(a);
    inputs.push_back(b);
  }
  std::sort(inputs.begin(), inputs.end());
  inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
  auto const place = [&](Index input) {
    return static_cast<Index>(std::lower_bound(inputs.begin(), inputs.end(), input) - inputs.begin());
  };
  auto const refuse_all = [&](FitStatus status, std::string const& reason) {
    for (auto& fit : fits) no_fit(fit, status, reason, run.steps.size());
    return fits;
  };
  Matrix<double> targets;
  try {
    targets = read_targets(catalog, run, inputs);
  } catch (InputError const& error) {
    return refuse_all(FitStatus::no_target, error.what());
  }
  auto const& hidden = run.hidden[layer];
  if (hidden.size() != run.steps.size())
    return refuse_all(FitStatus::unreadable, "the layer is missing at some steps of the run");
  try {
    for (std::size_t k = 0; k < run.steps.size(); ++k) {
      InputVectors const h(catalog, hidden[k], inputs), out(catalog, run.output[k], inputs);
      for (auto& fit : fits) {
        Index const a = place(fit.input_a), b = place(fit.input_b);
        fit.h.push_back(squared_distance(h.view(), a, b));
        add_outputs(fit, out.view(), targets, a, b);
      }
      poll();
    }
    for (auto& fit : fits) fit.target_distance = squared_distance(targets, place(fit.input_a), place(fit.input_b));
    if (!run.input.empty()) {
      InputVectors const x(catalog, run.input.front(), inputs);
      for (auto& fit : fits) fit.input_distance = squared_distance(x.view(), place(fit.input_a), place(fit.input_b));
    }
  } catch (InputError const& error) {
    return refuse_all(FitStatus::unreadable, error.what());
  }
  for (auto& fit : fits) {
    fit_one(fit, run.steps, options);
    poll();
  }
  return fits;
}

}  // namespace confer
