#include <algorithm>
#include <cmath>

#include "confer/core/text.hpp"
#include "report/development.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_cells = 60000;

struct Structure {
  std::vector<std::string> labels, numbers;
  std::size_t count() const { return labels.size(); }
};

Structure view(ResultSet const& results) {
  Structure s;
  auto const networks = shown_texts(results, "structure_network"), layers = shown_texts(results, "structure_layer");
  for (std::size_t i = 0; i < networks.size(); ++i) {
    s.labels.push_back(networks[i] + "/" + layers[i]);
    s.numbers.push_back(std::to_string(i));
  }
  return s;
}

Figure matrices_figure(Structure const& s, ResultSet const& results) {
  Figure figure;
  if (results.find("structure_measured") == nullptr) return figure;
  auto const &measured = results.doubles("structure_measured"), &predicted = results.doubles("structure_predicted");
  auto const &steps = results.integers("structure_step"), &inputs = results.integers("structure_input");
  auto const moments = static_cast<std::size_t>(results.dimension("moment")),
             width = static_cast<std::size_t>(results.dimension("structure_row"));
  // Few moments of many layers rather than many of few: the last always.
  std::size_t shown = moments;
  while (shown > 2 && s.count() * shown * width * width > most_cells) --shown;
  if (s.count() * shown * width * width > 2 * most_cells) return figure;
  Columns columns;
  for (std::size_t i = 0; i < s.count(); ++i) {
    std::size_t known = 0;
    while (known < moments && steps[i * moments + known] >= 0) ++known;
    for (std::size_t chosen = 0; chosen < std::min(shown, known); ++chosen) {
      std::size_t const m = known <= shown ? chosen : chosen * (known - 1) / (shown - 1);
      for (std::size_t row = 0; row < width; ++row)
        for (std::size_t column = 0; column < width; ++column) {
          std::size_t const at = ((i * moments + m) * width + row) * width + column;
          if (row == column || inputs[i * width + row] < 0 || inputs[i * width + column] < 0) continue;
          columns.add({{"s", i},
                       {"m", shown - std::min(shown, known) + chosen},
                       {"step", steps[i * moments + m]},
                       {"a", inputs[i * width + row]},
                       {"b", inputs[i * width + column]},
                       {"v", number(row > column ? measured[at] : predicted[at])},
                       {"what", row > column ? "measured" : "theory"}});
        }
    }
  }
  if (columns.rows() == 0) return figure;
  std::vector<std::string> values, texts;
  for (std::size_t m = shown; m-- > 0;) {
    values.push_back(std::to_string(m));
    texts.push_back(m + 1 == shown ? "end of training" : m == 0 ? "start" : "moment " + std::to_string(m));
  }
  figure.shape = Figure::Shape::square;
  figure.title = "Distances of all inputs";
  figure.reading =
      "Squared distance of the hidden vectors of two inputs. Below the diagonal: measured; above: by theory. Where the "
      "theory holds, the picture is its own mirror image.";
  figure.marks = static_cast<Index>(width * width);
  figure.columns = columns.take();
  figure.spec = specification(figure.title);
  figure.spec["params"] = {choice("structure", "layer", s.numbers, s.labels), choice("moment", "at", values, texts)};
  figure.spec["transform"] = {Json{{"filter", "datum.s == toNumber(structure) && datum.m == toNumber(moment)"}}};
  figure.spec["mark"] = {{"type", "rect"}};
  auto const axis = [](std::string const& field) {
    return Json{{"field", field},
                {"type", "ordinal"},
                {"title", "input"},
                {"axis", {{"labelAngle", 0}, {"labelOverlap", "greedy"}}}};
  };
  figure.spec["encoding"] = {{"x", axis("b")},
                             {"y", axis("a")},
                             {"color",
                              {{"field", "v"},
                               {"type", "quantitative"},
                               {"title", nullptr},
                               {"scale", {{"scheme", "viridis"}}},
                               {"legend", {{"orient", "top"}, {"gradientThickness", 8}, {"gradientLength", 160}}}}},
                             {"tooltip",
                              {exact("a", "input"), exact("b", "input"), exact("step", "step"), exact("what", "what"),
                               exact("v", "squared distance")}}};
  return figure;
}

Figure correlation_figure(Structure const& s, ResultSet const& results) {
  Figure figure;
  auto const& values = results.doubles("structure_correlation");
  auto const& steps = results.integers("step");
  std::size_t const stride = std::max<std::size_t>(1, s.count() * steps.size() / 20000);
  Columns columns;
  for (std::size_t i = 0; i < s.count(); ++i) {
    std::size_t known = 0;
    for (std::size_t k = 0; k < steps.size(); ++k)
      if (double const value = values[i * steps.size() + k]; std::isfinite(value) && known++ % stride == 0)
        columns.add({{"label", s.labels[i]}, {"step", steps[k]}, {"v", value}});
  }
  if (columns.rows() == 0) return figure;
  figure.shape = Figure::Shape::half;
  figure.title = "Do all distances follow the theory?";
  figure.reading =
      "Correlation, over all pairs of inputs, of measured and predicted distances at each step. 1: the theory orders "
      "the "
      "pairs as the network does.";
  auto const& to_initial = results.doubles("structure_initial");
  auto const& final_values = results.doubles("structure_final");
  figure.table.header = {"layer", "at the end", "end with start (lazy: 1)"};
  for (std::size_t i = 0; i < std::min<std::size_t>(s.count(), 300); ++i)
    figure.table.rows.push_back({s.labels[i], brief(final_values[i]), brief(to_initial[i])});
  figure.marks = static_cast<Index>(columns.rows());
  figure.columns = columns.take();
  figure.spec = specification(figure.title);
  figure.spec["mark"] = {{"type", "line"}, {"strokeWidth", 1.8}, {"point", {{"filled", true}, {"size", 14}}}};
  figure.spec["encoding"] = {
      {"x", {{"field", "step"}, {"type", "quantitative"}, {"title", "training step"}}},
      {"y", quantity("v", "correlation")},
      {"color",
       {{"field", "label"},
        {"type", "nominal"},
        {"title", nullptr},
        {"legend", {{"orient", "bottom"}, {"columns", 2}, {"labelLimit", 220}, {"symbolLimit", 16}}}}},
      {"tooltip", {exact("label", "layer"), exact("step", "step"), exact("v", "correlation")}}};
  return figure;
}

}  // namespace

std::vector<Figure> structure_figures(ResultSet const& results) {
  Structure const s = view(results);
  return {matrices_figure(s, results), correlation_figure(s, results)};
}

}  // namespace confer::report
