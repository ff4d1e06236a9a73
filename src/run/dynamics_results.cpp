#include "run/dynamics_results.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "confer/core/text.hpp"
#include "run/compare_results.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
std::string const kReference =
    "van Rossem & Saxe 2024, When representations align: universality in representation learning dynamics (ICML)";

Attributes about(std::string long_name, std::string formula = {}) {
  Attributes result = {{"long_name", std::move(long_name)}};
  if (!formula.empty()) result["formula"] = std::move(formula);
  return result;
}

/// Writes variables with one value, or one curve, for each fit.
class FitTable {
 public:
  FitTable(DynamicsData const& data, ResultSet& results) : data_(data), results_(results) {
    for (auto const& run : data.runs) steps_.insert(steps_.end(), run.steps.begin(), run.steps.end());
    std::sort(steps_.begin(), steps_.end());
    steps_.erase(std::unique(steps_.begin(), steps_.end()), steps_.end());
    for (auto const& run : data.runs) {
      places_.emplace_back();
      for (Index const step : run.steps)
        places_.back().push_back(
            static_cast<std::size_t>(std::lower_bound(steps_.begin(), steps_.end(), step) - steps_.begin()));
    }
  }
  std::vector<Index> const& steps() const { return steps_; }
  std::vector<std::size_t> const& places(std::size_t run) const { return places_[run]; }

  void numbers(std::string name, std::function<double(FittedPair const&)> const& get, Attributes attributes) {
    std::vector<double> values;
    for (auto const& row : data_.rows) values.push_back(get(row.fit));
    results_.variables.push_back({std::move(name), {"fit"}, std::move(values), std::move(attributes), false});
  }
  void integers(std::string name, std::function<Index(FitRow const&)> const& get, Attributes attributes,
                bool coordinate) {
    std::vector<Index> values;
    for (auto const& row : data_.rows) values.push_back(get(row));
    results_.variables.push_back({std::move(name), {"fit"}, std::move(values), std::move(attributes), coordinate});
  }
  void texts(std::string name, std::function<std::string(FitRow const&)> const& get, Attributes attributes,
             bool coordinate) {
    std::vector<std::string> values;
    for (auto const& row : data_.rows) values.push_back(get(row));
    results_.variables.push_back({std::move(name), {"fit"}, std::move(values), std::move(attributes), coordinate});
  }
  void curves(std::string name, std::vector<double> FittedPair::*member, std::string meaning) {
    std::vector<double> values(data_.rows.size() * steps_.size(), kNaN);
    for (std::size_t i = 0; i < data_.rows.size(); ++i) {
      auto const& curve = data_.rows[i].fit.*member;
      auto const& places = places_[data_.rows[i].run];
      for (std::size_t k = 0; k < std::min(curve.size(), places.size()); ++k)
        values[i * steps_.size() + places[k]] = curve[k];
    }
    results_.variables.push_back(
        {std::move(name), {"fit", "step"}, std::move(values), about(std::move(meaning)), false});
  }

 private:
  DynamicsData const& data_;
  ResultSet& results_;
  std::vector<Index> steps_;
  std::vector<std::vector<std::size_t>> places_;
};

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

double eta_h(FittedPair const& fit) {
  return fit.input_distance > 0 ? fit.rate_product / fit.input_distance : fit.rate_product;
}

/// For each run and layer with three pairs or more: do measured distances of all pairs follow the predicted ones?
void add_structure(ResultSet& results, DynamicsData const& data, FitTable const& table) {
  std::map<std::pair<std::size_t, std::size_t>, std::vector<FittedPair const*>> groups;
  for (auto const& row : data.rows) groups[{row.run, row.layer}].push_back(&row.fit);
  std::erase_if(groups, [](auto const& group) { return group.second.size() < 3; });
  if (groups.empty()) return;
  std::vector<std::string> networks, layers;
  std::vector<Index> pairs;
  std::vector<double> over_steps, final_values, to_initial, to_product;
  auto const steps = table.steps().size();
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
    auto const& places = table.places(key.first);
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
  auto const add = [&](std::string name, std::vector<std::string> dimensions, VariableData values,
                       Attributes attributes) {
    results.variables.push_back(
        {std::move(name), std::move(dimensions), std::move(values), std::move(attributes), false});
  };
  add("structure_network", {"structure"}, std::move(networks), about("network"));
  add("structure_layer", {"structure"}, std::move(layers), about("layer"));
  add("structure_pairs", {"structure"}, std::move(pairs), about("number of pairs"));
  add("structure_correlation", {"structure", "step"}, std::move(over_steps),
      about("correlation over pairs of measured and predicted hidden distance, by step"));
  add("structure_final", {"structure"}, std::move(final_values),
      about("correlation over pairs of the last measured hidden distance with its predicted limit"));
  add("structure_initial", {"structure"}, std::move(to_initial),
      about("correlation over pairs of the last hidden distance with the first: near 1 where learning is lazy"));
  add("structure_product", {"structure"}, std::move(to_product),
      about("correlation over pairs of the last hidden distance with |dx| |dy*|: near 1 where learning is rich"));
}

void add_fit_numbers(FitTable& table, DynamicsData const& data) {
  bool const product_only =
      std::all_of(data.rows.begin(), data.rows.end(), [](FitRow const& row) { return !(row.fit.input_distance > 0); });
  table.numbers("eta_h", eta_h,
                about(product_only ? "effective rate of the hidden layer times the squared input distance X: no "
                                     "--input-layer names the inputs, so that only the product is known"
                                   : "effective rate of the hidden layer, per step (times X where the input distance "
                                     "is unknown); 1/(2 tau) for gradient flow of time constant tau"));
  table.numbers(
      "eta_h_x", [](auto const& f) { return f.rate_product; }, about("eta_h times the squared input distance"));
  table.numbers(
      "eta_y", [](auto const& f) { return f.eta_y; },
      about("effective rate of the output, per step; 1/(2 tau) for gradient flow of time constant tau"));
  table.numbers(
      "eta_ybar", [](auto const& f) { return f.eta_ybar; }, about("effective rate of the mean output, per step"));
  table.numbers(
      "sse", [](auto const& f) { return f.sse; }, about("sum of squared errors of h, y and w over the steps"));
  table.numbers(
      "r2_h", [](auto const& f) { return f.r2_h; }, about("explained variance of h"));
  table.numbers(
      "r2_y", [](auto const& f) { return f.r2_y; }, about("explained variance of y"));
  table.numbers(
      "r2_w", [](auto const& f) { return f.r2_w; }, about("explained variance of w"));
  table.numbers(
      "r2_loss", [](auto const& f) { return f.r2_loss; }, about("explained variance of the loss of the pair"));
  table.numbers(
      "a_low", [](auto const& f) { return f.a_low; },
      about("final hidden distance when the initial one is small", "sqrt(eta_h X Y / eta_y)"));
  table.numbers(
      "a_high", [](auto const& f) { return f.a_high; },
      about("what the start contributes to it", "h(0) - (eta_h/eta_y) X y(0)/h(0)"));
  table.numbers(
      "regime", [](auto const& f) { return f.regime; },
      about("regime index: 1 rich, 0 lazy or merger", "a_low / (a_low + |a_high|)"));
  table.texts(
      "regime_name", [](auto const& row) { return row.fit.regime_name; },
      about("rich (index 2/3 and more), lazy (1/3 and less, a_high > 0), merger (final distance 0), between"), false);
  table.numbers(
      "h_final_theory", [](auto const& f) { return f.h_final_theory; },
      about("limit of h by theory", "a_high/2 + sqrt(a_high^2/4 + a_low^2)"));
  table.numbers(
      "h_final", [](auto const& f) { return f.h_final; }, about("last measured h"));
  table.integers(
      "applies", [](auto const& row) { return row.fit.applies; },
      about("1 where the rates mean something; 0: an R2 is below .9, or h ends within .8 to 1.25 of its "
            "start, so that they are not identifiable or the theory does not apply"),
      false);
  table.numbers(
      "input_distance", [](auto const& f) { return f.input_distance; },
      about("squared distance X of the inputs; NaN without --input-layer"));
  table.numbers(
      "target_distance", [](auto const& f) { return f.target_distance; }, about("squared distance Y of the targets"));
  if (!data.config.dynamics.controls) return;
  std::size_t i = 0;
  for (auto const* name : {"sse_double_output", "sse_flipped_sign", "sse_dropped_term"}) {
    table.numbers(
        name, [i](auto const& f) { return i < f.control_sse.size() ? f.control_sse[i] : kNaN; },
        about("sse of the best fit of deliberately wrong equations: should be well above sse"));
    ++i;
  }
}

void add_curves(FitTable& table) {
  table.curves("h", &FittedPair::h, "squared distance of the hidden vectors, measured");
  table.curves("y", &FittedPair::y, "squared distance of the outputs, measured");
  table.curves("w", &FittedPair::w, "y minus the inner product of output and target difference, measured");
  table.curves("loss", &FittedPair::loss, "mean over both inputs of half the squared error, measured");
  table.curves("mean_error", &FittedPair::mean_error, "squared error of the mean output, measured");
  table.curves("h_theory", &FittedPair::h_theory, "h by theory");
  table.curves("y_theory", &FittedPair::y_theory, "y by theory");
  table.curves("w_theory", &FittedPair::w_theory, "w by theory");
  table.curves("loss_theory", &FittedPair::loss_theory, "loss by theory");
}

}  // namespace

void add_dynamics(ResultSet& results, DynamicsData const& data) {
  FitTable table(data, results);
  results.dimensions.emplace_back("fit", static_cast<Index>(data.rows.size()));
  results.dimensions.emplace_back("step", static_cast<Index>(table.steps().size()));
  results.variables.push_back({"step", {"step"}, table.steps(), about("training step"), true});
  auto const& runs = data.runs;
  table.texts(
      "network", [&](FitRow const& row) { return runs[row.run].network; }, about("name of the network"), true);
  table.texts(
      "layer", [&](FitRow const& row) { return runs[row.run].layers[row.layer]; }, about("hidden layer"), true);
  table.integers(
      "depth", [&](FitRow const& row) { return static_cast<Index>(row.layer); },
      about("position of the layer among the hidden layers, from 0"), true);
  table.integers(
      "input_a", [](FitRow const& row) { return row.fit.input_a; }, about("first input, counted from 0"), true);
  table.integers(
      "input_b", [](FitRow const& row) { return row.fit.input_b; }, about("second input"), true);
  std::vector<Index> flags;
  for (std::size_t i = 0; i < fit_status_names().size(); ++i) flags.push_back(static_cast<Index>(i));
  Attributes status = about("why there is no fit, or what weakens it");
  status["flag_values"] = flags;
  status["flag_meanings"] = join(fit_status_names(), " ");
  table.integers(
      "fit_status", [](FitRow const& row) { return row.fit.status; }, status, false);
  table.texts(
      "fit_status_detail", [](FitRow const& row) { return row.fit.detail; }, about("what lies behind the status"),
      false);
  add_fit_numbers(table, data);
  add_curves(table);
  add_structure(results, data, table);
}

void add_description(ResultSet& results, JobConfig const& config, Catalog const& catalog) {
  results.attributes["title"] = std::string("two-point theory of representation learning, fitted to training runs");
  results.attributes["reference"] = kReference;
  results.attributes["objective"] =
      std::string(config.dynamics.range_normalised ? "squared errors in units of the squared range of each variable"
                                                   : "plain sum of squared errors");
  results.attributes["seed"] = config.dynamics.seed;
  add_provenance(results, config, catalog);
}

}  // namespace confer
