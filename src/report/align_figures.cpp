#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "report/alignment.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_components = 200;       ///< of a cumulative curve; masses change little beyond
constexpr std::size_t most_curve_points = 150000;  ///< over all curves of a figure

std::vector<std::string> printable_strings(ResultSet const& results, std::string const& name) {
  std::vector<std::string> values = results.strings(name);
  for (auto& value : values) value = printable(value);
  return values;
}

/// Whether a representation is from the first or the last step of its network, or from between.
std::vector<std::string> when_of(Alignment const& a) {
  std::map<std::string, std::pair<Index, Index>> range;
  for (std::size_t i = 0; i < a.representations; ++i) {
    auto const [found, fresh] = range.emplace(a.network[i], std::pair(a.step[i], a.step[i]));
    found->second.first = std::min(found->second.first, a.step[i]);
    found->second.second = std::max(found->second.second, a.step[i]);
  }
  std::vector<std::string> when;
  for (std::size_t i = 0; i < a.representations; ++i) {
    auto const& [first, last] = range[a.network[i]];
    when.push_back(a.step[i] == last ? "last step" : a.step[i] == first ? "first step" : "between");
  }
  return when;
}

Json dash_by_step() {
  return {{"field", "when"},
          {"type", "nominal"},
          {"title", nullptr},
          {"legend", dash_legend()},
          {"scale", {{"domain", {"last step", "first step"}}, {"range", Json::array({{1, 0}, {4, 3}})}}}};
}

}  // namespace

Alignment view_alignment(ResultSet const& results) {
  Alignment a;
  a.results = &results;
  a.representations = static_cast<std::size_t>(results.dimension("representation"));
  a.targets = static_cast<std::size_t>(results.dimension("target"));
  a.components = static_cast<std::size_t>(results.dimension("component"));
  a.label = printable_strings(results, "label");
  a.network = printable_strings(results, "network");
  a.layer = printable_strings(results, "layer");
  a.target = printable_strings(results, "target");
  a.step = results.integers("step");
  a.depth = results.integers("depth");
  std::map<std::string, Index> depth_of;
  for (std::size_t r = 0; r < a.representations; ++r) {
    auto& deepest = depth_of[a.layer[r]];
    deepest = std::max(deepest, a.depth[r]);
    if (std::find(a.networks.begin(), a.networks.end(), a.network[r]) == a.networks.end())
      a.networks.push_back(a.network[r]);
  }
  for (auto const& [layer, depth] : depth_of) a.layers.push_back(layer);
  std::stable_sort(a.layers.begin(), a.layers.end(),
                   [&](auto const& x, auto const& y) { return depth_of[x] < depth_of[y]; });
  auto const& mass = results.doubles("mass");
  std::set<std::string> known;
  for (std::size_t r = 0; r < a.representations; ++r) {
    auto const first = mass.begin() + static_cast<std::ptrdiff_t>(a.at(r, 0) * a.components);
    auto const end = first + static_cast<std::ptrdiff_t>(a.targets * a.components);
    if (!std::all_of(first, end, [](double value) { return std::isnan(value); })) known.insert(a.network[r]);
  }
  for (auto const& network : a.networks)
    if (known.contains(network)) a.aligned_networks.push_back(network);
  std::size_t const most =
      std::max<std::size_t>(1, most_curve_points / (a.targets * std::min(a.components, most_components)));
  std::size_t const stride = (a.representations + most - 1) / most;
  for (std::size_t r = 0; r < a.representations; r += std::max<std::size_t>(1, stride)) a.shown.push_back(r);
  return a;
}

Figure mass_figure(Alignment const& a) {
  Figure figure;
  Json r = Json::array(), t = Json::array(), k = Json::array(), v = Json::array(), low = Json::array(),
       high = Json::array();
  std::size_t const length = std::min(a.components, most_components);
  bool const banded =
      a.results->find("mass_shuffled_low") != nullptr && a.results->find("mass_shuffled_high") != nullptr;
  for (auto const representation : a.shown)
    for (std::size_t target = 0; target < a.targets; ++target)
      for (std::size_t i = 1; i <= length; ++i) {
        double const mass = a.mass("mass", representation, target, i);
        if (std::isnan(mass)) break;
        r.push_back(representation);
        t.push_back(a.target[target]);
        k.push_back(i);
        v.push_back(mass);
        low.push_back(banded ? number(a.mass("mass_shuffled_low", representation, target, i)) : Json(nullptr));
        high.push_back(banded ? number(a.mass("mass_shuffled_high", representation, target, i)) : Json(nullptr));
      }
  if (v.empty()) return figure;
  figure.title = "Cumulative mass of the target";
  figure.reading =
      "How much of the target lies along the first k singular vectors, one line per layer (solid: last step of the "
      "network, dashed: first). The higher and the more to the left a line rises, the better aligned. Grey: the middle "
      "95 % for shuffled targets; inside it there is no alignment.";
  figure.columns = {{"r", r}, {"target", t}, {"k2", k}, {"v", v}, {"low", low}, {"high", high}};
  figure.spec = specification(figure.title);
  figure.spec["params"] = {
      parameter("labels", a.label),          parameter("layers", a.layer),
      parameter("networks", a.network),      parameter("when", when_of(a)),
      parameter("target", a.target.front()), choice("network", "network", a.aligned_networks, a.aligned_networks)};
  figure.spec["transform"] = {{{"filter", "datum.target == target && networks[datum.r] == network"}},
                              calculate("when[datum.r]", "when"),
                              Json{{"filter", "datum.when != 'between'"}},
                              calculate("layers[datum.r]", "layer"),
                              calculate("labels[datum.r]", "label")};
  Json const x = {{"field", "k2"},
                  {"type", "quantitative"},
                  {"title", "first k singular vectors"},
                  {"scale", {{"type", "log"}, {"nice", false}}},
                  {"axis", {{"format", "~s"}, {"labelOverlap", "greedy"}}}};
  auto const y = [](std::string const& field) {
    return Json{
        {"field", field}, {"type", "quantitative"}, {"title", "share of the target"}, {"scale", {{"domain", {0, 1}}}}};
  };
  Json const colour = {{"field", "layer"}, {"type", "ordinal"},
                       {"sort", a.layers}, {"scale", {{"scheme", "viridis"}}},
                       {"title", "layer"}, {"legend", {{"symbolOpacity", 1}, {"labelLimit", 140}}}};
  Json const tooltip = {exact("label", "representation"), exact("k2", "k"), exact("v", "mass"),
                        exact("low", "shuffled 2.5 %"), exact("high", "shuffled 97.5 %")};
  Json layers = Json::array();
  layers.push_back(
      {{"mark", {{"type", "area"}, {"color", "#888"}, {"opacity", 0.12}}},
       {"encoding", {{"x", x}, {"y", y("low")}, {"y2", {{"field", "high"}}}, {"detail", {{"field", "r"}}}}}});
  layers.push_back({{"mark", {{"type", "line"}, {"strokeWidth", 1.8}, {"point", {{"filled", true}, {"size", 16}}}}},
                    {"encoding",
                     {{"x", x},
                      {"y", y("v")},
                      {"color", colour},
                      {"strokeDash", dash_by_step()},
                      {"detail", {{"field", "r"}}},
                      {"tooltip", tooltip}}}});
  figure.spec["layer"] = layers;
  figure.marks = static_cast<Index>(v.size() / std::max<std::size_t>(1, a.networks.size()));
  return figure;
}

Figure threshold_figure(Alignment const& a) {
  Figure figure;
  auto const* relative = a.results->find("relative_curve");
  if (relative == nullptr || a.results->find("relative_threshold") == nullptr ||
      a.results->find("target_norm") == nullptr)
    return figure;
  auto const& thresholds = a.results->doubles("relative_threshold");
  auto const& curve = a.results->doubles("relative_curve");
  auto const& norm = a.results->doubles("target_norm");
  Json r = Json::array(), t = Json::array(), x = Json::array(), v = Json::array(), raw = Json::array();
  for (auto const representation : a.shown)
    for (std::size_t target = 0; target < a.targets; ++target)
      for (std::size_t i = 0; i < thresholds.size(); ++i) {
        auto const at = a.at(representation, target);
        double const value = curve[at * thresholds.size() + i];
        if (std::isnan(value) || !(norm[at] > 0)) continue;
        r.push_back(representation);
        t.push_back(a.target[target]);
        x.push_back(thresholds[i]);
        v.push_back(value / norm[at]);
        raw.push_back(value);
      }
  if (v.empty()) return figure;
  figure.title = "Alignment curve";
  figure.reading =
      "Share of the target along singular vectors whose singular value is at least the threshold (in units of the "
      "largest). A line that stays high to the right belongs to a layer whose strongest directions carry the target. "
      "Compare depths by the mass in the first k vectors, not by one threshold.";
  figure.columns = {{"r", r}, {"target", t}, {"tau", x}, {"v", v}, {"raw", raw}};
  figure.spec = specification(figure.title);
  figure.spec["params"] = {parameter("labels", a.label),
                           parameter("layers", a.layer),
                           parameter("steps", a.step),
                           parameter("networks", a.network),
                           parameter("target", a.target.front()),
                           choice("network", "network", a.aligned_networks, a.aligned_networks)};
  figure.spec["transform"] = {{{"filter", "datum.target == target && networks[datum.r] == network"}},
                              calculate("layers[datum.r]", "layer"),
                              calculate("labels[datum.r]", "label"),
                              calculate("steps[datum.r]", "step")};
  figure.spec["mark"] = {{"type", "line"}, {"strokeWidth", 1.6}, {"point", {{"filled", true}, {"size", 14}}}};
  figure.spec["encoding"] = {
      {"x", {{"field", "tau"}, {"type", "quantitative"}, {"title", "threshold / largest singular value"}}},
      {"y",
       {{"field", "v"}, {"type", "quantitative"}, {"title", "share of the target"}, {"scale", {{"domain", {0, 1}}}}}},
      {"color", {{"field", "layer"}, {"type", "ordinal"}, {"sort", a.layers}, {"scale", {{"scheme", "viridis"}}}}},
      {"opacity",
       {{"field", "step"},
        {"type", "ordinal"},
        {"title", "step"},
        {"scale", {{"range", {0.35, 1}}}},
        {"legend", {{"symbolLimit", 12}}}}},
      {"detail", {{"field", "r"}}},
      {"tooltip",
       {exact("label", "representation"), exact("tau", "threshold"), exact("v", "share of the target"),
        exact("raw", "A(tau)")}}};
  figure.marks = static_cast<Index>(v.size() / std::max<std::size_t>(1, a.networks.size()));
  return figure;
}

Figure layer_figure(Alignment const& a) {
  Figure figure;
  std::vector<std::size_t> counts = {2, 5, 10, 50};
  std::erase_if(counts, [&](auto k) { return k > a.components; });
  if (counts.empty()) counts = {a.components};
  Json r = Json::array(), t = Json::array(), ks = Json::array(), v = Json::array(), shuffled = Json::array();
  bool const baseline = a.results->find("mass_shuffled_high") != nullptr;
  figure.table.header = {"representation", "target"};
  for (auto const k : counts) figure.table.header.push_back("mass of first " + std::to_string(k));
  for (std::size_t representation = 0; representation < a.representations; ++representation)
    for (std::size_t target = 0; target < a.targets; ++target) {
      std::vector<std::string> row = {a.label[representation], a.target[target]};
      for (auto const k : counts) {
        double const value = a.mass("mass", representation, target, k);
        row.push_back(brief(value));
        if (std::isnan(value)) continue;
        r.push_back(representation);
        t.push_back(a.target[target]);
        ks.push_back(std::to_string(k));
        v.push_back(value);
        shuffled.push_back(baseline ? number(a.mass("mass_shuffled_high", representation, target, k)) : Json(nullptr));
      }
      if (figure.table.rows.size() < 300) figure.table.rows.push_back(std::move(row));
    }
  if (v.empty()) return figure;
  std::vector<std::string> texts;
  for (auto const k : counts) texts.push_back("first " + std::to_string(k));
  std::vector<std::string> values;
  for (auto const k : counts) values.push_back(std::to_string(k));
  figure.title = "Layer by layer";
  figure.reading =
      "Share of the target in the first k singular vectors, from input to output, one line per network (solid: "
      "last step, dashed: first). Crosses: 97.5 % quantile for shuffled targets; values near or below it show no "
      "alignment.";
  figure.columns = {{"r", r}, {"target", t}, {"kk", ks}, {"v", v}, {"shuffled", shuffled}};
  figure.spec = specification(figure.title);
  figure.spec["params"] = {parameter("layers", a.layer),          parameter("networks", a.network),
                           parameter("when", when_of(a)),         parameter("labels", a.label),
                           parameter("target", a.target.front()), choice("kk", "singular vectors", values, texts)};
  figure.spec["params"].back()["value"] = values[std::min<std::size_t>(1, values.size() - 1)];
  figure.spec["transform"] = {{{"filter", "datum.target == target && datum.kk == kk"}},
                              calculate("layers[datum.r]", "layer"),
                              calculate("networks[datum.r]", "network"),
                              calculate("when[datum.r]", "when"),
                              Json{{"filter", "datum.when != 'between'"}},
                              calculate("labels[datum.r]", "label")};
  Json const x = {{"field", "layer"},
                  {"type", "nominal"},
                  {"sort", a.layers},
                  {"title", "layer, from input to output"},
                  {"axis", {{"labelAngle", a.layers.size() > 6 ? -45 : 0}, {"labelLimit", 110}}}};
  auto const y = [](std::string const& field) {
    return Json{
        {"field", field}, {"type", "quantitative"}, {"title", "share of the target"}, {"scale", {{"domain", {0, 1}}}}};
  };
  Json colour = {
      {"field", "network"},
      {"type", "nominal"},
      {"title", nullptr},
      {"scale", {{"range", "category"}}},
      {"legend", {{"orient", "bottom"}, {"columns", {{"expr", "width > 500 ? 4 : 2"}}}, {"labelLimit", 130}}}};
  if (a.aligned_networks.size() > 12) colour["legend"] = nullptr;  // the tooltip tells them apart
  Json dash = dash_by_step();
  dash["legend"] = nullptr;  // the sentence above the figure says it
  Json const tooltip = {exact("label", "representation"), exact("v", "mass"), exact("shuffled", "shuffled 97.5 %")};
  figure.spec["layer"] = Json::array(
      {{{"mark", {{"type", "line"}, {"strokeWidth", 1.8}, {"point", {{"filled", true}, {"size", 50}}}}},
        {"encoding", {{"x", x}, {"y", y("v")}, {"color", colour}, {"strokeDash", dash}, {"tooltip", tooltip}}}},
       {{"mark", {{"type", "point"}, {"shape", "cross"}, {"size", 24}, {"color", "#777"}, {"opacity", 0.6}}},
        {"encoding",
         {{"x", x},
          {"y", y("shuffled")},
          {"tooltip", {exact("label", "representation"), exact("shuffled", "shuffled 97.5 %")}}}}}});
  figure.marks = static_cast<Index>(v.size());
  return figure;
}

Figure step_figure(Alignment const& a, Figure const& by_layer) {
  Figure figure;
  std::map<std::string, std::set<Index>> steps;
  for (std::size_t r = 0; r < a.representations; ++r) steps[a.network[r]].insert(a.step[r]);
  std::vector<std::string> networks;
  for (auto const& network : a.networks)
    if (steps[network].size() > 2) networks.push_back(network);
  std::erase_if(networks, [&](auto const& network) {
    return std::find(a.aligned_networks.begin(), a.aligned_networks.end(), network) == a.aligned_networks.end();
  });
  if (networks.empty() || by_layer.spec.is_null()) return figure;
  figure.title = "Alignment over training";
  figure.reading = "Share of the target in the first k singular vectors at each training step, one line per layer.";
  figure.columns = by_layer.columns;
  figure.spec = specification(figure.title);
  figure.spec["params"] = {parameter("layers", a.layer),
                           parameter("networks", a.network),
                           parameter("steps", a.step),
                           parameter("labels", a.label),
                           parameter("target", a.target.front()),
                           choice("network", "network", networks, networks),
                           by_layer.spec["params"].back()};
  figure.spec["transform"] = {{{"filter", "datum.target == target && datum.kk == kk && networks[datum.r] == network"}},
                              calculate("layers[datum.r]", "layer"),
                              calculate("steps[datum.r]", "step"),
                              calculate("labels[datum.r]", "label")};
  figure.spec["mark"] = {{"type", "line"}, {"strokeWidth", 1.8}, {"point", {{"filled", true}, {"size", 35}}}};
  figure.spec["encoding"] = {
      {"x",
       {{"field", "step"},
        {"type", "quantitative"},
        {"title", "training step"},
        {"scale", {{"type", "symlog"}}},
        {"axis", {{"labelExpr", "format(datum.value, ',')"}, {"labelOverlap", "greedy"}}}}},
      {"y",
       {{"field", "v"}, {"type", "quantitative"}, {"title", "share of the target"}, {"scale", {{"domain", {0, 1}}}}}},
      {"color", {{"field", "layer"}, {"type", "ordinal"}, {"sort", a.layers}, {"scale", {{"scheme", "viridis"}}}}},
      {"tooltip", {exact("label", "representation"), exact("v", "mass"), exact("shuffled", "shuffled 97.5 %")}}};
  figure.marks = by_layer.marks;
  return figure;
}

}  // namespace confer::report
