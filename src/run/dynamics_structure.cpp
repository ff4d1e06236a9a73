#include "run/dynamics_structure.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "run/described.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostMoments = 12;
constexpr double kMostEntries = 8e6;  ///< of a matrix variable

using Groups = std::map<std::pair<std::size_t, std::size_t>, std::vector<FittedPair const*>>;  ///< by run and layer

double correlation(std::vector<double> const& x, std::vector<double> const& y) {
  double n = 0, mx = 0, my = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (std::isfinite(x[i] + y[i])) {
      n += 1;
      mx += x[i];
      my += y[i];
    }
  if (n < 3) return kNaN;
  mx /= n;
  my /= n;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (std::isfinite(x[i] + y[i])) {
      xx += (x[i] - mx) * (x[i] - mx);
      yy += (y[i] - my) * (y[i] - my);
      xy += (x[i] - mx) * (y[i] - my);
    }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : kNaN;
}

struct Adder {
  ResultSet& results;
  void operator()(std::string name, std::vector<std::string> dimensions, VariableData values, Attributes about) const {
    results.variables.push_back({std::move(name), std::move(dimensions), std::move(values), std::move(about), false});
  }
};

/// The inputs of some pairs, ascending; empty unless every pair of them is there.
std::vector<Index> inputs_of(std::vector<FittedPair const*> const& fits) {
  std::vector<Index> inputs;
  for (auto const* fit : fits) {
    inputs.push_back(fit->input_a);
    inputs.push_back(fit->input_b);
  }
  std::sort(inputs.begin(), inputs.end());
  inputs.erase(std::unique(inputs.begin(), inputs.end()), inputs.end());
  return fits.size() == inputs.size() * (inputs.size() - 1) / 2 ? inputs : std::vector<Index>();
}

/// Positions of moments among the steps of a run: the first, the last and some evenly between.
std::vector<std::size_t> moments_of(std::size_t steps, std::size_t count) {
  std::vector<std::size_t> chosen;
  for (std::size_t m = 0; m < std::min(count, steps); ++m)
    chosen.push_back(steps <= count ? m : m * (steps - 1) / (count - 1));
  return chosen;
}

void add_matrices(Adder const& add, DynamicsData const& data, Groups const& groups) {
  std::size_t width = 0;
  for (auto const& [key, fits] : groups) width = std::max(width, inputs_of(fits).size());
  if (width == 0) return;
  std::size_t moments = 0;
  for (auto const& run : data.runs) moments = std::max(moments, std::min(kMostMoments, run.steps.size()));
  auto const entries = static_cast<double>(groups.size() * width * width);
  while (moments > 2 && entries * static_cast<double>(moments) > kMostEntries) --moments;
  std::size_t const size = groups.size() * moments * width * width;
  std::vector<double> measured(size, kNaN), predicted(size, kNaN);
  std::vector<Index> numbers, moment_steps;
  std::size_t group = 0;
  for (auto const& [key, fits] : groups) {
    auto inputs = inputs_of(fits);
    auto const& steps = data.runs[key.first].steps;
    auto const chosen = moments_of(steps.size(), moments);
    for (std::size_t m = 0; m < moments; ++m)
      moment_steps.push_back(m < chosen.size() && !inputs.empty() ? steps[chosen[m]] : -1);
    for (std::size_t m = 0; m < chosen.size() && !inputs.empty(); ++m) {
      auto const at = [&](std::size_t row, std::size_t column) {
        return ((group * moments + m) * width + row) * width + column;
      };
      for (std::size_t i = 0; i < inputs.size(); ++i) measured[at(i, i)] = predicted[at(i, i)] = 0;
      for (auto const* fit : fits) {
        auto const place = [&](Index input) {
          return static_cast<std::size_t>(std::lower_bound(inputs.begin(), inputs.end(), input) - inputs.begin());
        };
        std::size_t const a = place(fit->input_a), b = place(fit->input_b);
        measured[at(a, b)] = measured[at(b, a)] = fit->h[chosen[m]];
        predicted[at(a, b)] = predicted[at(b, a)] = fit->h_theory[chosen[m]];
      }
    }
    inputs.resize(width, -1);
    numbers.insert(numbers.end(), inputs.begin(), inputs.end());
    ++group;
  }
  add.results.dimensions.emplace_back("moment", static_cast<Index>(moments));
  add.results.dimensions.emplace_back("structure_row", static_cast<Index>(width));
  add.results.dimensions.emplace_back("structure_column", static_cast<Index>(width));
  add("structure_input", {"structure", "structure_row"}, std::move(numbers),
      described("inputs of rows and columns; -1: none, or not all pairs of them were followed"));
  add("structure_step", {"structure", "moment"}, std::move(moment_steps), described("training step; -1: none"));
  add("structure_measured", {"structure", "moment", "structure_row", "structure_column"}, std::move(measured),
      described("squared distances of the hidden vectors, measured"));
  add("structure_predicted", {"structure", "moment", "structure_row", "structure_column"}, std::move(predicted),
      described("squared distances of the hidden vectors by theory"));
}

}  // namespace

std::vector<Index> all_steps(std::vector<TrainingRun> const& runs) {
  std::vector<Index> steps;
  for (auto const& run : runs) steps.insert(steps.end(), run.steps.begin(), run.steps.end());
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  return steps;
}

std::vector<std::size_t> places_in(std::vector<Index> const& all, std::vector<Index> const& steps) {
  std::vector<std::size_t> places;
  for (Index const step : steps)
    places.push_back(static_cast<std::size_t>(std::lower_bound(all.begin(), all.end(), step) - all.begin()));
  return places;
}

void add_structure(ResultSet& results, DynamicsData const& data) {
  std::vector<Index> const all = all_steps(data.runs);
  Groups groups;
  for (auto const& row : data.rows) groups[{row.run, row.layer}].push_back(&row.fit);
  std::erase_if(groups, [](auto const& group) { return group.second.size() < 3; });
  if (groups.empty()) return;
  std::vector<std::string> networks, layers;
  std::vector<Index> pairs;
  std::vector<double> over_steps, final_values, to_initial, to_product;
  auto const steps = all.size();
  for (auto const& [key, fits] : groups) {
    networks.push_back(data.runs[key.first].network);
    layers.push_back(data.runs[key.first].layers[key.second]);
    pairs.push_back(static_cast<Index>(fits.size()));
    auto const column = [&](auto const& get) {
      std::vector<double> values;
      for (auto const* fit : fits) values.push_back(get(*fit));
      return values;
    };
    std::vector<double> row(steps, kNaN);
    auto const places = places_in(all, data.runs[key.first].steps);
    for (std::size_t k = 0; k < places.size(); ++k)
      row[places[k]] = correlation(column([&](FittedPair const& f) { return f.h[k]; }),
                                   column([&](FittedPair const& f) { return f.h_theory[k]; }));
    over_steps.insert(over_steps.end(), row.begin(), row.end());
    auto const measured = column([](FittedPair const& f) { return f.h_final; });
    final_values.push_back(correlation(measured, column([](FittedPair const& f) { return f.h_final_theory; })));
    to_initial.push_back(correlation(measured, column([](FittedPair const& f) { return f.h.front(); })));
    to_product.push_back(correlation(
        measured, column([](FittedPair const& f) { return std::sqrt(f.input_distance * f.target_distance); })));
  }
  results.dimensions.emplace_back("structure", static_cast<Index>(networks.size()));
  Adder const add{results};
  add("structure_network", {"structure"}, std::move(networks), described("network"));
  add("structure_layer", {"structure"}, std::move(layers), described("layer"));
  add("structure_pairs", {"structure"}, std::move(pairs), described("number of pairs"));
  add("structure_correlation", {"structure", "step"}, std::move(over_steps),
      described("correlation over pairs of measured and predicted hidden distance, by step"));
  add("structure_final", {"structure"}, std::move(final_values),
      described("correlation over pairs of the last measured hidden distance with its predicted limit"));
  add("structure_initial", {"structure"}, std::move(to_initial),
      described("correlation over pairs of the last hidden distance with the first: near 1 where learning is lazy"));
  add("structure_product", {"structure"}, std::move(to_product),
      described("correlation over pairs of the last hidden distance with |dx| |dy*|: near 1 where learning is rich"));
  add_matrices(add, data, groups);
}

}  // namespace confer
