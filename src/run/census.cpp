#include <map>

#include "confer/core/error.hpp"
#include "confer/core/record.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/theory/unit_census.hpp"
#include "run/further_analyses.hpp"
#include "run/work_list.hpp"

namespace confer {

namespace {

/// Samples x units. Throws InputError for values that are not finite.
Matrix<double> read_units(Catalog const& catalog, Representation const& r) {
  Matrix<double> stored(r.features, r.rows()), units(r.rows(), r.features);
  StoredValues seen;
  ActivationReader(catalog, r).read(0, r.samples, stored.view(), seen);
  if (seen.non_finite > 0)
    throw InputError("cannot use " + r.label, "values that are not finite, the first at " + seen.first_non_finite);
  for (Index i = 0; i < r.rows(); ++i)
    for (Index j = 0; j < r.features; ++j) units(i, j) = stored(j, i);
  return units;
}

/// One checkpoint: the layer of the means, and that of the log-variances when it has one.
struct Latent {
  Representation means;
  std::optional<Representation> variances;
};

std::vector<Latent> find_latents(Catalog const& catalog, JobConfig const& config) {
  Selection selection = config.selection;
  selection.layers = "*";
  std::map<Index, std::map<std::string, Representation>> layers;
  for (auto const& r : select_representations(catalog, selection))
    layers[r.checkpoint].emplace(
        catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].layers[static_cast<std::size_t>(r.layer)].name, r);
  std::vector<Latent> latents;
  for (auto const& [checkpoint, named] : layers) {
    auto const means = named.find(config.dynamics.census_means),
               variances = named.find(config.dynamics.census_variances);
    if (means == named.end()) continue;
    latents.push_back({means->second, {}});
    if (variances != named.end() && variances->second.features == means->second.features &&
        variances->second.rows() == means->second.rows())
      latents.back().variances = variances->second;
  }
  if (latents.empty())
    throw UsageError("--census " + printable(config.dynamics.census_means) + " matches no layer", "",
                     "name the layer that holds the means of the latent units");
  return latents;
}

}  // namespace

std::vector<std::string> add_census(ResultSet& results, Catalog const& catalog, JobConfig const& config,
                                    Communicator const& comm) {
  auto const latents = find_latents(catalog, config);
  WorkList list;
  list.items = static_cast<Index>(latents.size());
  std::string text = "census 1\n" + files_text(catalog);
  for (auto const& latent : latents)
    text += latent.means.label + " " + latent.means.row_meaning + " " + std::to_string(latent.means.sample_begin) +
            "+" + std::to_string(latent.means.samples) + (latent.variances ? latent.variances->label : "") + "\n";
  list.fingerprint = content_key(text);
  list.phase = "census";
  list.unit = "layers";
  list.work = [&](Index item, Poll const&) {
    auto const& latent = latents[static_cast<std::size_t>(item)];
    RecordWriter writer;
    try {
      auto const means = read_units(catalog, latent.means);
      auto const variances = latent.variances ? read_units(catalog, *latent.variances) : Matrix<double>();
      auto const units = unit_census(means, variances);
      writer(std::string());
      for (auto const& unit : units)
        writer(std::vector<double>{unit.mean, unit.variance, unit.entropy, unit.entropy_bound, unit.divergence,
                                   latent.variances ? static_cast<double>(unit.kind) : -1.0,
                                   unit.low_entropy ? 1.0 : 0.0});
    } catch (InputError const& error) {
      writer(std::string(error.what()));
    }
    return writer.take();
  };
  auto const records = do_work(comm, config.run, list);
  std::vector<std::string> problems, network;
  std::vector<Index> step, unit_number, kind, low;
  std::vector<std::vector<double>> columns(5);
  for (std::size_t i = 0; i < records.size(); ++i) {
    RecordReader reader(records[i]);
    std::string problem;
    reader(problem);
    if (!problem.empty()) problems.push_back("census: " + problem);
    auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(latents[i].means.checkpoint)];
    for (Index unit = 0; !reader.at_end(); ++unit) {
      std::vector<double> values;
      reader(values);
      network.push_back(checkpoint.network);
      step.push_back(checkpoint.step);
      unit_number.push_back(unit);
      for (std::size_t c = 0; c < columns.size(); ++c) columns[c].push_back(values[c]);
      kind.push_back(static_cast<Index>(values[5]));
      low.push_back(static_cast<Index>(values[6]));
    }
  }
  if (!comm.is_root()) return problems;
  results.dimensions.emplace_back("unit", static_cast<Index>(network.size()));
  auto const add = [&](std::string name, VariableData values, Attributes attributes) {
    results.variables.push_back({std::move(name), {"unit"}, std::move(values), std::move(attributes), false});
  };
  add("unit_network", std::move(network), {{"long_name", "network"}});
  add("unit_step", std::move(step), {{"long_name", "training step"}});
  add("unit_number", std::move(unit_number), {{"long_name", "latent unit, from 0"}});
  add("unit_mean", std::move(columns[0]), {{"long_name", "mean of the unit over the samples"}});
  add("unit_variance", std::move(columns[1]), {{"long_name", "variance of the unit over the samples"}});
  add("unit_entropy", std::move(columns[2]), {{"long_name", "differential entropy (Vasicek)"}, {"units", "nat"}});
  add("unit_entropy_bound", std::move(columns[3]),
      {{"long_name", "entropy of a Gaussian of the same variance: an upper bound"}, {"units", "nat"}});
  add("unit_divergence", std::move(columns[4]),
      {{"long_name", "mean KL divergence from the standard normal"}, {"units", "nat"}});
  add("unit_kind", std::move(kind),
      {{"long_name",
        "by the variances: var < .1 and mean in [.9, 1.1] passive, var < .1 and mean <= .1 active, else mixed"},
       {"flag_values", std::vector<Index>{-1, 0, 1, 2}},
       {"flag_meanings", "unknown active mixed passive"}});
  add("unit_low_entropy", std::move(low),
      {{"long_name", "1 below the largest gap of entropies (at least 1 nat): passive by the entropy criterion"}});
  return problems;
}

}  // namespace confer
