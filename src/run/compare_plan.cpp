#include "run/compare_plan.hpp"

#include <algorithm>
#include <map>

#include "confer/core/text.hpp"

namespace confer {

namespace {

bool selected_by(PairSelection const& selection, Catalog const& catalog, Representation const& a, Representation const& b) {
  auto const& x = catalog.checkpoints[static_cast<std::size_t>(a.checkpoint)];
  auto const& y = catalog.checkpoints[static_cast<std::size_t>(b.checkpoint)];
  switch (selection.kind) {
    case PairSelection::Kind::all:
      return true;
    case PairSelection::Kind::cross_network:
      return x.network != y.network;
    case PairSelection::Kind::same_layer:
      return x.layers[static_cast<std::size_t>(a.layer)].name == y.layers[static_cast<std::size_t>(b.layer)].name;
    case PairSelection::Kind::to:
      return glob_match(selection.glob, a.label) || glob_match(selection.glob, b.label);
  }
  return false;
}

PairStatus from(Comparability comparability) {
  switch (comparability) {
    case Comparability::ok:
      return PairStatus::ok;
    case Comparability::other_inputs:
      return PairStatus::other_inputs;
    case Comparability::other_samples:
      return PairStatus::other_samples;
    case Comparability::other_rows:
      return PairStatus::other_rows;
  }
  return PairStatus::ok;
}

/// Number of the class of mutually comparable representations, per representation; -1 for unusable ones.
std::vector<Index> comparable_groups(Catalog const& catalog, std::vector<Representation> const& representations,
                                     FactoredSet const& set) {
  std::map<std::string, Index> numbers;
  std::vector<Index> groups;
  for (std::size_t i = 0; i < representations.size(); ++i) {
    auto const& r = representations[i];
    if (!usable(set.summaries[i].status)) {
      groups.push_back(-1);
      continue;
    }
    std::string const name = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].inputs_id + "\n" + r.row_meaning +
                             "\n" + std::to_string(r.sample_begin) + " " + std::to_string(r.samples) + " " +
                             std::to_string(r.rows());
    groups.push_back(numbers.emplace(name, static_cast<Index>(numbers.size())).first->second);
  }
  return groups;
}

}  // namespace

FactorNeeds factor_needs(std::vector<Measure const*> const& measures, CompareOptions const& options) {
  unsigned const needs = combined_needs(measures) | (options.coefficients ? unsigned{needs_canonical} : 0u);
  FactorNeeds result;
  result.basis = needs != 0;
  result.loadings = (needs & needs_weights) != 0;
  result.truncated = needs == needs_truncated;
  return result;
}

double store_bytes(std::vector<Representation> const& representations, FactorNeeds const& needs, bool exact) {
  double total = 0;
  for (auto const& r : representations)
    total += static_cast<double>(stored_bytes(r.rows(), r.features, needs.basis ? std::min(r.rows(), r.features) : 0,
                                              exact ? 8 : 4, needs.loadings));
  return total;
}

std::vector<PairStatus> pair_status_before(Catalog const& catalog, std::vector<Representation> const& representations,
                                           FactoredSet const& set, PairSelection const& selection) {
  auto const count = representations.size();
  std::vector<PairStatus> status(count * count, PairStatus::ok);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < count; ++j) {
      PairStatus& pair = status[i * count + j];
      if (!usable(set.summaries[i].status) || !usable(set.summaries[j].status))
        pair = PairStatus::representation_failed;
      else if (!selected_by(selection, catalog, representations[i], representations[j]))
        pair = PairStatus::not_selected;
      else
        pair = from(comparability(catalog, representations[i], representations[j]));
    }
  return status;
}

PairStageInput pair_stage_input(JobConfig const& config, Catalog const& catalog,
                                std::vector<Representation> const& representations, FactoredSet const& set,
                                std::vector<Measure const*> const& measures, std::vector<PairStatus> const& status,
                                std::string journal_directory) {
  PairStageInput input;
  std::vector<Index> const groups = comparable_groups(catalog, representations, set);
  std::vector<PlanItem> items;
  std::string fingerprint = "compare 1\n";
  for (std::size_t i = 0; i < representations.size(); ++i) {
    input.members.push_back({set.keys[i], &set.summaries[i]});
    items.push_back({groups[i], representations[i].rows(), set.summaries[i].kept});
    fingerprint += set.keys[i] + "\n";
  }
  input.engine = {measures, config.compare.exact, config.compare.coefficients};
  PairCost cost;
  cost.spectra_per_pair = 0;
  unsigned const needs = combined_needs(measures);
  auto const add_spectra = [&](unsigned flag, Index spectra) { cost.spectra_per_pair += (needs & flag) != 0 ? spectra : 0; };
  add_spectra(needs_canonical, 1);
  add_spectra(needs_truncated, 1);
  add_spectra(needs_nuclear, 1);
  add_spectra(needs_weights, 4);  // eigenvectors and two products with the loadings
  input.plan = plan_tiles(items, cost);
  for (std::size_t m = 0; m < measures.size(); ++m) {
    input.columns.push_back(m);
    fingerprint += std::string(measures[m]->name) + " ";
  }
  fingerprint += "\nvariance " + format_number(config.compare.variance) + " components " +
                 std::to_string(config.compare.components.value_or(0)) + (config.compare.exact ? " exact" : "") +
                 (config.compare.coefficients ? " coefficients" : "") + "\npairs " +
                 std::to_string(static_cast<int>(config.compare.pairs.kind)) + " " + config.compare.pairs.glob;
  input.fingerprint = content_key(fingerprint);
  auto const count = representations.size();
  input.selected = [&status, count](Index row, Index col) {
    return status[static_cast<std::size_t>(row) * count + static_cast<std::size_t>(col)] == PairStatus::ok;
  };
  input.journal_directory = std::move(journal_directory);
  return input;
}

}  // namespace confer
