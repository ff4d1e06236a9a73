#include "run/compare_plan.hpp"

#include <algorithm>
#include <map>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "run/kernel_plan.hpp"
#include "run/neighbour_job.hpp"
#include "run/reserved_lists.hpp"
#include "run/tile_engine.hpp"

namespace confer {

namespace {

/// Numbers texts in the order in which they come up.
class Numbering {
 public:
  Index of(std::string const& text) { return numbers_.emplace(text, std::ssize(numbers_)).first->second; }

 private:
  std::map<std::string, Index> numbers_;
};

}  // namespace

EngineMeasures engine_measures(std::vector<Measure const*> const& measures, std::vector<KernelItem> const& items,
                               JobConfig const& config) {
  // Kernels see whole rows and all pairs: nothing for a rank cut by hand, or for a few chosen pairs.
  bool only_linear = !config.rank_tolerance && !config.compare.coefficients && !config.compare.resamples() &&
                     config.compare.pairs.kind == PairSelection::Kind::all;
  for (auto const* measure : measures)
    only_linear = only_linear && (measure->statistics != StatisticsKind::covariance ||
                                  measure->kernel_score != nullptr || measure->needs == needs_factors_only);
  bool const by_samples = only_linear && cheaper_by_samples(items);
  EngineMeasures split;
  for (std::size_t m = 0; m < measures.size(); ++m) {
    bool const linear = measures[m]->statistics == StatisticsKind::covariance && measures[m]->kernel_score != nullptr;
    bool const kernel = measures[m]->statistics == StatisticsKind::kernel || (linear && by_samples);
    bool const neighbours = measures[m]->statistics == StatisticsKind::neighbours;
    (kernel ? split.kernel : neighbours ? split.neighbours : split.covariance).push_back(measures[m]);
    (kernel ? split.kernel_columns : neighbours ? split.neighbour_columns : split.covariance_columns).push_back(m);
  }
  return split;
}

EngineMeasures engine_measures(std::vector<Measure const*> const& measures, Catalog const& catalog,
                               std::vector<Representation> const& representations, JobConfig const& config) {
  std::vector<KernelItem> items;
  Numbering groups;
  for (auto const& r : representations) {
    std::string const name = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].inputs_id + "\n" +
                             r.row_meaning + "\n" + std::to_string(r.rows());
    items.push_back({groups.of(name), r.rows(), r.features});
  }
  return engine_measures(measures, items, config);
}

RowNeeds row_needs_of(EngineMeasures const& measures, CompareOptions const& options) {
  RowNeeds needs = kernel_row_needs(kernel_choices(measures.kernel, options));
  if (!measures.neighbours.empty()) {
    bool const products = std::any_of(measures.neighbours.begin(), measures.neighbours.end(), [](Measure const* measure) {
      return (measure->needs & needs_inner_products) != 0;
    });
    needs.add_neighbours(neighbour_form(options.neighbour_metric), options.neighbours, options.jackknife,
                         products ? NeighbourDetail::inner_products : NeighbourDetail::indices);
  }
  return needs;
}

FactorNeeds factor_needs(EngineMeasures const& measures, std::vector<Representation> const& representations,
                         CompareOptions const& options) {
  unsigned const needs = combined_needs(measures.covariance) | (options.coefficients ? unsigned{needs_canonical} : 0u);
  FactorNeeds result;
  // Centred rows of more features than samples are taken from the whole factor.
  bool const wide = std::any_of(representations.begin(), representations.end(),
                                [](Representation const& r) { return r.features > r.rows(); });
  bool const coordinates = wide && row_needs_of(measures, options).wants(RowForm::centred);
  bool const held_out = std::any_of(measures.covariance.begin(), measures.covariance.end(), [](Measure const* measure) {
    return measure->statistics == StatisticsKind::held_out;
  });
  bool const drawn = options.resamples() &&
                     std::any_of(measures.covariance.begin(), measures.covariance.end(), [](Measure const* measure) {
                       return measure->statistics == StatisticsKind::covariance;
                     });
  result.basis = needs != 0 || coordinates || held_out || drawn;
  result.loadings = (needs & (needs_weights | needs_means)) != 0;
  result.means = (needs & needs_means) != 0;
  result.truncated = needs == needs_truncated && !coordinates && !held_out && !drawn;
  result.neurons = std::any_of(measures.covariance.begin(), measures.covariance.end(),
                               [](Measure const* measure) { return measure->statistics == StatisticsKind::neurons; });
  return result;
}

double store_bytes(std::vector<Representation> const& representations, FactorNeeds const& needs, RowNeeds const& rows,
                   CompareOptions const& options) {
  bool const exact = options.exact;
  double const factors = options.resamples() ? 2 : 1;  // those of one draw beside those of the data
  double total = 0;
  for (auto const& r : representations) {
    Index const directions = std::min(r.rows(), r.features), bytes = exact ? 8 : 4;
    total += factors * static_cast<double>(
                           stored_bytes(r.rows(), r.features, needs.basis ? directions : 0, bytes, needs.loadings));
    Index const listed = rows.blocks > 0 ? reserved_neighbours(rows.neighbours, rows.blocks) : rows.neighbours;
    total += (rows.neighbour_detail == NeighbourDetail::inner_products ? 12 : 4) * static_cast<double>(r.rows()) *
             static_cast<double>(listed);
    for (RowForm const form : rows.forms) {
      total += static_cast<double>(r.rows()) *
               (8 + static_cast<double>(bytes * (form == RowForm::centred ? directions : r.features)));
      if (rows.ranked == form)
        total += static_cast<double>(r.rows()) * static_cast<double>(r.rows() - 1) / 2 *
                 static_cast<double>(rank_bytes(r.rows(), exact));
    }
    if (needs.neurons) total += static_cast<double>(stored_bytes(r.rows(), 0, r.features, exact ? 8 : 4, false));
  }
  return total;
}

std::string selection_text(PairSelection const& selection) {
  return "pairs " + std::to_string(static_cast<int>(selection.kind)) + " " + selection.glob + "\n";
}

void require_pairs(PairSelection const& selection, Catalog const& catalog,
                   std::vector<Representation> const& representations) {
  if (representations.empty()) return;
  auto const network = [&](Representation const& r) {
    return catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].network;
  };
  bool const one_network = std::ranges::all_of(
      representations, [&](Representation const& r) { return network(r) == network(representations.front()); });
  if (selection.kind == PairSelection::Kind::cross_network && one_network)
    throw UsageError("--pairs cross-network leaves no pair",
                     "all representations are of the network " + printable(network(representations.front())),
                     "name data of several networks, or choose other pairs");
  bool const matched = std::ranges::any_of(
      representations, [&](Representation const& r) { return glob_match(selection.glob, r.label); });
  if (selection.kind == PairSelection::Kind::to && !matched)
    throw UsageError("--pairs to=" + printable(selection.glob) + " matches no representation",
                     "there are labels such as " + printable(representations.back().label),
                     "write a pattern of whole labels, network@step/layer");
}

PairRule::PairRule(Catalog const& catalog, std::vector<Representation> const& representations, FactoredSet const& set,
                   PairSelection const& selection)
    : kind_(selection.kind) {
  Numbering networks, layers, inputs, samples, rows;
  for (std::size_t i = 0; i < representations.size(); ++i) {
    Representation const& r = representations[i];
    auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)];
    Classes classes;
    classes.usable = usable(set.summaries[i].status);
    classes.matched = selection.kind == PairSelection::Kind::to && glob_match(selection.glob, r.label);
    classes.network = networks.of(checkpoint.network);
    classes.layer = layers.of(checkpoint.layers[static_cast<std::size_t>(r.layer)].name);
    classes.inputs = inputs.of(checkpoint.inputs_id);
    classes.samples = samples.of(std::to_string(checkpoint.total_samples) + " " + std::to_string(r.sample_begin) + " " +
                                 std::to_string(r.samples));
    classes.rows = rows.of(r.row_meaning);
    classes_.push_back(classes);
  }
}

bool PairRule::selected(Classes const& a, Classes const& b) const {
  switch (kind_) {
    case PairSelection::Kind::all:
      return true;
    case PairSelection::Kind::cross_network:
      return a.network != b.network;
    case PairSelection::Kind::same_layer:
      return a.layer == b.layer;
    case PairSelection::Kind::to:
      return a.matched || b.matched;
  }
  return false;
}

PairStatus PairRule::operator()(Index row, Index col) const {
  Classes const &a = classes_[static_cast<std::size_t>(row)], &b = classes_[static_cast<std::size_t>(col)];
  if (!a.usable || !b.usable) return PairStatus::representation_failed;
  if (!selected(a, b)) return PairStatus::not_selected;
  if (a.inputs != b.inputs) return PairStatus::other_inputs;
  if (a.samples != b.samples) return PairStatus::other_samples;
  return a.rows == b.rows ? PairStatus::ok : PairStatus::other_rows;
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
