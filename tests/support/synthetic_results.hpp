/// Result sets as `compare` writes them, with planted numbers, for tests of what is made from results.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "confer/model/result_set.hpp"

namespace confer::testing {

struct SyntheticComparison {
  std::vector<std::string> networks = {"net-a", "net-b", "net-c"};
  std::vector<Index> steps = {100};
  std::vector<std::string> layers = {"conv1", "conv2", "fc"};
  std::vector<std::string> family = {};  ///< a metadata column, one value per network; none when empty
  bool coefficients = false;
};

/// Similarity 1 on the diagonal, else falling with the difference in depth, step and network; distinct for all pairs.
inline double planted_similarity(std::size_t i, std::size_t j, double depth_gap, bool same_network) {
  if (i == j) return 1;
  return (same_network ? 0.8 : 0.6) / (1 + depth_gap) +
         1e-7 * static_cast<double>(std::min(i, j) * 1000 + std::max(i, j));
}

inline ResultSet synthetic_comparison(SyntheticComparison const& s) {
  std::vector<std::string> label, network, layer, family, status, warnings;
  std::vector<Index> step, depth, samples, features, rank;
  std::vector<double> ratio;
  for (std::size_t n = 0; n < s.networks.size(); ++n)
    for (Index const at : s.steps)
      for (std::size_t l = 0; l < s.layers.size(); ++l) {
        label.push_back(s.networks[n] + "@" + std::to_string(at) + "/" + s.layers[l]);
        network.push_back(s.networks[n]);
        layer.push_back(s.layers[l]);
        if (!s.family.empty()) family.push_back(s.family[n]);
        step.push_back(at);
        depth.push_back(static_cast<Index>(l));
        samples.push_back(500);
        features.push_back(64);
        rank.push_back(32);
        ratio.push_back(7.25);
        status.push_back("ok");
        warnings.push_back("");
      }
  auto const count = label.size();
  std::vector<double> cka, angle, null, z;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < count; ++j) {
      double const gap =
          std::abs(static_cast<double>(depth[i] - depth[j])) +
          0.1 * std::abs(std::log1p(static_cast<double>(step[i])) - std::log1p(static_cast<double>(step[j])));
      cka.push_back(planted_similarity(i, j, gap, network[i] == network[j]));
      angle.push_back(std::acos(cka.back()));
      null.push_back(i == j ? std::nan("") : 0.1);
      z.push_back((cka.back() - null.back()) / 0.01);
    }
  ResultSet results;
  auto const size = static_cast<Index>(count);
  results.dimensions = {{"a", size}, {"b", size}};
  auto const column = [&](std::string const& name, VariableData data) {
    results.variables.push_back({name, {"a"}, std::move(data), {}, true});
  };
  column("label", label);
  column("network", network);
  column("layer", layer);
  column("status", status);
  column("warnings", warnings);
  column("step", step);
  column("depth", depth);
  column("samples", samples);
  column("features", features);
  column("rank", rank);
  column("participation_ratio", ratio);
  if (!family.empty()) results.variables.push_back({"family", {"a"}, family, {{"metadata", Index{1}}}, true});
  auto const matrix = [&](std::string const& name, std::vector<double> const& values, std::string const& kind,
                          double top) {
    Attributes attributes = {{"long_name", name + " for tests"},
                             {"formula", std::string("x<y & z")},
                             {"reference", std::string("Nobody 2000")},
                             {"symmetric", Index{1}},
                             {"range", std::vector<double>{0, top}}};
    if (!kind.empty()) attributes["kind"] = kind;
    results.variables.push_back({name, {"a", "b"}, values, std::move(attributes), false});
  };
  matrix("cka", cka, "similarity", 1);
  matrix("cka_null", null, "", 1);
  matrix("cka_z", z, "", 1);
  matrix("procrustes_angle", angle, "distance", 1.6);
  results.variables.push_back({"pair_status",
                               {"a", "b"},
                               std::vector<Index>(count * count, 0),
                               {{"flag_meanings", std::string("ok saturated representation_failed undefined")}},
                               false});
  if (s.coefficients && count > 1) {
    results.dimensions.emplace_back("pair", 1);
    results.dimensions.emplace_back("component", 4);
    results.variables.push_back({"pair_a", {"pair"}, std::vector<Index>{0}, {}, true});
    results.variables.push_back({"pair_b", {"pair"}, std::vector<Index>{1}, {}, true});
    results.variables.push_back({"canonical_correlation",
                                 {"pair", "component"},
                                 std::vector<double>{0.987654321, 0.5, 0.25, std::nan("")},
                                 {},
                                 false});
  }
  results.attributes["command"] = std::string("compare");
  results.attributes["job"] = std::string("command = compare");
  return results;
}

}  // namespace confer::testing
