#include "run/compare_results.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "confer/core/text.hpp"
#include "confer/similarity/chance.hpp"
#include "confer/similarity/spectrum.hpp"
#include "run/network_summary.hpp"
#include "run/earlier_results.hpp"
#include "run/tile_engine.hpp"

namespace confer {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Attributes measure_attributes(Measure const& measure, CompareOptions const& options) {
  Attributes attributes = {{"long_name", std::string(measure.long_name)},
                           {"formula", std::string(measure.formula)},
                           {"reference", std::string(measure.reference)},
                           {"kind", std::string(measure.kind == MeasureKind::similarity ? "similarity" : "distance")},
                           {"symmetric", Index{measure.symmetric ? 1 : 0}},
                           {"range", std::vector<double>{measure.lowest, measure.highest}},
                           {"precision", std::string(options.exact ? "double" : "single basis, double spectra")}};
  if ((measure.needs & needs_truncated) != 0) {
    if (options.components)
      attributes["components"] = *options.components;
    else
      attributes["variance"] = options.variance;
  }
  if (measure.statistics == StatisticsKind::held_out) attributes["folds"] = options.folds;
  return attributes;
}

/// Columns that describe the factor of each representation.
void add_factor_columns(ResultSet& results, ComparisonData const& data) {
  std::vector<Index> rank, components, constant;
  std::vector<double> ratio, effective, exponent, variance, tau, smallest;
  std::vector<std::string> status, detail, warnings;
  for (std::size_t i = 0; i < data.representations.size(); ++i) {
    FactorSummary const& s = data.factors.summaries[i];
    auto const& r = data.representations[i];
    auto const& checkpoint = data.catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)];
    bool const good = usable(s.status);
    rank.push_back(s.rank());
    components.push_back(s.components);
    constant.push_back(s.constant_features);
    ratio.push_back(good ? s.total_variance / s.sum_fourth_powers * s.total_variance : nan);
    effective.push_back(effective_rank(s.singular_values));
    exponent.push_back(spectrum_exponent(s.singular_values));
    variance.push_back(good || s.status == RepresentationStatus::constant ? s.total_variance * s.unit * s.unit : nan);
    tau.push_back(good ? s.tau * s.unit : nan);
    smallest.push_back(good ? s.singular_values.back() * s.unit : nan);
    status.push_back(to_string(s.status));
    detail.push_back(s.detail);
    std::vector<std::string> all = checkpoint.warnings;
    auto const& layer = checkpoint.layers[static_cast<std::size_t>(r.layer)];
    all.insert(all.end(), layer.warnings.begin(), layer.warnings.end());
    if (good && s.constant_features > 0)
      all.push_back(format_count(s.constant_features) + " constant neurons left out");
    if (good && s.rows < 5 * s.rank())
      all.push_back("fewer than 5 rows per dimension: correlations are inflated by chance");
    warnings.push_back(join(all, "; "));
  }
  auto const add = [&](std::string const& name, VariableData values, std::string const& meaning) {
    results.variables.push_back({name, {"a"}, std::move(values), {{"long_name", meaning}}, true});
  };
  add("rank", rank, "numerical rank of the centred activations");
  add("components", components, "leading directions that SVCCA keeps");
  add("participation_ratio", ratio, "effective dimension (sum of variances)^2 / sum of squared variances");
  add("effective_rank", effective, "exp of the entropy of the singular values over their sum (Roy, Vetterli 2007)");
  add("spectrum_exponent", exponent, "alpha of variances falling like i^-alpha over all directions (Stringer et al. 2019)");
  add("total_variance", variance, "sum of squares of the centred activations");
  add("constant_neurons", constant, "neurons that do not vary over the samples, left out");
  add("tau", tau, "norm of what rounding to the stored type could have produced");
  add("smallest_kept", smallest, "smallest singular value that counts");
  add("status", status, "ok, rank_deficient, saturated, constant, nonfinite or unreadable");
  add("status_detail", detail, "what lies behind the status");
  add("warnings", warnings, "what weakens results from this representation");
  results.variables.push_back(
      {"key", {"a"}, data.keys, {{"long_name", "identity of the data and options that the values depend on"}}, true});
}

/// Values, chance level and standardised score of one measure.
void add_measure(ResultSet& results, ComparisonData const& data, PairTable& table, std::size_t column) {
  Measure const& measure = *table.measures[column];
  std::string const name = measure.name;
  Attributes attributes = table.notes[column];  // what an engine says of its own goes first
  attributes.merge(measure_attributes(measure, data.config.compare));
  results.variables.push_back({name, {"a", "b"}, std::move(table.values[column]), std::move(attributes), false});
  VariableData null = std::move(table.null[column]), z = std::move(table.z[column]);
  if (std::get<std::vector<double>>(null).empty()) {  // no engine of its own has entered them
    if (measure.chance == nullptr) return;
    null = chance_level_rows(measure, data.factors.summaries);
    z = chance_score_rows(measure, data.factors.summaries);
  }
  results.variables.push_back(
      {name + "_null",
       {"a", "b"},
       std::move(null),
       {{"long_name", "chance level of " + name + ": its mean over random relabellings of the samples"}},
       false});
  results.variables.push_back(
      {name + "_z", {"a", "b"}, std::move(z), {{"long_name", name + " in standard deviations above chance"}}, false});
}

void add_coefficients(ResultSet& results, PairTable& table) {
  std::size_t longest = 0;
  for (auto const& [pair, values] : table.coefficients) longest = std::max(longest, values.size());
  auto const pairs = table.coefficients.size();
  std::vector<double> all(pairs * longest, nan);
  std::vector<Index> first, second;
  std::size_t row = 0;
  for (auto const& [pair, values] : table.coefficients) {
    std::copy(values.begin(), values.end(), all.begin() + static_cast<std::ptrdiff_t>(row++ * longest));
    first.push_back(pair.first);
    second.push_back(pair.second);
  }
  results.dimensions.emplace_back("pair", static_cast<Index>(pairs));
  results.dimensions.emplace_back("component", static_cast<Index>(longest));
  results.variables.push_back({"pair_a", {"pair"}, std::move(first), {{"long_name", "position along a"}}, true});
  results.variables.push_back({"pair_b", {"pair"}, std::move(second), {{"long_name", "position along b"}}, true});
  results.variables.push_back({"canonical_correlation",
                               {"pair", "component"},
                               std::move(all),
                               {{"long_name", "canonical correlations, descending; NaN beyond the smaller rank"}},
                               false});
}

}  // namespace

ResultSet comparison_results(ComparisonData const& data, PairTable&& table) {
  ResultSet results;
  auto const count = static_cast<Index>(data.representations.size());
  results.dimensions = {{"a", count}, {"b", count}};
  add_representation_coordinates(results, "a", data.catalog, data.representations);
  add_factor_columns(results, data);
  results.attributes["values_depend_on"] = values_depend_on(data.config);
  auto const labels = results.strings("label");
  results.variables.push_back({"a", {"a"}, labels, {{"long_name", "first argument (row)"}}, true});
  results.variables.push_back({"b", {"b"}, labels, {{"long_name", "second argument (column)"}}, true});
  results.variables.push_back({"label_b", {"b"}, labels, {{"long_name", "network@step/layer"}}, true});
  results.variables.push_back(
      {"network_b", {"b"}, results.strings("network"), {{"long_name", "name of the network"}}, true});
  results.variables.push_back({"step_b", {"b"}, results.integers("step"), {{"long_name", "training step"}}, true});
  results.variables.push_back({"layer_b", {"b"}, results.strings("layer"), {{"long_name", "layer"}}, true});

  std::vector<Index> flags;
  std::vector<std::string> measures;
  for (auto const* measure : table.measures) measures.emplace_back(measure->name);
  for (std::size_t i = 0; i < pair_status_names().size(); ++i) flags.push_back(static_cast<Index>(i));
  results.variables.push_back({"pair_status",
                               {"a", "b"},
                               data.status.rows(measures),
                               {{"long_name", "why a pair has no value, or what weakens it"},
                                {"flag_values", flags},
                                {"flag_meanings", join(pair_status_names(), " ")}},
                               false});
  bool canonical = false;
  for (std::size_t m = 0; m < table.measures.size(); ++m) {
    canonical = canonical || std::string(table.measures[m]->name) == "cca";
    add_measure(results, data, table, m);
  }
  if (canonical)
    results.variables.push_back({"cca_above_edge",
                                 {"a", "b"},
                                 std::move(table.above_edge),
                                 {{"long_name", "canonical correlations above the largest that chance alone produces"},
                                  {"reference", std::string("Wachter 1980")}},
                                 false});
  add_network_summary(results);
  if (data.config.compare.coefficients) add_coefficients(results, table);
  results.attributes["rank_rule"] =
      data.config.rank_tolerance
          ? "singular values below " + format_number(*data.config.rank_tolerance) + " times the largest do not count"
          : std::string("singular values below 2 tau do not count, tau = u/sqrt(3) * rms * (sqrt(n) + sqrt(p))");
  add_provenance(results, data.config, data.catalog);
  return results;
}

}  // namespace confer
