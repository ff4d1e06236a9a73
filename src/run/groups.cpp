#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/results.hpp"
#include "confer/linalg/clustering.hpp"
#include "confer/run/compare.hpp"
#include "run/further_analyses.hpp"
#include "run/layer_factor.hpp"

namespace confer {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr int kDraws = 1000;
constexpr std::size_t kFewestNetworks = 3;  ///< of a group for an interval: two make a single pair

/// One layer of all networks: their names and symmetric similarities.
struct LayerNetworks {
  std::string layer;
  std::vector<std::string> networks;
  Matrix<double> similarity;
};

/// The value of an attribute of a network as text, "" when it has none.
std::string attribute(Catalog const& catalog, std::string const& network, std::string const& key) {
  std::string value;
  for (auto const& checkpoint : catalog.checkpoints) {
    auto const found = checkpoint.metadata.find(key);
    if (checkpoint.network != network || found == checkpoint.metadata.end()) continue;
    value = std::holds_alternative<double>(found->second) ? format_number(std::get<double>(found->second))
                                                          : std::get<std::string>(found->second);
  }
  return value;
}

/// The value of every network; of several attributes with commas between, "" where one is missing.
std::map<std::string, std::string> values_of(Catalog const& catalog, std::vector<std::string> const& networks,
                                             std::vector<std::string> const& keys) {
  std::map<std::string, std::string> values;
  for (auto const& network : networks) {
    std::vector<std::string> parts;
    for (auto const& key : keys)
      if (auto const value = attribute(catalog, network, key); !value.empty()) parts.push_back(value);
    values[network] = parts.size() == keys.size() ? join(parts, ", ") : "";
  }
  return values;
}

std::vector<LayerNetworks> by_layer(ResultSet const& compared, std::string const& measure) {
  auto const& networks = compared.strings("network");
  auto const& layers = compared.strings("layer");
  auto const& values = compared.doubles(measure);
  std::size_t const count = networks.size();
  std::map<std::string, std::vector<std::size_t>> rows;
  std::vector<std::string> order;
  for (std::size_t i = 0; i < count; ++i) {
    if (!rows.contains(layers[i])) order.push_back(layers[i]);
    rows[layers[i]].push_back(i);
  }
  std::vector<LayerNetworks> result;
  for (auto const& layer : order) {
    auto const& members = rows[layer];
    LayerNetworks one{
        layer, {}, Matrix<double>(static_cast<Index>(members.size()), static_cast<Index>(members.size()))};
    for (std::size_t a = 0; a < members.size(); ++a) {
      one.networks.push_back(networks[members[a]]);
      for (std::size_t b = 0; b < members.size(); ++b)
        one.similarity(static_cast<Index>(a), static_cast<Index>(b)) =
            0.5 * (values[members[a] * count + members[b]] + values[members[b] * count + members[a]]);
    }
    result.push_back(std::move(one));
  }
  return result;
}

/// Mean over pairs of a network of `a` and another one of `b`; networks drawn twice make no pair with themselves.
double mean_similarity(Matrix<double> const& similarity, std::vector<Index> const& a, std::vector<Index> const& b,
                       bool same, Index* pairs = nullptr) {
  double sum = 0;
  Index count = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < (same ? i : b.size()); ++j) {
      double const value = similarity(a[i], b[j]);
      if (a[i] == b[j] || std::isnan(value)) continue;
      sum += value;
      ++count;
    }
  if (pairs != nullptr) *pairs = count;
  return count > 0 ? sum / static_cast<double>(count) : kNaN;
}

struct Interval {
  double low = kNaN, high = kNaN;
};

Interval bootstrap(Matrix<double> const& similarity, std::vector<Index> const& a, std::vector<Index> const& b,
                   bool same, std::uint64_t seed) {
  if (a.size() < kFewestNetworks || b.size() < kFewestNetworks) return {};
  std::mt19937_64 generator(seed);
  auto const draw = [&](std::vector<Index> const& from) {
    std::vector<Index> drawn;
    for (std::size_t i = 0; i < from.size(); ++i) drawn.push_back(from[generator() % from.size()]);
    return drawn;
  };
  std::vector<double> means;
  for (int k = 0; k < kDraws; ++k) {
    auto const left = draw(a);
    double const mean = mean_similarity(similarity, left, same ? left : draw(b), same);
    if (!std::isnan(mean)) means.push_back(mean);
  }
  if (means.empty()) return {};
  std::sort(means.begin(), means.end());
  auto const quantile = [&](double share) {
    return means[static_cast<std::size_t>(std::llround(share * static_cast<double>(means.size() - 1)))];
  };
  return {quantile(0.025), quantile(0.975)};
}

struct GroupTable {
  std::vector<std::string> key, layer, group_a, group_b;
  std::vector<Index> pairs, networks_a, networks_b;
  std::vector<double> mean, low, high;
  std::vector<std::string> cluster_key, cluster_layer;
  std::vector<double> agreement;
  std::vector<Index> labels;  ///< cluster of every network, -1 for those without the layer
  std::vector<Index> places;  ///< of every network in the dendrogram, -1 likewise
};

using Groups = std::map<std::string, std::vector<Index>>;  ///< rows of a layer's similarities, by value

Groups groups_of(LayerNetworks const& one, std::map<std::string, std::string> const& values) {
  Groups groups;
  for (std::size_t i = 0; i < one.networks.size(); ++i)
    if (auto const& value = values.at(one.networks[i]); !value.empty()) groups[value].push_back(static_cast<Index>(i));
  return groups;
}

void add_groups(GroupTable& table, std::string const& key, LayerNetworks const& one, Groups const& groups,
                std::uint64_t seed) {
  for (auto const& [a, left] : groups)
    for (auto const& [b, right] : groups) {
      if (b < a) continue;
      bool const same = a == b;
      Index pairs = 0;
      double const mean = mean_similarity(one.similarity, left, right, same, &pairs);
      Interval const interval = bootstrap(one.similarity, left, right, same, seed);
      table.key.push_back(key);
      table.layer.push_back(one.layer);
      table.group_a.push_back(a);
      table.group_b.push_back(b);
      table.pairs.push_back(pairs);
      table.networks_a.push_back(static_cast<Index>(left.size()));
      table.networks_b.push_back(static_cast<Index>(right.size()));
      table.mean.push_back(mean);
      table.low.push_back(interval.low);
      table.high.push_back(interval.high);
    }
}

/// Clusters of the networks that belong to a group, as many as there are groups.
void add_clusters(GroupTable& table, std::string const& key, LayerNetworks const& one, Groups const& groups,
                  std::vector<std::string> const& networks, bool similarity) {
  std::vector<Index> members, truth;
  for (auto const& [value, group] : groups)
    for (Index const i : group) {
      members.push_back(i);
      truth.push_back(static_cast<Index>(std::distance(groups.begin(), groups.find(value))));
    }
  auto const count = static_cast<Index>(members.size());
  Matrix<double> distances(count, count);
  bool whole = groups.size() >= 2 && count > static_cast<Index>(groups.size());
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < count; ++j) {
      double const value = one.similarity(members[static_cast<std::size_t>(i)], members[static_cast<std::size_t>(j)]);
      distances(i, j) = i == j ? 0.0 : similarity ? 1.0 - value : value;
      whole = whole && (i == j || std::isfinite(value));
    }
  table.cluster_key.push_back(key);
  table.cluster_layer.push_back(one.layer);
  std::vector<Index> found(networks.size(), -1), places = found;
  double agreement = kNaN;
  if (whole) {
    auto const tree = average_linkage(distances);
    auto const labels = cut_tree(tree, count, static_cast<Index>(groups.size()));
    auto const order = leaf_order(tree, count);
    agreement = adjusted_rand_index(labels, truth);
    std::vector<std::size_t> number;  // of each member among all networks
    for (Index const member : members)
      number.push_back(static_cast<std::size_t>(
          std::find(networks.begin(), networks.end(), one.networks[static_cast<std::size_t>(member)]) -
          networks.begin()));
    for (std::size_t i = 0; i < members.size(); ++i) found[number[i]] = labels[i];
    for (std::size_t i = 0; i < order.size(); ++i)
      places[number[static_cast<std::size_t>(order[i])]] = static_cast<Index>(i);
  }
  table.agreement.push_back(agreement);
  table.labels.insert(table.labels.end(), found.begin(), found.end());
  table.places.insert(table.places.end(), places.begin(), places.end());
}

/// Mean over the layers that all networks have; without networks when there is none.
LayerNetworks mean_of_layers(std::vector<LayerNetworks> const& layers, std::vector<std::string> const& networks) {
  LayerNetworks mean{"mean of layers", {}, Matrix<double>()};
  auto const count = static_cast<Index>(networks.size());
  Matrix<double> sum(count, count);
  Index used = 0;
  for (auto const& one : layers) {
    if (one.networks != networks) continue;
    ++used;
    for (Index i = 0; i < sum.size(); ++i) sum.data()[i] += one.similarity.data()[i];
  }
  if (used < 2) return mean;
  for (Index i = 0; i < sum.size(); ++i) sum.data()[i] /= static_cast<double>(used);
  mean.networks = networks;
  mean.similarity = std::move(sum);
  return mean;
}

void write_table(ResultSet& results, GroupTable&& table, std::vector<std::string> const& networks,
                 std::string const& measure) {
  auto const add = [&](std::string name, std::vector<std::string> dimensions, VariableData values,
                       std::string meaning) {
    results.variables.push_back(
        {std::move(name), std::move(dimensions), std::move(values), {{"long_name", std::move(meaning)}}, false});
  };
  // A sweep over a numeric attribute is the row of a group with itself, over its value.
  std::vector<double> value_a, value_b;
  auto const number = [](std::string const& text) {
    auto const comma = text.rfind(", ");
    try {
      return parse_number(comma == text.npos ? text : text.substr(comma + 2));
    } catch (std::invalid_argument const&) {
      return kNaN;
    }
  };
  for (auto const& text : table.group_a) value_a.push_back(number(text));
  for (auto const& text : table.group_b) value_b.push_back(number(text));
  results.dimensions.emplace_back("group_pair", static_cast<Index>(table.key.size()));
  results.dimensions.emplace_back("clustering", static_cast<Index>(table.cluster_key.size()));
  results.dimensions.emplace_back("clustered_network", static_cast<Index>(networks.size()));
  add("group_key", {"group_pair"}, std::move(table.key), "attribute of the files");
  add("group_layer", {"group_pair"}, std::move(table.layer), "layer");
  add("group_a", {"group_pair"}, std::move(table.group_a), "value of the attribute, one group");
  add("group_b", {"group_pair"}, std::move(table.group_b), "the other group; the same: within the group");
  add("group_value_a", {"group_pair"}, std::move(value_a), "the value as a number, of several attributes the last");
  add("group_value_b", {"group_pair"}, std::move(value_b), "the value as a number, of several attributes the last");
  add("group_networks_a", {"group_pair"}, std::move(table.networks_a), "networks in the group");
  add("group_networks_b", {"group_pair"}, std::move(table.networks_b), "networks in the group");
  add("group_pairs", {"group_pair"}, std::move(table.pairs), "pairs of networks");
  add("group_mean", {"group_pair"}, std::move(table.mean), "mean " + measure + " over those pairs, at the last steps");
  add("group_low", {"group_pair"}, std::move(table.low),
      "lower end of the 95 % bootstrap interval over networks; NaN when a group has fewer than 3 networks");
  add("group_high", {"group_pair"}, std::move(table.high), "upper end of that interval");
  add("clustering_key", {"clustering"}, std::move(table.cluster_key), "attribute of the files");
  add("clustering_layer", {"clustering"}, std::move(table.cluster_layer),
      "layer, or 'mean of layers': the mean similarity over those that all networks have");
  add("clustering_agreement", {"clustering"}, std::move(table.agreement),
      "adjusted Rand index of average-linkage clusters, as many as groups, with the groups: 1 when they are the same");
  add("clustered_network", {"clustered_network"}, networks, "network");
  add("cluster", {"clustering", "clustered_network"}, std::move(table.labels), "cluster of the network; -1: none");
  add("cluster_order", {"clustering", "clustered_network"}, std::move(table.places),
      "place of the network among the leaves of the tree; -1: none");
}

}  // namespace

std::vector<std::string> add_groups(ResultSet& results, Catalog const& catalog, JobConfig const& config,
                                    Communicator const& comm) {
  Measure const* measure = find_measure(config.dynamics.measure);
  if (measure == nullptr) covariance_measure(config.dynamics.measure);  // says which there are
  std::set<std::string> known;
  for (auto const& checkpoint : catalog.checkpoints)
    for (auto const& [name, value] : checkpoint.metadata) known.insert(printable(name));
  for (auto const& key : config.dynamics.group_by)
    if (!known.contains(printable(key)))
      throw UsageError("--group-by " + printable(key) + " is no attribute of the files",
                       "there are: " + join({known.begin(), known.end()}, ", "), "choose from these");

  // The same job as `confer compare`, into a file beside the output that is read and removed.
  JobConfig compare = config;
  compare.command = "compare";
  compare.run.output = config.run.output + ".groups.tmp";
  compare.run.quiet = true;
  compare.compare.measures = {config.dynamics.measure};
  compare.compare.pairs.kind = PairSelection::Kind::same_layer;
  if (compare.selection.steps == "all") compare.selection.steps = "last";
  run_compare(compare, comm);
  bool const similarity = measure->kind == MeasureKind::similarity;
  std::vector<std::string> problems;
  together(comm, [&] {
    if (!comm.is_root()) return;
    ResultSet const compared = read_results(compare.run.output);
    ::unlink(compare.run.output.c_str());
    auto const layers = by_layer(compared, config.dynamics.measure);
    std::vector<std::string> networks;
    for (auto const& name : compared.strings("network"))
      if (std::find(networks.begin(), networks.end(), name) == networks.end()) networks.push_back(name);
    GroupTable table;
    LayerNetworks const mean = mean_of_layers(layers, networks);
    // Each attribute for itself and, of several, their combinations: the cells of a sweep over a grid.
    std::vector<std::vector<std::string>> keys;
    for (auto const& key : config.dynamics.group_by) keys.push_back({key});
    if (keys.size() > 1) keys.push_back(config.dynamics.group_by);
    for (auto const& key : keys) {
      auto const values = values_of(catalog, networks, key);
      std::map<std::string, Index> sizes;
      for (auto const& network : networks)
        if (values.at(network).empty())
          problems.push_back("network " + printable(network) + " is in no group: it has no attribute " +
                             printable(join(key, ", ")));
        else
          ++sizes[values.at(network)];
      for (auto const& [value, size] : sizes)
        if (size < static_cast<Index>(kFewestNetworks))
          problems.push_back("no interval for " + printable(join(key, ", ")) + " " + printable(value) + ": " +
                             std::to_string(size) +
                             (size == 1 ? " network makes no pair" : " networks make a single pair"));
      for (auto const& one : layers) {
        Groups const groups = groups_of(one, values);
        add_groups(table, join(key, ", "), one, groups, static_cast<std::uint64_t>(config.dynamics.seed));
        add_clusters(table, join(key, ", "), one, groups, networks, similarity);
      }
      if (!mean.networks.empty())
        add_clusters(table, join(key, ", "), mean, groups_of(mean, values), networks, similarity);
    }
    write_table(results, std::move(table), networks, config.dynamics.measure);
  });
  return problems;
}

}  // namespace confer
