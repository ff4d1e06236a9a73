#include "run/compare_plan.hpp"

#include <algorithm>
#include <map>

#include "confer/core/text.hpp"
#include "run/tile_engine.hpp"

namespace confer {

namespace {

bool selected_by(PairSelection const& selection, Catalog const& catalog, Representation const& a,
                 Representation const& b) {
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

}  // namespace

FactorNeeds factor_needs(std::vector<Measure const*> const& measures, CompareOptions const& options) {
  unsigned const needs = combined_needs(measures) | (options.coefficients ? unsigned{needs_canonical} : 0u);
  FactorNeeds result;
  result.basis = needs != 0;
  result.loadings = (needs & needs_weights) != 0;
  result.truncated = needs == needs_truncated;
  result.neurons = std::any_of(measures.begin(), measures.end(), [](Measure const* measure) {
    return measure->statistics == StatisticsKind::neurons;
  });
  return result;
}

double store_bytes(std::vector<Representation> const& representations, FactorNeeds const& needs, bool exact) {
  double total = 0;
  for (auto const& r : representations) {
    total += static_cast<double>(stored_bytes(r.rows(), r.features, needs.basis ? std::min(r.rows(), r.features) : 0,
                                              exact ? 8 : 4, needs.loadings));
    if (needs.neurons) total += static_cast<double>(stored_bytes(r.rows(), 0, r.features, exact ? 8 : 4, false));
  }
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
    std::string const name = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].inputs_id + "\n" +
                             r.row_meaning + "\n" + std::to_string(r.sample_begin) + " " + std::to_string(r.samples) +
                             " " + std::to_string(r.rows());
    groups.push_back(numbers.emplace(name, static_cast<Index>(numbers.size())).first->second);
  }
  return groups;
}

}  // namespace confer
