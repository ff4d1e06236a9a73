/// What a report is made of: figures with their reading aids, and sections that open with an answer in words.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "confer/core/types.hpp"
#include "report/markup.hpp"

namespace confer::report {

using Json = nlohmann::json;

/// A small table of texts and numbers.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::string omitted;  ///< what was left out to keep it short; empty when whole
};

/// One figure: a Vega-Lite specification whose data set is given by columns, unless the specification holds it itself.
struct Figure {
  enum class Shape { square, wide, half, tall };
  std::string title;
  std::string reading;  ///< a sentence that says how to read it
  Shape shape = Shape::wide;
  Json spec;
  Json columns;     ///< {"name": [values...]}; row k of the data set "rows" takes element k of each, and "k"
  Table table;      ///< the same numbers, for readers without figures
  int height = 0;   ///< pixels, for tall figures
  Index marks = 0;  ///< drawn marks: decides between SVG and canvas
};

/// A control of a section: sets the parameter of that name in all figures that have it.
struct Control {
  std::string parameter;
  std::string label;
  std::vector<std::pair<std::string, std::string>> options;  ///< value, text
};

struct FigureGroup {
  std::string title;
  std::string about;
  std::vector<Figure> figures;
};

struct Section {
  std::string title;
  std::vector<Html> answer;  ///< sentences
  std::vector<Html> warnings;
  std::vector<Control> controls;
  std::vector<FigureGroup> groups;
  std::vector<std::pair<std::string, Table>> tables;
  Table provenance;
};

/// The frame all specifications share: schema, fonts, container size.
Json specification(std::string const& description);

/// A parameter without a widget of its own, set by a section's control.
Json parameter(std::string const& name, Json value);

/// A parameter with a drop-down list below the figure.
Json choice(std::string const& name, std::string const& label, std::vector<std::string> const& values,
            std::vector<std::string> const& labels);

/// A tooltip line that shows the number or text of a field exactly as it is.
Json exact(std::string const& field, std::string const& title);

/// A legend of line patterns, whose symbols would else take no colour.
Json dash_legend();

/// A number for JSON: null when not finite.
Json number(double value);

/// Computes a field from an expression. Expressions never contain text from files; that travels as data.
Json calculate(std::string const& expression, std::string const& field);

}  // namespace confer::report
