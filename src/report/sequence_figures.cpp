#include <algorithm>
#include <cmath>
#include <set>

#include "confer/core/utf8.hpp"
#include "report/development.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_cells = 50000, most_side = 48;

struct Sequences {
  std::vector<std::string> label, place;  ///< "network@step/layer", "network/layer"
  std::vector<Index> const* step;
  std::size_t times = 0;
  std::string measure;
};

/// Blocks of neighbouring time steps that share a cell.
std::size_t block_of(std::size_t times) { return (times + most_side - 1) / most_side; }

Figure pairs_figure(Sequences const& s, ResultSet const& results) {
  auto const& values = results.doubles("time_similarity");
  std::size_t const block = block_of(s.times), side = (s.times + block - 1) / block;
  std::size_t const shown = std::min(s.label.size(), std::max<std::size_t>(1, most_cells / (side * side)));
  Columns columns;
  std::vector<std::string> numbers, labels;
  // The last ones are those of trained networks.
  for (std::size_t i = s.label.size() - shown; i < s.label.size(); ++i) {
    for (std::size_t a = 0; a < side; ++a)
      for (std::size_t b = 0; b < side; ++b) {
        double sum = 0;
        std::size_t known = 0;
        for (std::size_t p = a * block; p < std::min(s.times, (a + 1) * block); ++p)
          for (std::size_t q = b * block; q < std::min(s.times, (b + 1) * block); ++q)
            if (double const value = values[(i * s.times + p) * s.times + q]; !std::isnan(value)) {
              sum += value;
              ++known;
            }
        if (known > 0)
          columns.add(
              {{"s", numbers.size()}, {"a", a * block}, {"b", b * block}, {"v", sum / static_cast<double>(known)}});
      }
    numbers.push_back(std::to_string(numbers.size()));
    labels.push_back(s.label[i]);
  }
  Figure figure;
  if (columns.rows() == 0) return figure;
  figure.shape = Figure::Shape::square;
  figure.title = "Time steps against each other";
  figure.reading =
      "Likeness (" + s.measure +
      ") of the states of one layer at two time steps. A bright band along the diagonal: the state changes "
      "steadily; a bright block: it stays.";
  if (block > 1) figure.reading += " Each cell is the mean over " + std::to_string(block) + " neighbouring time steps.";
  figure.marks = static_cast<Index>(columns.rows() / numbers.size());
  figure.columns = columns.take();
  figure.spec = specification(figure.title);
  figure.spec["params"] = {choice("sequence", "sequence", numbers, labels)};
  figure.spec["transform"] = {Json{{"filter", "datum.s == toNumber(sequence)"}}};
  figure.spec["mark"] = {{"type", "rect"}};
  auto const axis = [](std::string const& field) {
    return Json{{"field", field},
                {"type", "ordinal"},
                {"title", "time step"},
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
                             {"tooltip", {exact("a", "time step"), exact("b", "time step"), exact("v", s.measure)}}};
  return figure;
}

/// Lines over time, one for each training step of the chosen layer.
Figure over_time(Sequences const& s, ResultSet const& results, std::string const& variable) {
  auto const& values = results.doubles(variable);
  Columns columns;
  std::vector<std::string> places;
  for (std::size_t i = 0; i < s.label.size(); ++i) {
    auto const found = std::find(places.begin(), places.end(), s.place[i]);
    auto const place = static_cast<std::size_t>(found - places.begin());
    if (found == places.end()) places.push_back(s.place[i]);
    for (std::size_t t = 0; t < s.times && columns.rows() < most_cells; ++t)
      if (double const value = values[i * s.times + t]; !std::isnan(value))
        columns.add({{"p", place}, {"step", (*s.step)[i]}, {"t", t}, {"v", value}});
  }
  Figure figure;
  if (columns.rows() == 0) return figure;
  std::vector<std::string> numbers;
  for (std::size_t i = 0; i < places.size(); ++i) numbers.push_back(std::to_string(i));
  figure.shape = Figure::Shape::half;
  figure.marks = static_cast<Index>(columns.rows() / places.size());
  figure.columns = columns.take();
  figure.spec = specification(variable);
  figure.spec["params"] = {choice("place", "layer", numbers, places)};
  figure.spec["transform"] = {Json{{"filter", "datum.p == toNumber(place)"}}};
  figure.spec["mark"] = {{"type", "line"}, {"point", {{"filled", true}, {"size", 24}}}, {"strokeWidth", 1.8}};
  figure.spec["encoding"] = {
      {"x", quantity("t", "time step")},
      {"y", quantity("v", s.measure)},
      {"color",
       {{"field", "step"}, {"type", "ordinal"}, {"title", "training step"}, {"scale", {{"scheme", "viridis"}}}}},
      {"tooltip", {exact("step", "training step"), exact("t", "time step"), exact("v", s.measure)}}};
  return figure;
}

}  // namespace

std::vector<Figure> sequence_figures(ResultSet const& results) {
  Sequences s;
  s.label = shown_texts(results, "sequence");
  auto const networks = shown_texts(results, "sequence_network"), layers = shown_texts(results, "sequence_layer");
  for (std::size_t i = 0; i < networks.size(); ++i) s.place.push_back(networks[i] + "/" + layers[i]);
  s.step = &results.integers("sequence_step");
  s.times = static_cast<std::size_t>(results.dimension("time"));
  s.measure = printable(results.text_attribute("measure", "similarity"));
  Figure to_last = over_time(s, results, "time_to_last");
  to_last.title = "Towards the last time step";
  to_last.reading =
      "Likeness of each time step to the last one, one line for each training step. Lines that rise only at the end: "
      "the "
      "state keeps changing until the sequence is over.";
  std::vector<Figure> figures = {pairs_figure(s, results), std::move(to_last)};
  if (std::set<Index>(s.step->begin(), s.step->end()).size() < 2) return figures;
  Figure to_final = over_time(s, results, "time_to_final");
  to_final.title = "Towards the trained network";
  to_final.reading =
      "Likeness of each time step to the same time step at the last training step: where in the sequence, and when in "
      "training, the layer settles.";
  figures.push_back(std::move(to_final));
  return figures;
}

}  // namespace confer::report
