#include "run/match_results.hpp"

#include <algorithm>

#include "confer/core/text.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/theory/embedding_maps.hpp"
#include "run/compare_results.hpp"
#include "run/described.hpp"
#include "run/match_writer.hpp"

namespace confer {

namespace {

std::string const kReference = "Li, Yosinski, Clune, Lipson, Hopcroft 2016, Convergent learning (ICLR)";
constexpr Index kPlaces = 8;  ///< best and worst matched pairs that are listed

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

Attributes scored(std::string long_name, std::string formula, bool absolute) {
  Attributes result = described(std::move(long_name), std::move(formula));
  result["reference"] = kReference;
  result["kind"] = std::string("similarity");
  result["range"] = std::vector<double>{absolute ? 0.0 : -1.0, 1};
  return result;
}

void add_dimensions(ResultSet& results, MatchData const& data) {
  Index width = 1, eigenvalues = 1, clusters = 1;
  for (auto const& r : data.representations) width = std::max(width, r.features);
  for (auto const& own : data.own) eigenvalues = std::max(eigenvalues, static_cast<Index>(own.eigenvalues.size()));
  for (auto const& pair : data.matched) {
    eigenvalues = std::max(eigenvalues, static_cast<Index>(pair.eigenvalues.size()));
    clusters = std::max(clusters, pair.clusters);
  }
  auto const& options = data.config.match;
  results.dimensions = {{"pair", static_cast<Index>(data.pairs.size())},
                        {"direction", 2},
                        {"neuron", width},
                        {"place", kPlaces},
                        {"representation", static_cast<Index>(data.representations.size())}};
  if (!options.penalties.empty()) results.dimensions.emplace_back("penalty", options.penalties.size());
  if (options.clustering) {
    results.dimensions.emplace_back("cluster", clusters);
    results.dimensions.emplace_back("mode", eigenvalues);
    results.dimensions.emplace_back("node", 2 * width);
  }
  if (options.maps) results.dimensions.emplace_back("map", map_names().size());
}

std::vector<Index> counted(std::size_t count, Index first) {
  std::vector<Index> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(first + static_cast<Index>(i));
  return numbers;
}

void add_coordinates(MatchWriter& writer, MatchData const& data) {
  std::vector<std::string> pair, labels[2], networks[2], layers[2];
  std::vector<Index> places[2], steps[2];
  for (auto const& ends : data.pairs) {
    for (int side = 0; side < 2; ++side) {
      Index const number = side == 0 ? ends.first : ends.second;
      auto const& r = data.representations[at(number)];
      auto const& checkpoint = data.catalog.checkpoints[at(r.checkpoint)];
      labels[side].push_back(r.label);
      networks[side].push_back(checkpoint.network);
      layers[side].push_back(checkpoint.layers[at(r.layer)].name);
      places[side].push_back(number);
      steps[side].push_back(checkpoint.step);
    }
    pair.push_back(labels[0].back() + " ~ " + labels[1].back());
  }
  writer.add("pair", {"pair"}, std::move(pair), described("the two layers, a ~ b"), true);
  for (int side = 0; side < 2; ++side) {
    std::string const end = side == 0 ? "_a" : "_b", whose = side == 0 ? " of a" : " of b";
    writer.add("label" + end, {"pair"}, std::move(labels[side]), described("network@step/layer" + whose), true);
    writer.add("network" + end, {"pair"}, std::move(networks[side]), described("network" + whose), true);
    writer.add("step" + end, {"pair"}, std::move(steps[side]), described("training step" + whose), true);
    writer.add("layer" + end, {"pair"}, std::move(layers[side]), described("layer" + whose), true);
    writer.add("representation" + end, {"pair"}, std::move(places[side]),
               described("position" + whose + " along representation"), true);
  }
  writer.add("direction", {"direction"}, std::vector<std::string>{"a_from_b", "b_from_a"},
             described("whose neurons are found again, or predicted, from those of the other"), true);
  writer.add("neuron", {"neuron"}, counted(writer.size("neuron"), 0), described("number of the neuron in its layer"),
             true);
  writer.add("place", {"place"}, counted(kPlaces, 1), described("1 is the best, or the worst"), true);
  auto const& options = data.config.match;
  if (!options.penalties.empty())
    writer.add("penalty", {"penalty"}, options.penalties,
               described("LASSO penalty of each neuron, in units of correlation",
                         "min_w 1/2 mean (y - w'x)^2 + penalty |w|_1 over standardised neurons"),
               true);
  if (options.maps) writer.add("map", {"map"}, map_names(), described("kind of map"), true);
}

void add_status(MatchWriter& writer, MatchData const& data) {
  std::vector<Index> status;
  std::vector<std::string> detail;
  for (auto const& pair : data.matched) {
    status.push_back(pair.status);
    detail.push_back(pair.detail);
  }
  writer.add("pair_status", {"pair"}, std::move(status), flagged("why a pair has no values", match_status_names()));
  writer.add("pair_status_detail", {"pair"}, std::move(detail), described("what lies behind the status"));
}

void add_matches(MatchWriter& writer, bool absolute) {
  std::string const r = absolute ? "|corr|" : "corr";
  writer.side_number("semi", &MatchedNeurons::mean,
                     scored("mean correlation of neurons with their best partners (semi-matching)",
                            "mean_i max_j " + r + "(x_i, y_j) over neurons that vary", absolute));
  writer.side_number("semi_shuffled", &MatchedNeurons::mean_shuffled,
                     described("the same with the rows of b in random order: what chance gives"));
  writer.side_number("semi_rotated", &MatchedNeurons::mean_rotated,
                     described("the same with b turned by a random rotation: the same subspace in another basis"));
  writer.side_vector("best_partner", "neuron", &MatchedNeurons::partner,
                     described("neuron of the other side that correlates most with this one; -1: dead"));
  writer.side_vector("best_correlation", "neuron", &MatchedNeurons::correlation,
                     described("correlation with the best partner; NaN: dead"));
  writer.side_vector("best_correlation_shuffled", "neuron", &MatchedNeurons::shuffled,
                     described("the same with the rows of b in random order"));
  writer.pair_number(
      "one_to_one", [](auto const& p) { return p.mean; },
      scored("mean correlation of neurons matched one to one",
             "max_P sum_i " + r + "(x_i, y_P(i)) / min(p, q), P one to one", absolute));
  writer.pair_number(
      "one_to_one_shuffled", [](auto const& p) { return p.mean_shuffled; },
      described("the same with the rows of b in random order: what chance gives"));
  writer.pair_number(
      "one_to_one_rotated", [](auto const& p) { return p.mean_rotated; },
      described("the same with b turned by a random rotation: the same subspace in another basis"));
  writer.pair_number(
      "agreement", [](auto const& p) { return p.agreement; },
      described("share of the matched neurons of a whose match is also their best partner"));
  writer.pair_vector("matched_partner", "neuron", &MatchedPair::matched,
                     described("neuron of b matched to this neuron of a; -1: dead or single"));
  writer.pair_vector("matched_correlation", "neuron", &MatchedPair::correlation,
                     described("correlation of the matched neurons"));
  writer.pair_vector("matched_correlation_shuffled", "neuron", &MatchedPair::shuffled,
                     described("the same with the rows of b in random order"));
  writer.pair_vector("matched_correlation_rotated", "neuron", &MatchedPair::rotated,
                     described("the same with b turned by a random rotation"));
  writer.pair_vector("order_a", "neuron", &MatchedPair::order_a,
                     described("neurons of a in the order that follows the cycles of the matching; -1: no more"));
  writer.pair_vector("order_b", "neuron", &MatchedPair::order_b,
                     described("neurons of b in the order of their matches"));
}

/// The matched pairs of highest and of lowest correlation.
void add_extremes(MatchWriter& writer, MatchData const& data) {
  for (bool const best : {true, false}) {
    std::vector<Index> of_a, of_b;
    std::vector<double> correlation;
    for (auto const& pair : data.matched) {
      std::vector<Index> order;
      for (std::size_t i = 0; i < pair.matched.size(); ++i)
        if (pair.matched[i] >= 0) order.push_back(static_cast<Index>(i));
      std::ranges::stable_sort(order, [&](Index i, Index j) {
        return best ? pair.correlation[at(i)] > pair.correlation[at(j)]
                    : pair.correlation[at(i)] < pair.correlation[at(j)];
      });
      for (std::size_t k = 0; k < at(kPlaces); ++k) {
        bool const there = k < order.size();
        of_a.push_back(there ? order[k] : -1);
        of_b.push_back(there ? pair.matched[at(order[k])] : -1);
        correlation.push_back(there ? pair.correlation[at(order[k])] : kNoValue);
      }
    }
    std::string const name = best ? "best" : "worst";
    writer.add(name + "_match_a", {"pair", "place"}, std::move(of_a),
               described("neuron of a in the " + name + " matches"));
    writer.add(name + "_match_b", {"pair", "place"}, std::move(of_b), described("its match in b"));
    writer.add(name + "_match_correlation", {"pair", "place"}, std::move(correlation), described("their correlation"));
  }
}

void add_prediction(MatchWriter& writer) {
  Attributes error = described("error of predicting neurons from a few of the other side's, on samples held out",
                               "1/2 mean (y - w'x)^2, mean over neurons; 0.5 explains nothing");
  error["reference"] = kReference;
  writer.side_vector("prediction_error", "penalty", &MatchedNeurons::error_held_out, std::move(error));
  writer.side_vector("prediction_error_fitted", "penalty", &MatchedNeurons::error_fitted,
                     described("the same on the samples it was fitted to"));
  writer.side_vector("prediction_weights", "penalty", &MatchedNeurons::weights,
                     described("weights other than zero, mean over neurons"));
  writer.side_vector("prediction_kkt", "penalty", &MatchedNeurons::worst_kkt,
                     described("largest violation of the optimality conditions"));
  writer.side_vector(
      "prediction_gap", "penalty", &MatchedNeurons::worst_gap,
      described("largest duality gap: distance of the objective from the best possible one at the most"));
  writer.side_table("prediction_error_neuron", &MatchedNeurons::neuron_error,
                    described("held-out error of each neuron"));
  writer.side_table("prediction_weights_neuron", &MatchedNeurons::neuron_weights,
                    described("weights other than zero of each neuron"));
}

void add_clusters(MatchWriter& writer) {
  writer.pair_count(
      "clusters", [](auto const& p) { return p.clusters; }, described("groups of neurons of both networks together"));
  writer.pair_number(
      "cluster_within", [](auto const& p) { return p.within; },
      described("mean correlation of neurons of a and b in one cluster"));
  writer.pair_number(
      "cluster_between", [](auto const& p) { return p.between; },
      described("mean correlation of neurons of a and b in different clusters"));
  writer.pair_vector("cluster_a", "neuron", &MatchedPair::cluster_a,
                     described("cluster of each neuron of a; -1: dead, or no correlation above the threshold"));
  writer.pair_vector("cluster_b", "neuron", &MatchedPair::cluster_b, described("cluster of each neuron of b"));
  writer.pair_vector("cluster_correlation", "cluster", &MatchedPair::cluster_correlation,
                     described("mean correlation of neurons of a and b within each cluster"));
  writer.pair_vector("eigenvalue", "mode", &MatchedPair::eigenvalues,
                     described("smallest eigenvalues of the normalised Laplacian; a gap tells the number of clusters"));
  writer.pair_vector(
      "joint_order", "node", &MatchedPair::joint_order,
      described("neurons of both as a dendrogram draws them: below the width of a its neurons, then those of "
                "b; -1: no more"));
  writer.own_vector("own_cluster", "neuron", &MatchedRepresentation::cluster,
                    described("cluster of each neuron among those of its own layer"));
  writer.own_vector("own_order", "neuron", &MatchedRepresentation::order,
                    described("neurons as a dendrogram draws them; -1: no more"));
  writer.own_vector("own_eigenvalue", "mode", &MatchedRepresentation::eigenvalues,
                    described("smallest eigenvalues of the normalised Laplacian of the layer's own neurons"));
}

void add_maps(MatchWriter& writer, MatchData const& data) {
  auto const add = [&](std::string const& name, double MatchedMap::*member, Attributes attributes) {
    std::vector<double> values;
    for (auto const& pair : data.matched)
      for (std::size_t i = 0; i < 2 * map_names().size(); ++i)
        values.push_back(pair.maps.empty() ? kNoValue : pair.maps[i].*member);
    writer.add(name, {"pair", "direction", "map"}, std::move(values), std::move(attributes));
  };
  add("map_r2", &MatchedMap::r2, described("R2 of an affine map on samples held out", "1 - |Y - X W|^2 / |Y|^2"));
  add("map_r2_fitted", &MatchedMap::r2_fitted, described("the same on the samples it was fitted to"));
  add("map_rank1", &MatchedMap::rank1,
      described("share of held-out samples whose mapped embedding is most similar (cosine) to their own"));
  add("map_same_class", &MatchedMap::same_class, described("the same for an embedding of their class"));
  add("map_penalty", &MatchedMap::penalty, described("penalty of ridge, by generalised cross-validation"));
  writer.pair_number(
      "map_chance", [](auto const& p) { return p.map_rows > 0 ? 1 / static_cast<double>(p.map_rows) : kNoValue; },
      described("Rank-1 that chance gives: 1 / held-out rows looked among"));
}

void add_own(MatchWriter& writer, MatchData const& data) {
  std::vector<Index> status, live, dead, clusters;
  std::vector<double> within, between;
  std::vector<std::string> detail;
  for (std::size_t i = 0; i < data.own.size(); ++i) {
    auto const& own = data.own[i];
    status.push_back(own.status);
    detail.push_back(own.detail);
    live.push_back(own.live);
    dead.push_back(data.representations[i].features - own.live);
    clusters.push_back(own.clusters);
    within.push_back(own.within);
    between.push_back(own.between);
  }
  auto const add = [&](std::string const& name, VariableData column, Attributes attributes) {
    writer.add(name, {"representation"}, std::move(column), std::move(attributes), true);
  };
  add("status", std::move(status), flagged("whether the layer could be used", representation_status_names()));
  add("status_detail", std::move(detail), described("what lies behind the status"));
  add("live_neurons", std::move(live), described("neurons that vary"));
  add("dead_neurons", std::move(dead), described("neurons that do not vary, left out"));
  if (data.config.match.clustering) {
    add("own_clusters", std::move(clusters), described("clusters of the layer's own neurons"));
    add("own_cluster_within", std::move(within), described("mean correlation of neurons of one cluster"));
    add("own_cluster_between", std::move(between), described("mean correlation of neurons of different clusters"));
  }
  writer.own_vector("mean_activation", "neuron", &MatchedRepresentation::mean,
                    described("mean activation of each neuron"));
}

void add_matrices(MatchWriter& writer, MatchData const& data) {
  if (std::ranges::all_of(data.matched, [](auto const& pair) { return pair.matrix.empty(); })) return;
  std::size_t const width = writer.size("neuron");
  std::vector<double> values(data.matched.size() * width * width, kNoValue);
  for (std::size_t k = 0; k < data.matched.size(); ++k) {
    auto const& matrix = data.matched[k].matrix;
    if (matrix.empty()) continue;
    std::size_t const columns = at(data.representations[at(data.pairs[k].second)].features);
    for (std::size_t i = 0; i < matrix.size(); ++i) values[(k * width + i / columns) * width + i % columns] = matrix[i];
  }
  writer.add("correlation", {"pair", "neuron", "partner"}, std::move(values),
             described("correlation of each neuron of a with each of b; NaN: dead"));
}

}  // namespace

ResultSet match_results(MatchData const& data) {
  ResultSet results;
  add_dimensions(results, data);
  MatchWriter writer(data, results);
  auto const& options = data.config.match;
  add_coordinates(writer, data);
  add_status(writer, data);
  add_matches(writer, options.absolute);
  add_extremes(writer, data);
  if (options.mutual_information) {
    writer.side_number("information", &MatchedNeurons::mean_information,
                       described("mean mutual information of neurons with their best partners, nats",
                                 "quantile bins, zeros in a bin of their own, Miller-Madow correction"));
    writer.side_vector("information_partner", "neuron", &MatchedNeurons::information_partner,
                       described("neuron of the other side that shares most information with this one; -1: dead"));
    writer.side_vector("information_best", "neuron", &MatchedNeurons::information, described("that information, nats"));
    writer.side_number("information_agreement", &MatchedNeurons::information_agreement,
                       described("share of neurons whose best partner by information is that by correlation"));
  }
  if (!options.penalties.empty()) add_prediction(writer);
  if (options.clustering) add_clusters(writer);
  if (options.maps) add_maps(writer, data);
  add_own(writer, data);
  results.dimensions.emplace_back("partner", results.dimension("neuron"));
  add_matrices(writer, data);
  if (results.variables.back().name != "correlation") results.dimensions.pop_back();
  // Last, so that no attribute of the files can take the name of a result.
  add_representation_coordinates(results, "representation", data.catalog, data.representations);
  results.variables.push_back(
      {"representation", {"representation"}, results.strings("label"), described("network@step/layer"), true});
  results.attributes["title"] = std::string("correspondence of neurons");
  results.attributes["score"] = std::string(options.absolute ? "absolute correlation" : "signed correlation");
  results.attributes["held_out"] = std::string("samples with odd numbers; fits use those with even numbers");
  if (options.clustering) results.attributes["cluster_threshold"] = options.threshold;
  if (options.mutual_information) results.attributes["information_bins"] = options.bins;
  add_provenance(results, data.config, data.catalog);
  return results;
}

}  // namespace confer
