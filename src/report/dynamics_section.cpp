#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "report/compare_answer.hpp"
#include "report/development.hpp"
#include "report/sections.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_curves = 150;  ///< fits with a curve of their own
constexpr std::size_t most_steps = 300;   ///< points of a curve

/// The fits of `dynamics`: one network, layer and pair of inputs each.
struct Fits {
  ResultSet const* results = nullptr;
  std::size_t count = 0, steps = 0;
  std::vector<std::string> network, layer, label;
  std::vector<std::string> layers;  ///< in order of appearance, which is that of depth
  std::vector<std::string> regime;
  std::vector<bool> applies;

  std::vector<double> const& numbers(std::string const& name) const { return results->doubles(name); }
};

/// Whole numbers or real ones, as real ones.
std::vector<double> any_numbers(ResultSet const& results, std::string const& name) {
  auto const& variable = results.at(name);
  if (auto const* whole = std::get_if<std::vector<Index>>(&variable.data)) return {whole->begin(), whole->end()};
  return results.doubles(name);
}

/// Texts, or numbers as texts.
std::vector<std::string> any_texts(ResultSet const& results, std::string const& name) {
  std::vector<std::string> texts;
  if (auto const* strings = std::get_if<std::vector<std::string>>(&results.at(name).data))
    for (auto const& text : *strings) texts.push_back(printable(text));
  else
    for (double const value : any_numbers(results, name)) texts.push_back(format_number(value));
  return texts;
}

/// A regime by name; an index between 0 (lazy) and 1 (rich) gets its name here.
std::string regime_name(std::string const& text) {
  try {
    double const index = parse_number(text);
    return std::isnan(index) ? "unknown" : index >= 2.0 / 3 ? "rich" : index <= 1.0 / 3 ? "lazy" : "between";
  } catch (std::invalid_argument const&) {
    return text;
  }
}

Fits view_fits(ResultSet const& results) {
  Fits f;
  f.results = &results;
  f.count = static_cast<std::size_t>(results.dimension("fit"));
  f.steps = static_cast<std::size_t>(results.dimension("step"));
  f.network = any_texts(results, "network");
  f.layer = any_texts(results, "layer");
  auto const a = any_texts(results, "input_a"), b = any_texts(results, "input_b");
  for (double const value : any_numbers(results, "applies")) f.applies.push_back(value != 0);
  for (auto const& text : any_texts(results, "regime")) f.regime.push_back(regime_name(text));
  for (std::size_t i = 0; i < f.count; ++i) {
    f.label.push_back(f.network[i] + "/" + f.layer[i] + ", inputs " + a[i] + " and " + b[i]);
    if (std::find(f.layers.begin(), f.layers.end(), f.layer[i]) == f.layers.end()) f.layers.push_back(f.layer[i]);
  }
  return f;
}

/// Evenly chosen elements.
std::vector<std::size_t> evenly(std::vector<std::size_t> const& from, std::size_t most) {
  if (most == 0) return {};
  std::vector<std::size_t> chosen;
  std::size_t const stride = (from.size() + most - 1) / most;
  for (std::size_t i = 0; i < from.size(); i += stride) chosen.push_back(from[i]);
  return chosen;
}

/// Fits that are drawn, those to which the theory applies first: all, or evenly chosen ones.
std::vector<std::size_t> chosen_fits(Fits const& f) {
  std::vector<std::size_t> good, others;
  for (std::size_t i = 0; i < f.count; ++i) (f.applies[i] ? good : others).push_back(i);
  std::vector<std::size_t> chosen = evenly(good, most_curves);
  for (auto const i : evenly(others, most_curves - chosen.size())) chosen.push_back(i);
  return chosen;
}

Figure trajectory_figure(Fits const& f) {
  Figure figure;
  auto const& step_variable = f.results->at("step");
  auto const steps = any_numbers(*f.results, "step");
  bool const own_steps = step_variable.dimensions.size() == 2;
  Json fit = Json::array(), quantity = Json::array(), step = Json::array(), v = Json::array(), theory = Json::array();
  std::vector<std::string> values, texts;
  for (auto const i : chosen_fits(f)) {
    for (std::string const name : {"h", "y", "w", "loss"}) {
      auto const* variable = f.results->find(name);
      auto const* curve = f.results->find(name + "_theory");
      if (variable == nullptr) continue;
      std::vector<std::size_t> known;  // networks differ in their steps, and in how many they have
      auto const at = [&](std::vector<double> const& curves, std::size_t k) { return curves[i * f.steps + k]; };
      for (std::size_t k = 0; k < f.steps; ++k)
        if (!std::isnan(at(f.numbers(name), k)) || (curve && !std::isnan(at(f.numbers(name + "_theory"), k))))
          known.push_back(k);
      std::size_t const stride = (known.size() + most_steps - 1) / most_steps;
      for (std::size_t p = 0; p < known.size(); p += stride) {
        std::size_t const k = known[p];
        fit.push_back(values.size());
        quantity.push_back(name);
        step.push_back(steps[own_steps ? i * f.steps + k : k]);
        v.push_back(number(at(f.numbers(name), k)));
        theory.push_back(number(curve ? at(f.numbers(name + "_theory"), k) : std::nan("")));
      }
    }
    values.push_back(std::to_string(values.size()));
    texts.push_back(f.label[i]);
  }
  if (v.empty()) return figure;
  figure.title = "Measured points and theory";
  figure.reading =
      "Distance of the two hidden vectors (h), of the two outputs (y), and the error along the difference of the "
      "targets "
      "(w) over training, with the loss. Points: measured; lines: the fitted theory. Where lines leave the points, the "
      "theory does not hold.";
  if (values.size() < f.count)
    figure.reading += " Shown are " + count_of(static_cast<long long>(values.size()), "fit") + " of " +
                      format_count(static_cast<Index>(f.count)) + ".";
  figure.columns = {{"fit", fit}, {"quantity", quantity}, {"step", step}, {"v", v}, {"theory", theory}};
  figure.spec = specification(figure.title);
  figure.spec["params"] = {parameter("labels", texts), choice("fit", "pair", values, texts)};
  figure.spec["transform"] = {Json{{"filter", "datum.fit == toNumber(fit)"}}, calculate("labels[datum.fit]", "label")};
  Json const x = {
      {"field", "step"}, {"type", "quantitative"}, {"title", "training step"}, {"axis", {{"labelOverlap", "greedy"}}}};
  auto const y = [](std::string const& field) {
    return Json{{"field", field}, {"type", "quantitative"}, {"title", "value"}};
  };
  Json const colour = {
      {"field", "quantity"},
      {"type", "nominal"},
      {"title", nullptr},
      {"sort", {"h", "y", "w", "loss"}},
      {"scale", {{"domain", {"h", "y", "w", "loss"}}, {"range", {"#0072b2", "#e69f00", "#009e73", "#777777"}}}},
      {"legend", {{"orient", "bottom"}, {"symbolOpacity", 1}}}};
  Json const tooltip = {exact("label", "fit"), exact("quantity", "quantity"), exact("step", "step"),
                        exact("v", "measured"), exact("theory", "theory")};
  figure.spec["layer"] =
      Json::array({{{"mark", {{"type", "point"}, {"filled", true}, {"size", 26}, {"opacity", 0.55}}},
                    {"encoding", {{"x", x}, {"y", y("v")}, {"color", colour}, {"tooltip", tooltip}}}},
                   {{"mark", {{"type", "line"}, {"strokeWidth", 2}}},
                    {"encoding", {{"x", x}, {"y", y("theory")}, {"color", colour}}}}});
  figure.marks = static_cast<Index>(v.size() / values.size());
  return figure;
}

/// Rates or errors of all fits over the layers.
Figure rates_figure(Fits const& f) {
  Figure figure;
  std::vector<std::string> names;
  Json name = Json::array(), fit = Json::array(), v = Json::array();
  for (std::string const rate : {"eta_h", "eta_y", "eta_ybar", "sse"}) {
    if (f.results->find(rate) == nullptr) continue;
    std::size_t known = 0;
    for (std::size_t i = 0; i < f.count; ++i) {
      double const value = f.numbers(rate)[i];
      if (!std::isfinite(value) || value <= 0) continue;
      ++known;
      name.push_back(rate);
      fit.push_back(i);
      v.push_back(value);
    }
    if (known > 0) names.push_back(rate);
  }
  if (names.empty()) return figure;
  figure.shape = Figure::Shape::half;
  figure.title = "Rates over layers";
  figure.reading =
      "Effective learning rates (or the squared error) of every fit, by layer. Grey points: the theory does not apply "
      "or "
      "the rates cannot be identified; they mean nothing.";
  figure.columns = {{"name", name}, {"fit", fit}, {"v", v}};
  figure.spec = specification(figure.title);
  std::vector<std::string> use;
  for (bool const applies : f.applies) use.push_back(applies ? "applies" : "does not apply");
  figure.spec["params"] = {parameter("labels", f.label), parameter("layers", f.layer), parameter("use", use),
                           choice("rate", "shown", names, names)};
  figure.spec["transform"] = {Json{{"filter", "datum.name == rate"}}, calculate("labels[datum.fit]", "label"),
                              calculate("layers[datum.fit]", "layer"), calculate("use[datum.fit]", "use")};
  figure.spec["mark"] = {{"type", "point"}, {"filled", true}, {"size", 40}, {"opacity", 0.7}};
  figure.spec["encoding"] = {
      {"x",
       {{"field", "layer"},
        {"type", "nominal"},
        {"sort", f.layers},
        {"title", "layer"},
        {"axis", {{"labelAngle", f.layers.size() > 5 ? -45 : 0}, {"labelLimit", 110}}}}},
      {"y",
       {{"field", "v"},
        {"type", "quantitative"},
        {"scale", {{"type", "log"}}},
        {"title", "value"},
        {"axis", {{"format", ".1~e"}}}}},
      {"color",
       {{"field", "use"},
        {"type", "nominal"},
        {"title", nullptr},
        {"legend", {{"orient", "bottom"}}},
        {"scale", {{"domain", {"applies", "does not apply"}}, {"range", {"#31688e", "#b0b0b0"}}}}}},
      {"tooltip", {exact("label", "fit"), exact("name", "quantity"), exact("v", "value"), exact("use", "theory")}}};
  figure.marks = static_cast<Index>(v.size());
  return figure;
}

Figure final_distance_figure(Fits const& f) {
  Figure figure;
  if (f.results->find("h_final_theory") == nullptr || f.results->find("h_final") == nullptr) return figure;
  Json fit = Json::array(), measured = Json::array(), theory = Json::array();
  double largest = 0;
  for (std::size_t i = 0; i < f.count; ++i) {
    double const x = f.numbers("h_final_theory")[i], y = f.numbers("h_final")[i];
    if (!std::isfinite(x) || !std::isfinite(y)) continue;
    fit.push_back(i);
    theory.push_back(x);
    measured.push_back(y);
    largest = std::max(largest, y);
  }
  if (fit.empty()) return figure;
  figure.shape = Figure::Shape::half;
  figure.title = "Final distances";
  figure.reading =
      "Squared distance of the two hidden vectors at the end: predicted by theory and measured, one point per fit. On "
      "the "
      "dashed line both agree.";
  figure.columns = {{"fit", fit}, {"theory", theory}, {"measured", measured}};
  figure.spec = specification(figure.title);
  std::vector<std::string> use;
  for (bool const applies : f.applies) use.push_back(applies ? "applies" : "does not apply");
  figure.spec["params"] = {parameter("labels", f.label), parameter("regimes", f.regime), parameter("use", use)};
  figure.spec["transform"] = {calculate("labels[datum.fit]", "label"), calculate("regimes[datum.fit]", "regime"),
                              calculate("use[datum.fit]", "use")};
  Json const x = {{"field", "theory"}, {"type", "quantitative"}, {"title", "theory"}, {"scale", {{"zero", true}}}};
  Json const y = {{"field", "measured"}, {"type", "quantitative"}, {"title", "measured"}, {"scale", {{"zero", true}}}};
  figure.spec["layer"] =
      Json::array({{{"data", {{"values", Json::array({Json{{"p", 0}, {"q", largest}}})}}},
                    {"mark", {{"type", "rule"}, {"strokeDash", {5, 4}}, {"color", "#777"}}},
                    {"encoding",
                     {{"x", {{"field", "p"}, {"type", "quantitative"}}},
                      {"x2", {{"field", "q"}}},
                      {"y", {{"field", "p"}, {"type", "quantitative"}}},
                      {"y2", {{"field", "q"}}}}}},
                   {{"mark", {{"type", "point"}, {"filled", true}, {"size", 40}, {"opacity", 0.7}}},
                    {"encoding",
                     {{"x", x},
                      {"y", y},
                      {"color",
                       {{"field", "regime"},
                        {"type", "nominal"},
                        {"title", nullptr},
                        {"scale", {{"range", "category"}}},
                        {"legend", {{"orient", "bottom"}}}}},
                      {"tooltip",
                       {exact("label", "fit"), exact("theory", "theory"), exact("measured", "measured"),
                        exact("regime", "regime"), exact("use", "theory holds")}}}}}});
  figure.marks = static_cast<Index>(fit.size());
  return figure;
}

std::vector<Html> answer_of(Fits const& f) {
  std::vector<Html> answer;
  std::set<std::string> const networks(f.network.begin(), f.network.end());
  auto const good = static_cast<std::size_t>(std::count(f.applies.begin(), f.applies.end(), true));
  Html s;
  s.strong(count_of(static_cast<long long>(f.count), "fit")).text(" of the two-point theory: ");
  s.text(count_of(static_cast<long long>(networks.size()), "network") + ", " +
         count_of(static_cast<long long>(f.layers.size()), "layer") + ". The theory applies to ");
  s.strong(format_count(static_cast<Index>(good)))
      .text("; for the others the rates cannot be identified or the curves do not fit.");
  answer.push_back(std::move(s));
  std::map<std::string, Index> regimes;
  for (std::size_t i = 0; i < f.count; ++i)
    if (f.applies[i]) ++regimes[f.regime[i]];
  if (!regimes.empty()) {
    Html line;
    line.text("Regimes where it applies: ");
    bool first = true;
    for (auto const& [name, times] : regimes) {
      line.text(first ? "" : ", ").strong(name).text(" " + format_count(times));
      first = false;
    }
    line.text(".");
    answer.push_back(std::move(line));
  }
  std::map<std::string, std::pair<Index, Index>> by_layer;
  for (std::size_t i = 0; i < f.count; ++i) {
    ++by_layer[f.layer[i]].second;
    by_layer[f.layer[i]].first += f.applies[i];
  }
  if (f.layers.size() > 1 && good > 0) {
    auto const share = [&](std::string const& layer) {
      return static_cast<double>(by_layer[layer].first) / static_cast<double>(by_layer[layer].second);
    };
    auto const best = std::max_element(f.layers.begin(), f.layers.end(),
                                       [&](auto const& x, auto const& y) { return share(x) < share(y); });
    answer.push_back(Html()
                         .text("It holds most often in ")
                         .strong(*best)
                         .text(" (" + format_count(by_layer[*best].first) + " of " +
                               format_count(by_layer[*best].second) + " fits)."));
  }
  return answer;
}

Table fits_table(Fits const& f) {
  constexpr std::size_t most = 300;
  Table table;
  table.header = {"fit", "applies", "regime"};
  std::vector<std::string> columns;
  for (auto const* name :
       {"eta_h", "eta_y", "eta_ybar", "sse", "r2_h", "r2_y", "r2_w", "a_low", "a_high", "h_final_theory", "h_final"})
    if (f.results->find(name) != nullptr) columns.emplace_back(name);
  table.header.insert(table.header.end(), columns.begin(), columns.end());
  for (std::size_t i = 0; i < std::min(f.count, most); ++i) {
    std::vector<std::string> row = {f.label[i], f.applies[i] ? "yes" : "no", f.regime[i]};
    for (auto const& name : columns) row.push_back(brief(f.numbers(name)[i]));
    table.rows.push_back(std::move(row));
  }
  if (f.count > most)
    table.omitted = "The first " + std::to_string(most) + " of " + format_count(static_cast<Index>(f.count)) + " fits.";
  return table;
}

}  // namespace

Section dynamics_section(ResultSet const& results, std::string const& path) {
  try {
    Section section;
    section.title = "How representations develop";
    auto const holds = [&](std::string const& dimension) {
      return std::any_of(results.dimensions.begin(), results.dimensions.end(),
                         [&](auto const& known) { return known.first == dimension; });
    };
    auto const say = [&](std::vector<Html> sentences) {
      for (auto& sentence : sentences) section.answer.push_back(std::move(sentence));
    };
    auto const show = [&](std::string const& title, std::vector<Figure> figures) {
      FigureGroup group{title, "", {}};
      for (auto& figure : figures)
        if (!figure.spec.is_null()) group.figures.push_back(std::move(figure));
      section.groups.push_back(std::move(group));
    };
    if (holds("fit")) {
      Fits const f = view_fits(results);
      say(answer_of(f));
      show("Theory and measurement", {trajectory_figure(f), rates_figure(f), final_distance_figure(f)});
      if (holds("structure")) show("All inputs of a layer", structure_figures(results));
      section.tables = {{"Fits", fits_table(f)}};
    }
    if (holds("series")) {
      say(convergence_answer(results));
      show("Convergence over training", convergence_figures(results));
    }
    if (holds("sequence")) show("Time steps of sequences", sequence_figures(results));
    if (holds("group_pair")) {
      say(group_answer(results));
      show("Groups of networks", group_figures(results));
    }
    if (holds("unit")) {
      say(census_answer(results));
      show("Units of autoencoders", {census_figure(results)});
    }
    if (section.groups.empty()) throw std::out_of_range("it holds no analysis");
    add_refusals(section.warnings, results);
    section.provenance = provenance(results);
    return section;
  } catch (std::out_of_range const& error) {
    throw InputError(path + " is not a whole result of dynamics", error.what(), "run confer dynamics again");
  }
}

}  // namespace confer::report
