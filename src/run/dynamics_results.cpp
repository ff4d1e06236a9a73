#include "run/dynamics_results.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "confer/core/text.hpp"
#include "run/compare_results.hpp"
#include "run/described.hpp"
#include "run/dynamics_structure.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
std::string const kReference =
    "van Rossem & Saxe 2024, When representations align: universality in representation learning dynamics (ICML)";

/// Writes variables with one value, or one curve, for each fit.
class FitTable {
 public:
  FitTable(DynamicsData const& data, ResultSet& results)
      : data_(data), results_(results), steps_(all_steps(data.runs)) {
    for (auto const& run : data.runs) places_.push_back(places_in(steps_, run.steps));
  }
  std::vector<Index> const& steps() const { return steps_; }

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
        {std::move(name), {"fit", "step"}, std::move(values), described(std::move(meaning)), false});
  }

 private:
  DynamicsData const& data_;
  ResultSet& results_;
  std::vector<Index> steps_;
  std::vector<std::vector<std::size_t>> places_;
};

double eta_h(FittedPair const& fit) {
  return fit.input_distance > 0 ? fit.rate_product / fit.input_distance : fit.rate_product;
}

void add_fit_numbers(FitTable& table, DynamicsData const& data) {
  bool const product_only =
      std::all_of(data.rows.begin(), data.rows.end(), [](FitRow const& row) { return !(row.fit.input_distance > 0); });
  table.numbers(
      "eta_h", eta_h,
      described(product_only ? "effective rate of the hidden layer times the squared input distance X: no "
                               "--input-layer names the inputs, so that only the product is known"
                             : "effective rate of the hidden layer, per step (times X where the input distance "
                               "is unknown); 1/(2 tau) for gradient flow of time constant tau"));
  table.numbers(
      "eta_h_x", [](auto const& f) { return f.rate_product; }, described("eta_h times the squared input distance"));
  table.numbers(
      "eta_y", [](auto const& f) { return f.eta_y; },
      described("effective rate of the output, per step; 1/(2 tau) for gradient flow of time constant tau"));
  table.numbers(
      "eta_ybar", [](auto const& f) { return f.eta_ybar; }, described("effective rate of the mean output, per step"));
  table.numbers(
      "sse", [](auto const& f) { return f.sse; }, described("sum of squared errors of h, y and w over the steps"));
  table.numbers(
      "r2_h", [](auto const& f) { return f.r2_h; }, described("explained variance of h"));
  table.numbers(
      "r2_y", [](auto const& f) { return f.r2_y; }, described("explained variance of y"));
  table.numbers(
      "r2_w", [](auto const& f) { return f.r2_w; }, described("explained variance of w"));
  table.numbers(
      "r2_loss", [](auto const& f) { return f.r2_loss; }, described("explained variance of the loss of the pair"));
  table.numbers(
      "a_low", [](auto const& f) { return f.a_low; },
      described("final hidden distance when the initial one is small", "sqrt(eta_h X Y / eta_y)"));
  table.numbers(
      "a_high", [](auto const& f) { return f.a_high; },
      described("what the start contributes to it", "h(0) - (eta_h/eta_y) X y(0)/h(0)"));
  table.numbers(
      "regime", [](auto const& f) { return f.regime; },
      described("regime index: 1 rich, 0 lazy or merger", "a_low / (a_low + |a_high|)"));
  table.texts(
      "regime_name", [](auto const& row) { return row.fit.regime_name; },
      described("rich (index 2/3 and more), lazy (1/3 and less, a_high > 0), merger (final distance 0), between"),
      false);
  table.numbers(
      "h_final_theory", [](auto const& f) { return f.h_final_theory; },
      described("limit of h by theory", "a_high/2 + sqrt(a_high^2/4 + a_low^2)"));
  table.numbers(
      "h_final", [](auto const& f) { return f.h_final; }, described("last measured h"));
  table.integers(
      "applies", [](auto const& row) { return row.fit.applies; },
      described("1 where the rates mean something; 0: an R2 is below .9, or h ends within .8 to 1.25 of its "
                "start, so that they are not identifiable or the theory does not apply"),
      false);
  table.numbers(
      "input_distance", [](auto const& f) { return f.input_distance; },
      described("squared distance X of the inputs; NaN without --input-layer"));
  table.numbers(
      "target_distance", [](auto const& f) { return f.target_distance; },
      described("squared distance Y of the targets"));
  if (!data.config.dynamics.controls) return;
  std::size_t i = 0;
  for (auto const* name : {"sse_double_output", "sse_flipped_sign", "sse_dropped_term"}) {
    table.numbers(
        name, [i](auto const& f) { return i < f.control_sse.size() ? f.control_sse[i] : kNaN; },
        described("sse of the best fit of deliberately wrong equations: should be well above sse"));
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
  results.variables.push_back({"step", {"step"}, table.steps(), described("training step"), true});
  auto const& runs = data.runs;
  table.texts(
      "network", [&](FitRow const& row) { return runs[row.run].network; }, described("name of the network"), true);
  table.texts(
      "layer", [&](FitRow const& row) { return runs[row.run].layers[row.layer]; }, described("hidden layer"), true);
  table.integers(
      "depth", [&](FitRow const& row) { return static_cast<Index>(row.layer); },
      described("position of the layer among the hidden layers, from 0"), true);
  table.integers(
      "input_a", [](FitRow const& row) { return row.fit.input_a; }, described("first input, counted from 0"), true);
  table.integers(
      "input_b", [](FitRow const& row) { return row.fit.input_b; }, described("second input"), true);
  std::vector<Index> flags;
  for (std::size_t i = 0; i < fit_status_names().size(); ++i) flags.push_back(static_cast<Index>(i));
  Attributes status = described("why there is no fit, or what weakens it");
  status["flag_values"] = flags;
  status["flag_meanings"] = join(fit_status_names(), " ");
  table.integers(
      "fit_status", [](FitRow const& row) { return row.fit.status; }, status, false);
  table.texts(
      "fit_status_detail", [](FitRow const& row) { return row.fit.detail; }, described("what lies behind the status"),
      false);
  add_fit_numbers(table, data);
  add_curves(table);
  add_structure(results, data);
}

void add_description(ResultSet& results, JobConfig const& config, Catalog const& catalog) {
  auto const& options = config.dynamics;
  results.attributes["title"] = std::string(
      options.fits() ? "two-point theory of representation learning, fitted to training runs" : "learning dynamics");
  if (options.fits()) {
    results.attributes["reference"] = kReference;
    results.attributes["objective"] =
        std::string(options.range_normalised ? "squared errors in units of the squared range of each variable"
                                             : "plain sum of squared errors");
  }
  if (options.convergence || options.sequences || !options.group_by.empty())
    results.attributes["measure"] = options.measure;
  results.attributes["seed"] = options.seed;
  add_provenance(results, config, catalog);
}

}  // namespace confer
