#include "run/align_variables.hpp"

#include <algorithm>
#include <limits>

#include "confer/theory/alignment.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
std::string const kReference = "Imani, Hu, White 2022, Representation alignment in neural networks (TMLR)";

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

void append(std::vector<double>& values, std::vector<double> const* source, std::size_t length) {
  std::size_t const size = source == nullptr ? 0 : std::min(source->size(), length);
  if (size > 0) values.insert(values.end(), source->begin(), source->begin() + static_cast<std::ptrdiff_t>(size));
  values.insert(values.end(), length - size, kNaN);
}

/// Each class or output for itself, over all targets that have several.
void add_outputs(ResultSet& results, AlignmentData const& data) {
  auto const components = results.dimension("component");
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
  results.variables.push_back({"output", {"output"}, std::move(names), described("class or output of a target"), true});
  results.variables.push_back(
      {"output_mass",
       {"representation", "output", "component"},
       std::move(mass),
       described("cumulative mass of one output; of a class c: of 2 [y = c] - 1", "sum_{i<=k} (u_i'y_c)^2 / |y_c|^2"),
       false});
  results.variables.push_back({"output_curve",
                               {"representation", "output", "threshold"},
                               std::move(curve),
                               described("alignment curve of one output", "sum_{s_i >= tau} (u_i'y_c)^2"),
                               false});
}

/// Targets of one representation ranked by predicted loss: 1 learns fastest.
std::vector<Index> target_ranks(AlignmentData const& data) {
  std::vector<Index> ranks;
  for (auto const& r : data.aligned)
    for (auto const& target : r.targets) {
      Index rank = usable(target) ? 1 : -1;
      for (auto const& other : r.targets)
        if (rank > 0 && usable(other) && other.loss_share < target.loss_share) ++rank;
      ranks.push_back(rank);
    }
  return ranks;
}

void add_masses(AlignVariables& table) {
  Attributes about = described("cumulative mass of the target in the top k directions", "a_k = sum_{i<=k} p_i / |Y|^2");
  about["reference"] = kReference;
  about["kind"] = std::string("similarity");
  about["range"] = std::vector<double>{0, 1};
  table.vectors(
      "mass", "component", [](auto const& t) { return &t.mass; }, about);
  table.vectors(
      "mass_raw", "component", [](auto const& t) { return &t.mass_raw; },
      described("the same for the targets as stored, not centred"));
  table.vectors(
      "mass_shuffled", "component", [](auto const& t) { return &t.shuffled; },
      described("mean of the mass for targets in random order", "Beta(k/2, (n-1-k)/2)"));
  table.vectors(
      "mass_shuffled_low", "component", [](auto const& t) { return &t.shuffled_low; },
      described("2.5 % quantile of the mass for targets in random order"));
  table.vectors(
      "mass_shuffled_high", "component", [](auto const& t) { return &t.shuffled_high; },
      described("97.5 % quantile of the mass for targets in random order"));
  about = described("alignment curve", "A(tau) = sum_{s_i >= tau} p_i, A(0) = |Y|^2");
  about["reference"] = kReference;
  table.vectors(
      "curve", "threshold", [](auto const& t) { return &t.curve; }, about);
  table.vectors(
      "relative_curve", "relative_threshold", [](auto const& t) { return &t.relative_curve; },
      described("alignment curve over thresholds in units of the largest singular value"));
}

void add_numbers(AlignVariables& table) {
  table.integers(
      "k50", [](auto const& t) { return t.k50; },
      described("smallest k whose top directions hold half of the target; -1: never"));
  table.integers(
      "k90", [](auto const& t) { return t.k90; },
      described("smallest k whose top directions hold 90 % of the target; -1: never"));
  table.integers(
      "outputs", [](auto const& t) { return t.outputs; }, described("columns of the target"));
  table.numbers(
      "area", [](auto const& t) { return t.area; }, described("mean of the mass over k = 1 .. rank"));
  table.numbers(
      "residual", [](auto const& t) { return t.residual; }, described("share of the target outside the column space"));
  table.numbers(
      "target_norm", [](auto const& t) { return t.norm; },
      described("squared norm |Y|^2 of the target, centred when targets are"));
  table.numbers(
      "mean_share", [](auto const& t) { return t.mean_share; },
      described("share of the stored target along the constant vector"));
  table.numbers(
      "mass_outputs",
      [](auto const& t) {
        auto const k = at(std::max<Index>(2, t.outputs));
        return t.mass.empty() ? kNaN : t.mass[std::min(k, t.mass.size()) - 1];
      },
      described("mass in the top C directions, C the number of classes or outputs (at least 2)"));
  table.numbers(
      "mass_above_tenth", [](auto const& t) { return t.at_threshold; },
      described("share of the target at singular values of sqrt(n)/10 and more"));
  table.numbers(
      "minimum_norm", [](auto const& t) { return t.minimum_norm; },
      described("norm of the least-squares solution of smallest norm", "sqrt(sum p_i / s_i^2)"));
  table.numbers(
      "predicted_loss", [](auto const& t) { return t.loss_share; },
      described("loss of a linear head after 1000 steps of gradient descent with step 1/s_1^2, start = 1",
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
       described("steps of gradient descent until the loss has fallen to this share; -1: never"),
       false});
}

}  // namespace

void AlignVariables::vectors(std::string const& name, std::string const& dimension, Vector const& get,
                             Attributes attributes) {
  auto const length = at(results_.dimension(dimension));
  std::vector<double> values;
  values.reserve(data_.aligned.size() * data_.config.align.targets.size() * length);
  for (auto const& r : data_.aligned)
    for (auto const& target : r.targets) append(values, get(target), length);
  results_.variables.push_back({name, {"representation", "target", dimension}, std::move(values), attributes, false});
}

void AlignVariables::numbers(std::string const& name, std::function<double(AlignedTarget const&)> const& get,
                             Attributes attributes) {
  std::vector<double> values;
  for (auto const& r : data_.aligned)
    for (auto const& target : r.targets) values.push_back(usable(target) ? get(target) : kNaN);
  results_.variables.push_back({name, {"representation", "target"}, std::move(values), attributes, false});
}

void AlignVariables::integers(std::string const& name, std::function<Index(AlignedTarget const&)> const& get,
                              Attributes attributes) {
  std::vector<Index> values;
  for (auto const& r : data_.aligned)
    for (auto const& target : r.targets) values.push_back(get(target));
  results_.variables.push_back({name, {"representation", "target"}, std::move(values), attributes, false});
}

void AlignVariables::baseline(std::string const& name, std::string const& of, std::vector<Index> const& baselines,
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

void add_alignment_variables(ResultSet& results, AlignmentData const& data) {
  AlignVariables table(data, results);
  add_masses(table);
  add_numbers(table);
  add_steps_to(results, data);
  results.variables.push_back(
      {"target_rank",
       {"representation", "target"},
       target_ranks(data),
       described("targets of a representation by predicted loss, 1 learns fastest; -1: unusable"),
       false});
  if (data.config.align.learning_curve)
    table.vectors(
        "learning_curve", "iteration", [](auto const& t) { return &t.losses; },
        described("predicted loss of a linear head over steps of gradient descent, start = 1"));
  add_outputs(results, data);
}

}  // namespace confer
