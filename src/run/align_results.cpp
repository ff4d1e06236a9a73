#include "run/align_results.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <tuple>

#include "confer/core/text.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/theory/alignment.hpp"
#include "run/align_variables.hpp"
#include "run/compare_results.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

Checkpoint const& checkpoint_of(AlignmentData const& data, Representation const& r) {
  return data.catalog.checkpoints[at(r.checkpoint)];
}

/// For each representation the index of another one of the same network that `accept` picks, or -1.
std::vector<Index> find_baselines(
    AlignmentData const& data,
    std::function<bool(Checkpoint const&, LayerInfo const&, Checkpoint const&, LayerInfo const&)> const& accept) {
  std::map<std::string, std::vector<Index>> networks;
  for (std::size_t i = 0; i < data.representations.size(); ++i)
    networks[checkpoint_of(data, data.representations[i]).network].push_back(static_cast<Index>(i));
  std::vector<Index> found;
  for (auto const& r : data.representations) {
    auto const& own = checkpoint_of(data, r);
    auto const& layer = own.layers[at(r.layer)];
    Index match = -1;
    for (Index const candidate : networks[own.network]) {
      auto const& other = data.representations[at(candidate)];
      auto const& checkpoint = checkpoint_of(data, other);
      if (match < 0 && other.samples == r.samples && accept(own, layer, checkpoint, checkpoint.layers[at(other.layer)]))
        match = candidate;
    }
    found.push_back(match);
  }
  return found;
}

void add_representation_numbers(ResultSet& results, AlignmentData const& data) {
  std::vector<Index> rank, constant, status;
  std::vector<double> variance, cut;
  std::vector<std::string> detail;
  for (auto const& r : data.aligned) {
    rank.push_back(static_cast<Index>(r.singular_values.size()));
    constant.push_back(r.constant_features);
    variance.push_back(r.total_variance);
    cut.push_back(r.cut);
    status.push_back(r.status);
    detail.push_back(r.detail);
  }
  auto const add = [&](std::string name, VariableData values, Attributes about) {
    results.variables.push_back({std::move(name), {"representation"}, std::move(values), std::move(about), true});
  };
  add("rank", std::move(rank), described("singular values that count"));
  add("constant_neurons", std::move(constant), described("features that never vary"));
  add("total_variance", std::move(variance), described("sum of squares of the centred activations"));
  add("smallest_kept", std::move(cut), described("singular values below this do not count"));
  add("status", std::move(status),
      flagged("whether the representation could be used, and what weakens it", representation_status_names()));
  add("status_detail", std::move(detail), described("what lies behind the status"));
}

void add_dimensions(ResultSet& results, AlignmentData const& data, Index components) {
  auto const& targets = data.config.align.targets;
  auto const thresholds = demo_thresholds(), relative = relative_thresholds();
  auto const grid = learning_steps();
  auto const shares = loss_shares();
  std::vector<Index> numbers;
  for (Index k = 1; k <= components; ++k) numbers.push_back(k);
  results.dimensions = {{"representation", static_cast<Index>(data.representations.size())},
                        {"target", static_cast<Index>(targets.size())},
                        {"component", components},
                        {"threshold", static_cast<Index>(thresholds.size())},
                        {"relative_threshold", static_cast<Index>(relative.size())},
                        {"loss_share", static_cast<Index>(shares.size())}};
  add_representation_coordinates(results, "representation", data.catalog, data.representations);
  results.variables.push_back(
      {"representation", {"representation"}, results.strings("label"), described("network@step/layer"), true});
  results.variables.push_back({"target", {"target"}, targets, described("name of the target"), true});
  results.variables.push_back({"component", {"component"}, numbers, described("number of leading directions k"), true});
  results.variables.push_back(
      {"threshold", {"threshold"}, thresholds, described("threshold on singular values, the authors' grid"), true});
  results.variables.push_back({"relative_threshold",
                               {"relative_threshold"},
                               relative,
                               described("threshold in units of the largest singular value"),
                               true});
  results.variables.push_back(
      {"loss_share", {"loss_share"}, shares, described("loss in units of the loss at the start"), true});
  if (!data.config.align.learning_curve) return;
  results.dimensions.emplace_back("iteration", static_cast<Index>(grid.size()));
  results.variables.push_back({"iteration", {"iteration"}, grid, described("steps of gradient descent"), true});
}

void add_target_status(ResultSet& results, AlignmentData const& data, AlignVariables& table) {
  table.integers(
      "target_status", [](auto const& t) { return t.status; },
      flagged("why a target has no values, or what is doubtful about it", target_status_names()));
  std::vector<std::string> detail;
  for (auto const& r : data.aligned)
    for (auto const& target : r.targets) detail.push_back(target.detail);
  results.variables.push_back({"target_status_detail",
                               {"representation", "target"},
                               std::move(detail),
                               described("what lies behind the status of the target"),
                               false});
}

char const* name(AlignCenter center) {
  switch (center) {
    case AlignCenter::both:
      return "both";
    case AlignCenter::features:
      return "features";
    case AlignCenter::targets:
      return "targets";
    case AlignCenter::none:
      break;
  }
  return "none";
}

}  // namespace

void mark_differing_targets(AlignmentData& data) {
  for (std::size_t t = 0; t < data.config.align.targets.size(); ++t) {
    std::map<std::tuple<std::string, Index, Index>, std::map<std::string, Index>> counts;
    auto const group = [&](std::size_t r) {
      auto const& representation = data.representations[r];
      return std::make_tuple(checkpoint_of(data, representation).inputs_id, representation.sample_begin,
                             representation.samples);
    };
    for (std::size_t r = 0; r < data.aligned.size(); ++r)
      if (usable(data.aligned[r].targets[t])) ++counts[group(r)][data.aligned[r].targets[t].key];
    for (std::size_t r = 0; r < data.aligned.size(); ++r) {
      auto& target = data.aligned[r].targets[t];
      if (!usable(target)) continue;
      auto const& keys = counts[group(r)];
      auto const most =
          std::max_element(keys.begin(), keys.end(), [](auto const& a, auto const& b) { return a.second < b.second; });
      if (keys.at(target.key) == most->second) continue;
      target.status = static_cast<Index>(TargetStatus::differs);
      target.detail = "other values than most networks have for the same inputs";
    }
  }
}

ResultSet alignment_results(AlignmentData const& data) {
  ResultSet results;
  Index longest = 1;
  for (auto const& r : data.aligned) longest = std::max(longest, static_cast<Index>(r.singular_values.size()));
  add_dimensions(results, data, longest);
  add_representation_numbers(results, data);
  auto const components = at(results.dimension("component"));
  std::vector<double> spectrum;
  for (auto const& r : data.aligned) {
    spectrum.insert(spectrum.end(), r.singular_values.begin(), r.singular_values.end());
    spectrum.insert(spectrum.end(), components - r.singular_values.size(), kNaN);
  }
  results.variables.push_back({"singular_value",
                               {"representation", "component"},
                               std::move(spectrum),
                               described("singular values, descending; NaN beyond the rank"),
                               false});
  AlignVariables table(data, results);
  add_target_status(results, data, table);
  add_alignment_variables(results, data);
  auto const initial = find_baselines(data, [](auto const&, auto const& layer, auto const& other, auto const& l) {
    return other.step == 0 && l.name == layer.name;
  });
  auto const input = find_baselines(data, [&](auto const& own, auto const&, auto const& other, auto const& l) {
    return other.step == own.step && l.name == data.config.align.input_layer;
  });
  for (auto const& [suffix, indices, what] :
       {std::make_tuple("_initial", initial, std::string("the same layer at step 0")),
        std::make_tuple("_input", input, "layer '" + data.config.align.input_layer + "' of the same network")}) {
    for (auto const* of : {"mass", "area", "residual", "predicted_loss"})
      table.baseline(std::string(of) + suffix, of, indices, std::string(of) + " of " + what + " (baseline)");
    results.variables.push_back({"representation" + std::string(suffix),
                                 {"representation"},
                                 indices,
                                 described("index of " + what + "; -1: there is none"),
                                 false});
  }
  results.attributes["title"] = std::string("alignment of singular vectors with targets");
  results.attributes["center"] = std::string(name(data.config.align.centring()));
  results.attributes["preprocess"] =
      std::string(data.config.align.preprocess == AlignPreprocess::demo ? "demo: constant column, unit rows" : "none");
  results.attributes["rank_rule"] =
      data.config.rank_tolerance
          ? "singular values below " + format_number(*data.config.rank_tolerance) + " times the largest do not count"
          : std::string("singular values below 2 tau do not count, tau = u/sqrt(3) * rms * (sqrt(n) + sqrt(p))");
  add_provenance(results, data.config, data.catalog);
  return results;
}

}  // namespace confer
