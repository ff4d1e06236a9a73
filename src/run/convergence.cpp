#include "run/convergence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "confer/core/error.hpp"
#include "confer/core/record.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/linalg/dense.hpp"
#include "run/activation_matrix.hpp"
#include "run/analysis_memory.hpp"
#include "run/layer_factor.hpp"
#include "run/work_list.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// What is found for one series; vectors over its steps, correlations step by step.
struct Found {
  std::string problem;
  std::vector<double> similarity, correlations, stable, unstable;
  Index directions = 0;  ///< correlations per step
};

template <class Archive, class F>
void found_fields(Archive& archive, F& f) {
  archive(f.problem), archive(f.similarity), archive(f.correlations), archive(f.stable), archive(f.unstable);
  archive(f.directions);
}

/// U'V of two bases.
Matrix<double> cross(MatrixView<double const> u, MatrixView<double const> v) {
  Matrix<double> result(u.cols, v.cols);
  gemm(1.0, u, Op::transpose, v, Op::none, 0.0, result);
  return result;
}

double mean_correlation(MatrixView<double const> variates, LayerFactor const& layer) {
  auto const values = singular_values(cross(variates, layer.factor.basis_exact));
  double sum = 0;
  for (double const value : values) sum += std::min(value, 1.0);
  return values.empty() ? kNaN : sum / static_cast<double>(values.size());
}

/// The canonical variates of an early and a middle state, on the early side: the first are stable, the last are not.
struct Directions {
  Matrix<double> stable, unstable;
};

Directions split_directions(LayerFactor const& early, LayerFactor const& middle) {
  Svd const canonical = svd(cross(early.factor.basis_exact, middle.factor.basis_exact));
  auto const rank = static_cast<Index>(canonical.s.size());
  Index const count = std::max<Index>(1, std::min<Index>(100, rank / 4));
  auto const rows = early.factor.basis_exact.rows();
  Directions result{Matrix<double>(rows, count), Matrix<double>(rows, count)};
  auto const u = canonical.u.view();
  gemm(1.0, early.factor.basis_exact, Op::none, u.block(0, 0, u.rows, count), Op::none, 0.0, result.stable.view());
  gemm(1.0, early.factor.basis_exact, Op::none, u.block(0, rank - count, u.rows, count), Op::none, 0.0,
       result.unstable.view());
  return result;
}

/// First step after the start, and the step nearest to half of the last.
std::pair<std::size_t, std::size_t> early_and_middle(std::vector<Index> const& steps) {
  std::size_t const early = steps.front() == 0 ? 1 : 0;
  double const half = 0.5 * static_cast<double>(steps.back());
  std::size_t middle = early;
  for (std::size_t k = early; k < steps.size(); ++k)
    if (std::abs(static_cast<double>(steps[k]) - half) < std::abs(static_cast<double>(steps[middle]) - half))
      middle = k;
  return {early, middle};
}

Found follow(Catalog const& catalog, LayerSeries const& series, JobConfig const& config, Measure const& measure,
             double allowed) {
  auto const factor = [&](std::size_t k) {
    Representation const& r = series.representations[k];
    return factor_layer(catalog, r, config.rank_tolerance, kept_bytes_within(allowed, [&](bool whole) {
                          return convergence_memory(catalog, r, config, whole);
                        }));
  };
  Found found;
  try {
    LayerFactor const last = factor(series.steps.size() - 1);
    found.directions = last.rank();
    auto const [early, middle] = early_and_middle(series.steps);
    Directions directions;
    bool const split = middle > early && last.rank() >= 2;
    if (split) {
      LayerFactor const first = factor(early), second = factor(middle);
      if (first.rank() > 0 && second.rank() > 0) directions = split_directions(first, second);
    }
    for (std::size_t k = 0; k < series.steps.size(); ++k) {
      LayerFactor const now = factor(k);
      found.similarity.push_back(symmetric_score(measure, now, last));
      std::vector<double> correlations;
      if (now.rank() > 0 && last.rank() > 0)
        correlations = singular_values(cross(now.factor.basis_exact, last.factor.basis_exact));
      correlations.resize(static_cast<std::size_t>(found.directions), kNaN);
      for (double& value : correlations) value = std::min(value, 1.0);
      found.correlations.insert(found.correlations.end(), correlations.begin(), correlations.end());
      bool const followed = directions.stable.cols() > 0 && k > early && now.rank() > 0;
      found.stable.push_back(followed ? mean_correlation(directions.stable, now) : kNaN);
      found.unstable.push_back(followed ? mean_correlation(directions.unstable, now) : kNaN);
    }
    return found;
  } catch (BadValues const& bad) {
    found.problem = "values that are not finite, the first at " + bad.seen.first_non_finite;
  } catch (InputError const& error) {
    found.problem = error.what();
  }
  found.similarity = found.stable = found.unstable = std::vector<double>(series.steps.size(), kNaN);
  found.correlations.clear();
  found.directions = 0;
  return found;
}

/// Mean similarity to the last step over the steps between the first and the last.
double mean_between(std::vector<double> const& similarity) {
  double sum = 0;
  for (std::size_t k = 1; k + 1 < similarity.size(); ++k) sum += similarity[k];
  return similarity.size() > 2 ? sum / static_cast<double>(similarity.size() - 2) : kNaN;
}

void add_results(ResultSet& results, std::vector<LayerSeries> const& series, std::vector<Found> const& found,
                 Measure const& measure) {
  std::vector<Index> steps;
  Index directions = 1;
  for (std::size_t i = 0; i < series.size(); ++i) {
    steps.insert(steps.end(), series[i].steps.begin(), series[i].steps.end());
    directions = std::max(directions, found[i].directions);
  }
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  std::size_t const count = series.size(), width = steps.size(), depth = static_cast<std::size_t>(directions);
  std::vector<double> similarity(count * width, kNaN), stable = similarity, unstable = similarity, area;
  std::vector<double> correlations(count * width * depth, kNaN);
  std::vector<std::string> network, layer;
  std::vector<Index> layer_depth;
  std::map<std::string, std::pair<std::vector<double>, std::vector<double>>> order;
  for (std::size_t i = 0; i < count; ++i) {
    network.push_back(series[i].network);
    layer.push_back(series[i].layer);
    layer_depth.push_back(series[i].depth);
    area.push_back(mean_between(found[i].similarity));
    if (std::isfinite(area.back())) {
      order[series[i].network].first.push_back(static_cast<double>(series[i].depth));
      order[series[i].network].second.push_back(measure.kind == MeasureKind::similarity ? -area.back() : area.back());
    }
    for (std::size_t k = 0; k < series[i].steps.size(); ++k) {
      auto const at = i * width + static_cast<std::size_t>(
                                      std::lower_bound(steps.begin(), steps.end(), series[i].steps[k]) - steps.begin());
      similarity[at] = found[i].similarity[k];
      stable[at] = found[i].stable[k];
      unstable[at] = found[i].unstable[k];
      auto const own = static_cast<std::size_t>(found[i].directions);
      std::copy_n(found[i].correlations.begin() + static_cast<std::ptrdiff_t>(k * own), own,
                  correlations.begin() + static_cast<std::ptrdiff_t>(at * depth));
    }
  }
  std::vector<double> bottom_up;
  for (auto const& name : network) bottom_up.push_back(kendall(order[name].first, order[name].second));
  results.dimensions.emplace_back("series", static_cast<Index>(count));
  results.dimensions.emplace_back("checkpoint", static_cast<Index>(width));
  results.dimensions.emplace_back("direction", directions);
  auto const add = [&](std::string name, std::vector<std::string> dimensions, VariableData values,
                       std::string meaning) {
    results.variables.push_back(
        {std::move(name), std::move(dimensions), std::move(values), {{"long_name", std::move(meaning)}}, false});
  };
  add("checkpoint", {"checkpoint"}, std::move(steps), "training step");
  add("series_network", {"series"}, std::move(network), "network");
  add("series_layer", {"series"}, std::move(layer), "layer");
  add("series_depth", {"series"}, std::move(layer_depth), "position of the layer in its network, from 0");
  add("convergence", {"series", "checkpoint"}, std::move(similarity),
      std::string(measure.name) + " between the layer and its state at the last step (mean of both directions)");
  add("convergence_mean", {"series"}, std::move(area), "mean of that over the steps between the first and the last");
  add("bottom_up", {"series"}, std::move(bottom_up),
      "Kendall's tau of depth and distance to the final state over the layers of the network: 1 when lower layers "
      "converge first");
  add("convergence_correlation", {"series", "checkpoint", "direction"}, std::move(correlations),
      "canonical correlations with the last step, sorted");
  add("stable", {"series", "checkpoint"}, std::move(stable),
      "mean canonical correlation with the quarter of directions (at most 100) that an early and a middle step share "
      "most");
  add("unstable", {"series", "checkpoint"}, std::move(unstable), "the same of the directions that they share least");
}

}  // namespace

std::vector<LayerSeries> layer_series(Catalog const& catalog, std::vector<Representation> const& representations) {
  std::map<std::pair<std::string, std::string>, std::size_t> places;
  std::vector<LayerSeries> series;
  for (auto const& r : representations) {
    auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)];
    auto const& layer = checkpoint.layers[static_cast<std::size_t>(r.layer)];
    auto const [place, is_new] = places.try_emplace({checkpoint.network, layer.name}, series.size());
    if (is_new) series.push_back({checkpoint.network, layer.name, layer.depth, {}, {}});
    auto& found = series[place->second];
    // Rows must match from step to step.
    if (!found.representations.empty() && found.representations.front().rows() != r.rows()) continue;
    found.steps.push_back(checkpoint.step);
    found.representations.push_back(r);
  }
  std::erase_if(series, [](LayerSeries const& s) { return s.steps.size() < 2; });
  return series;
}

double kendall(std::vector<double> const& x, std::vector<double> const& y) {
  double concordant = 0, pairs_x = 0, pairs_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      double const dx = x[i] < x[j] ? -1 : x[i] > x[j], dy = y[i] < y[j] ? -1 : y[i] > y[j];
      concordant += dx * dy;
      pairs_x += dx * dx;
      pairs_y += dy * dy;
    }
  return pairs_x > 0 && pairs_y > 0 ? concordant / std::sqrt(pairs_x * pairs_y) : kNaN;
}

std::vector<std::string> add_convergence(ResultSet& results, Catalog const& catalog, JobConfig const& config,
                                         Communicator const& comm) {
  Measure const& measure = covariance_measure(config.dynamics.measure);
  auto const series = layer_series(catalog, select_representations(catalog, config.selection));
  if (series.empty())
    throw InputError("convergence cannot be followed", "no layer is there at two steps or more",
                     "give several checkpoints of a network");
  MemoryBudget const budget(comm, comm.split_node(), config.run);
  WorkList list;
  list.items = static_cast<Index>(series.size());
  std::string text = "convergence 1\n" + files_text(catalog) + measure.name + " " +
                     (config.rank_tolerance ? format_number(*config.rank_tolerance) : "auto") + "\n";
  for (auto const& s : series) {
    text += s.network + "/" + s.layer + " " + s.representations.front().row_meaning + " " +
            std::to_string(s.representations.front().sample_begin) + " " +
            std::to_string(s.representations.front().rows()) + " " + std::to_string(s.representations.front().features);
    for (Index const step : s.steps) text += " " + std::to_string(step);
    list.costs.push_back(static_cast<double>(s.steps.size()) * static_cast<double>(s.representations.front().rows()) *
                         static_cast<double>(s.representations.front().features));
  }
  list.fingerprint = content_key(text);
  list.phase = "convergence";
  list.unit = "layers";
  list.work = [&](Index item, Poll const&) {
    RecordWriter writer;
    Found const found = follow(catalog, series[static_cast<std::size_t>(item)], config, measure, budget.allowed());
    found_fields(writer, found);
    return writer.take();
  };
  auto const records = do_work(comm, config.run, list);
  std::vector<std::string> problems;
  std::vector<Found> all;
  for (std::size_t i = 0; i < records.size(); ++i) {
    RecordReader reader(records[i]);
    all.emplace_back();
    found_fields(reader, all.back());
    if (!all.back().problem.empty())
      problems.push_back("convergence of " + printable(series[i].network + "/" + series[i].layer) + ": " +
                         all.back().problem);
  }
  if (comm.is_root()) add_results(results, series, all, measure);
  return problems;
}

}  // namespace confer
