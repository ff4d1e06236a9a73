#include "run/align_results.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <tuple>

#include "confer/core/text.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/theory/alignment.hpp"
#include "run/compare_results.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
std::string const kReference = "Imani, Hu, White 2022, Representation alignment in neural networks (TMLR)";

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// Fills variables over (representation, target, ...).
class Table {
 public:
  Table(AlignmentData const& data, ResultSet& results) : data_(data), results_(results) {
    for (auto const& r : data.aligned)
      components_ = std::max(components_, static_cast<Index>(r.singular_values.size()));
  }
  Index components() const { return components_; }

  using Vector = std::function<std::vector<double> const*(AlignedTarget const&)>;
  /// One vector per representation and target, padded with NaN to the size of the dimension.
  void vectors(std::string const& name, std::string const& dimension, Vector const& get, Attributes attributes) {
    auto const length = at(results_.dimension(dimension));
    std::vector<double> values;
    values.reserve(data_.aligned.size() * data_.config.align.targets.size() * length);
    for (auto const& r : data_.aligned)
      for (auto const& target : r.targets) append(values, get(target), length);
    results_.variables.push_back({name, {"representation", "target", dimension}, std::move(values), attributes, false});
  }

  /// A number per representation and target; NaN where there is none.
  void numbers(std::string const& name, std::function<double(AlignedTarget const&)> const& get, Attributes attributes) {
    std::vector<double> values;
    for (auto const& r : data_.aligned)
      for (auto const& target : r.targets) values.push_back(usable(target) ? get(target) : kNaN);
    results_.variables.push_back({name, {"representation", "target"}, std::move(values), attributes, false});
  }

  void integers(std::string const& name, std::function<Index(AlignedTarget const&)> const& get, Attributes attributes) {
    std::vector<Index> values;
    for (auto const& r : data_.aligned)
      for (auto const& target : r.targets) values.push_back(get(target));
    results_.variables.push_back({name, {"representation", "target"}, std::move(values), attributes, false});
  }

  /// The same variable of the baseline representation of each representation; NaN where there is none.
  void baseline(std::string const& name, std::string const& of, std::vector<Index> const& baselines,
                std::string const& meaning) {
    Variable copy = results_.at(of);
    auto const& source = std::get<std::vector<double>>(results_.at(of).data);
    auto& values = std::get<std::vector<double>>(copy.data);
    auto const row = values.size() / std::max<std::size_t>(1, baselines.size());
    for (std::size_t r = 0; r < baselines.size(); ++r)
      for (std::size_t i = 0; i < row; ++i)
        values[r * row + i] = baselines[r] < 0 ? kNaN : source[at(baselines[r]) * row + i];
    copy.name = name;
    copy.attributes["long_name"] = meaning;
    results_.variables.push_back(std::move(copy));
  }

  static bool usable(AlignedTarget const& target) { return confer::usable(static_cast<TargetStatus>(target.status)); }

 private:
  static void append(std::vector<double>& values, std::vector<double> const* source, std::size_t length) {
    std::size_t const size = source == nullptr ? 0 : std::min(source->size(), length);
    if (size > 0) values.insert(values.end(), source->begin(), source->begin() + static_cast<std::ptrdiff_t>(size));
    values.insert(values.end(), length - size, kNaN);
  }

  AlignmentData const& data_;
  ResultSet& results_;
  Index components_ = 0;
};

Attributes attributes(std::string long_name, std::string formula = {}) {
  Attributes result = {{"long_name", std::move(long_name)}};
  if (!formula.empty()) result["formula"] = std::move(formula);
  return result;
}

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
  std::vector<Index> flags;
  std::string meanings;
  for (auto value = RepresentationStatus::ok;; value = static_cast<RepresentationStatus>(static_cast<int>(value) + 1)) {
    flags.push_back(static_cast<Index>(value));
    meanings += (meanings.empty() ? "" : " ") + to_string(value);
    if (value == RepresentationStatus::unreadable) break;
  }
  auto const add = [&](std::string name, VariableData values, Attributes about) {
    results.variables.push_back({std::move(name), {"representation"}, std::move(values), std::move(about), true});
  };
  add("rank", std::move(rank), attributes("singular values that count"));
  add("constant_neurons", std::move(constant), attributes("features that never vary"));
  add("total_variance", std::move(variance), attributes("sum of squares of the centred activations"));
  add("smallest_kept", std::move(cut), attributes("singular values below this do not count"));
  Attributes about = attributes("whether the representation could be used, and what weakens it");
  about["flag_values"] = flags;
  about["flag_meanings"] = meanings;
  add("status", std::move(status), std::move(about));
  add("status_detail", std::move(detail), attributes("what lies behind the status"));
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
      {"representation", {"representation"}, results.strings("label"), attributes("network@step/layer"), true});
  results.variables.push_back({"target", {"target"}, targets, attributes("name of the target"), true});
  results.variables.push_back(
      {"component", {"component"}, numbers, attributes("number of leading directions k"), true});
  results.variables.push_back(
      {"threshold", {"threshold"}, thresholds, attributes("threshold on singular values, the authors' grid"), true});
  results.variables.push_back({"relative_threshold",
                               {"relative_threshold"},
                               relative,
                               attributes("threshold in units of the largest singular value"),
                               true});
  results.variables.push_back(
      {"loss_share", {"loss_share"}, shares, attributes("loss in units of the loss at the start"), true});
  if (!data.config.align.learning_curve) return;
  results.dimensions.emplace_back("iteration", static_cast<Index>(grid.size()));
  results.variables.push_back({"iteration", {"iteration"}, grid, attributes("steps of gradient descent"), true});
}

/// Each class or output for itself, over all targets that have several.
void add_outputs(ResultSet& results, AlignmentData const& data, Index components) {
  std::vector<std::string> names;
  for (auto const& r : data.aligned)
    for (auto const& target : r.targets)
      for (auto const& name : target.output_names)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  if (names.empty()) return;
  auto const points = demo_thresholds().size();
  std::size_t const count = data.aligned.size(), k = at(components);
  std::vector<double> mass(count * names.size() * k, kNaN), curve(count * names.size() * points, kNaN);
  for (std::size_t r = 0; r < count; ++r)
    for (auto const& target : data.aligned[r].targets)
      for (std::size_t c = 0; c < target.output_names.size(); ++c) {
        auto const row = at(std::find(names.begin(), names.end(), target.output_names[c]) - names.begin());
        auto const rank = data.aligned[r].singular_values.size();
        std::copy_n(target.output_mass.begin() + static_cast<std::ptrdiff_t>(c * rank), rank,
                    mass.begin() + static_cast<std::ptrdiff_t>((r * names.size() + row) * k));
        std::copy_n(target.output_curve.begin() + static_cast<std::ptrdiff_t>(c * points), points,
                    curve.begin() + static_cast<std::ptrdiff_t>((r * names.size() + row) * points));
      }
  results.dimensions.emplace_back("output", static_cast<Index>(names.size()));
  results.variables.push_back(
      {"output", {"output"}, std::move(names), attributes("class or output of a target"), true});
  results.variables.push_back(
      {"output_mass",
       {"representation", "output", "component"},
       std::move(mass),
       attributes("cumulative mass of one output; of a class c: of 2 [y = c] - 1", "sum_{i<=k} (u_i'y_c)^2 / |y_c|^2"),
       false});
  results.variables.push_back({"output_curve",
                               {"representation", "output", "threshold"},
                               std::move(curve),
                               attributes("alignment curve of one output", "sum_{s_i >= tau} (u_i'y_c)^2"),
                               false});
}

/// Targets of one representation ranked by predicted loss: 1 learns fastest.
std::vector<Index> target_ranks(AlignmentData const& data) {
  std::vector<Index> ranks;
  for (auto const& r : data.aligned)
    for (auto const& target : r.targets) {
      Index rank = Table::usable(target) ? 1 : -1;
      for (auto const& other : r.targets)
        if (rank > 0 && Table::usable(other) && other.loss_share < target.loss_share) ++rank;
      ranks.push_back(rank);
    }
  return ranks;
}

void add_masses(Table& table) {
  Attributes about =
      attributes("cumulative mass of the target in the top k directions", "a_k = sum_{i<=k} p_i / |Y|^2");
  about["reference"] = kReference;
  about["kind"] = std::string("similarity");
  about["range"] = std::vector<double>{0, 1};
  table.vectors(
      "mass", "component", [](auto const& t) { return &t.mass; }, about);
  table.vectors(
      "mass_raw", "component", [](auto const& t) { return &t.mass_raw; },
      attributes("the same for the targets as stored, not centred"));
  table.vectors(
      "mass_shuffled", "component", [](auto const& t) { return &t.shuffled; },
      attributes("mean of the mass for targets in random order", "Beta(k/2, (n-1-k)/2)"));
  table.vectors(
      "mass_shuffled_low", "component", [](auto const& t) { return &t.shuffled_low; },
      attributes("2.5 % quantile of the mass for targets in random order"));
  table.vectors(
      "mass_shuffled_high", "component", [](auto const& t) { return &t.shuffled_high; },
      attributes("97.5 % quantile of the mass for targets in random order"));
  about = attributes("alignment curve", "A(tau) = sum_{s_i >= tau} p_i, A(0) = |Y|^2");
  about["reference"] = kReference;
  table.vectors(
      "curve", "threshold", [](auto const& t) { return &t.curve; }, about);
  table.vectors(
      "relative_curve", "relative_threshold", [](auto const& t) { return &t.relative_curve; },
      attributes("alignment curve over thresholds in units of the largest singular value"));
}

void add_numbers(Table& table) {
  table.integers(
      "k50", [](auto const& t) { return t.k50; },
      attributes("smallest k whose top directions hold half of the target; -1: never"));
  table.integers(
      "k90", [](auto const& t) { return t.k90; },
      attributes("smallest k whose top directions hold 90 % of the target; -1: never"));
  table.integers(
      "outputs", [](auto const& t) { return t.outputs; }, attributes("columns of the target"));
  table.numbers(
      "area", [](auto const& t) { return t.area; }, attributes("mean of the mass over k = 1 .. rank"));
  table.numbers(
      "residual", [](auto const& t) { return t.residual; }, attributes("share of the target outside the column space"));
  table.numbers(
      "target_norm", [](auto const& t) { return t.norm; },
      attributes("squared norm |Y|^2 of the target, centred when targets are"));
  table.numbers(
      "mean_share", [](auto const& t) { return t.mean_share; },
      attributes("share of the stored target along the constant vector"));
  table.numbers(
      "mass_outputs",
      [](auto const& t) {
        auto const k = at(std::max<Index>(2, t.outputs));
        return t.mass.empty() ? kNaN : t.mass[std::min(k, t.mass.size()) - 1];
      },
      attributes("mass in the top C directions, C the number of classes or outputs (at least 2)"));
  table.numbers(
      "mass_above_tenth", [](auto const& t) { return t.at_threshold; },
      attributes("share of the target at singular values of sqrt(n)/10 and more"));
  table.numbers(
      "minimum_norm", [](auto const& t) { return t.minimum_norm; },
      attributes("norm of the least-squares solution of smallest norm", "sqrt(sum p_i / s_i^2)"));
  table.numbers(
      "predicted_loss", [](auto const& t) { return t.loss_share; },
      attributes("loss of a linear head after 1000 steps of gradient descent with step 1/s_1^2, start = 1",
                 "sum_i (1 - s_i^2/s_1^2)^(2t) p_i / |Y|^2 + residual"));
}

void add_steps_to(ResultSet& results, AlignmentData const& data) {
  std::vector<Index> values;
  for (auto const& r : data.aligned)
    for (auto const& target : r.targets)
      for (std::size_t i = 0; i < loss_shares().size(); ++i)
        values.push_back(i < target.steps_to.size() ? target.steps_to[i] : -1);
  results.variables.push_back(
      {"steps_to_loss",
       {"representation", "target", "loss_share"},
       std::move(values),
       attributes("steps of gradient descent until the loss has fallen to this share; -1: never"),
       false});
}

void add_target_status(ResultSet& results, AlignmentData const& data, Table& table) {
  std::vector<Index> flags;
  for (std::size_t i = 0; i < target_status_names().size(); ++i) flags.push_back(static_cast<Index>(i));
  Attributes about = attributes("why a target has no values, or what is doubtful about it");
  about["flag_values"] = flags;
  about["flag_meanings"] = join(target_status_names(), " ");
  table.integers(
      "target_status", [](auto const& t) { return t.status; }, about);
  std::vector<std::string> detail;
  for (auto const& r : data.aligned)
    for (auto const& target : r.targets) detail.push_back(target.detail);
  results.variables.push_back({"target_status_detail",
                               {"representation", "target"},
                               std::move(detail),
                               attributes("what lies behind the status of the target"),
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
      if (Table::usable(data.aligned[r].targets[t])) ++counts[group(r)][data.aligned[r].targets[t].key];
    for (std::size_t r = 0; r < data.aligned.size(); ++r) {
      auto& target = data.aligned[r].targets[t];
      if (!Table::usable(target)) continue;
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
  Table table(data, results);
  add_dimensions(results, data, std::max<Index>(1, table.components()));
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
                               attributes("singular values, descending; NaN beyond the rank"),
                               false});
  add_target_status(results, data, table);
  add_masses(table);
  add_numbers(table);
  add_steps_to(results, data);
  results.variables.push_back(
      {"target_rank",
       {"representation", "target"},
       target_ranks(data),
       attributes("targets of a representation by predicted loss, 1 learns fastest; -1: unusable"),
       false});
  if (data.config.align.learning_curve)
    table.vectors(
        "learning_curve", "iteration", [](auto const& t) { return &t.losses; },
        attributes("predicted loss of a linear head over steps of gradient descent, start = 1"));
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
                                 attributes("index of " + what + "; -1: there is none"),
                                 false});
  }
  add_outputs(results, data, static_cast<Index>(components));
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
