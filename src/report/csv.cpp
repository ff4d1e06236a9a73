#include "confer/report/csv.hpp"

#include <algorithm>
#include <optional>
#include <ostream>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"

namespace confer {

namespace {

using Names = std::vector<std::string>;

bool contains(Names const& names, std::string const& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_subset(Names const& part, Names const& whole) {
  return std::all_of(part.begin(), part.end(), [&](auto const& name) { return contains(whole, name); });
}

std::string field(VariableData const& data, Index position) {
  auto const i = static_cast<std::size_t>(position);
  if (auto const* numbers = std::get_if<std::vector<double>>(&data)) return format_number((*numbers)[i]);
  if (auto const* integers = std::get_if<std::vector<Index>>(&data)) return std::to_string((*integers)[i]);
  return csv_field(std::get<std::vector<std::string>>(data)[i]);
}

/// Text for the codes of a variable with `flag_values` and `flag_meanings`.
class Flags {
 public:
  explicit Flags(Variable const& variable) {
    auto const values = variable.attributes.find("flag_values");
    auto const meanings = variable.attributes.find("flag_meanings");
    if (values == variable.attributes.end() || meanings == variable.attributes.end()) return;
    if (auto const* list = std::get_if<std::vector<Index>>(&values->second)) values_ = *list;
    if (auto const* one = std::get_if<Index>(&values->second)) values_ = {*one};
    if (auto const* text = std::get_if<std::string>(&meanings->second)) meanings_ = split(*text, ' ');
    if (auto const* list = std::get_if<Names>(&meanings->second)) meanings_ = *list;
  }
  bool known() const { return !values_.empty() && values_.size() == meanings_.size(); }
  std::string text(Index value) const {
    auto const found = std::find(values_.begin(), values_.end(), value);
    if (!known() || found == values_.end()) return std::to_string(value);
    return csv_field(meanings_[static_cast<std::size_t>(found - values_.begin())]);
  }

 private:
  std::vector<Index> values_;
  Names meanings_;
};

/// A variable seen along dimensions that may be more than its own. With `labels`, its whole numbers are positions of
/// these.
class Column {
 public:
  Column(ResultSet const& results, Variable const& variable, Names const& dimensions, Names labels = {})
      : variable_(&variable), flags_(variable), labels_(std::move(labels)) {
    for (auto const& dimension : dimensions) {
      Index stride = 0;
      auto const own = std::find(variable.dimensions.begin(), variable.dimensions.end(), dimension);
      if (own != variable.dimensions.end()) {
        stride = 1;
        for (auto inner = own + 1; inner != variable.dimensions.end(); ++inner) stride *= results.dimension(*inner);
      }
      strides_.push_back(stride);
    }
  }
  std::string text(std::vector<Index> const& index) const {
    Index position = 0;
    for (std::size_t i = 0; i < index.size(); ++i) position += strides_[i] * index[i];
    if (auto const* codes = std::get_if<std::vector<Index>>(&variable_->data)) {
      Index const code = (*codes)[static_cast<std::size_t>(position)];
      if (code >= 0 && code < static_cast<Index>(labels_.size())) return labels_[static_cast<std::size_t>(code)];
      if (flags_.known()) return flags_.text(code);
    }
    return field(variable_->data, position);
  }

 private:
  Variable const* variable_;
  Flags flags_;
  Names labels_;
  std::vector<Index> strides_;
};

// Coordinates along exactly this dimension.
std::vector<Variable const*> coordinates_along(ResultSet const& results, std::string const& dimension) {
  std::vector<Variable const*> found;
  for (auto const& variable : results.variables)
    if (variable.coordinate && variable.dimensions == Names{dimension}) found.push_back(&variable);
  return found;
}

// The second dimension of a square matrix has names with its own suffix ("label_b").
Variable const* coordinate(ResultSet const& results, std::string const& name, std::string const& dimension) {
  for (auto const& candidate : {name, name + "_" + dimension, dimension + "_" + name})
    if (auto const* variable = results.find(candidate); variable && variable->dimensions == Names{dimension})
      return variable;
  return nullptr;
}

/// What names the positions along a dimension: its label, else its first text, else its own coordinate, else counting.
std::vector<std::string> labels_along(ResultSet const& results, std::string const& dimension) {
  auto const count = results.dimension(dimension);
  auto const* chosen = coordinate(results, "label", dimension);
  auto const along = coordinates_along(results, dimension);
  for (auto const* variable : along)
    if (!chosen && std::holds_alternative<Names>(variable->data)) chosen = variable;
  for (auto const* variable : along)
    if (!chosen && variable->name == dimension) chosen = variable;
  Names labels;
  for (Index i = 0; i < count; ++i) labels.push_back(chosen ? field(chosen->data, i) : std::to_string(i));
  return labels;
}

bool has_dimension(ResultSet const& results, std::string const& name) {
  return std::any_of(results.dimensions.begin(), results.dimensions.end(),
                     [&](auto const& dimension) { return dimension.first == name; });
}

bool is_pairwise(Variable const& variable) {
  return variable.dimensions == Names{"a", "b"} && std::holds_alternative<std::vector<double>>(variable.data);
}

// "cka_z" beside "cka" is a column of the same row, not a measure.
bool is_companion(ResultSet const& results, std::string const& name) {
  for (std::string const suffix : {"_null", "_z", "_se", "_p"})
    if (name.ends_with(suffix) && results.find(name.substr(0, name.size() - suffix.size()))) return true;
  return false;
}

// Measures say what kind they are; where none does, every matrix of numbers is taken for one.
Names pairwise_measures(ResultSet const& results) {
  Names declared, all;
  for (auto const& variable : results.variables) {
    if (!is_pairwise(variable) || is_companion(results, variable.name)) continue;
    all.push_back(variable.name);
    if (variable.attributes.contains("kind")) declared.push_back(variable.name);
  }
  return declared.empty() ? all : declared;
}

Names data_variables(ResultSet const& results) {
  Names names;
  for (auto const& variable : results.variables)
    if (!variable.coordinate) names.push_back(variable.name);
  return names;
}

void check_names(ResultSet const& results, Names const& names) {
  for (auto const& name : names)
    if (!results.find(name))
      throw UsageError("--measure: the results have no variable '" + name + "'",
                       "they have " + join(data_variables(results), ", "), "choose one of these");
}

void write_line(Names const& fields, std::ostream& out) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out.put(',');
    out << fields[i];
  }
  out.put('\n');
}

void write_pairs(ResultSet const& results, Names const& measures, std::ostream& out) {
  Names const sides = {"a", "b"}, described = {"network", "step", "layer"};
  std::vector<Names> prefix(2);  // what a row repeats of each side, already as text
  Names header = {"row", "column"};
  std::vector<Names> labels;
  for (std::size_t side = 0; side < 2; ++side) {
    labels.push_back(labels_along(results, sides[side]));
    prefix[side].resize(labels[side].size());
    for (auto const& name : described) {
      auto const* variable = coordinate(results, name, sides[side]);
      // A square matrix has the same representations on both sides.
      if (!variable && labels[0].size() == labels[side].size()) variable = coordinate(results, name, sides[0]);
      header.push_back((side == 0 ? "row_" : "column_") + name);
      for (std::size_t i = 0; i < prefix[side].size(); ++i)
        prefix[side][i] += "," + (variable ? field(variable->data, static_cast<Index>(i)) : "");
    }
  }
  struct Source {
    std::string name;
    std::vector<std::vector<double> const*> numbers;  // the value and what stands beside it
  };
  auto const companion = [&](std::string const& name) -> std::vector<double> const* {
    auto const* variable = results.find(name);
    return variable && is_pairwise(*variable) ? &std::get<std::vector<double>>(variable->data) : nullptr;
  };
  Names beside = {"null", "z"};
  for (std::string const drawn : {"se", "p"})  // only where samples were drawn
    if (std::any_of(measures.begin(), measures.end(),
                    [&](auto const& name) { return companion(name + "_" + drawn) != nullptr; }))
      beside.push_back(drawn);
  header.insert(header.end(), {"measure", "value"});
  header.insert(header.end(), beside.begin(), beside.end());
  header.emplace_back("status");
  write_line(header, out);
  std::vector<Source> sources;
  for (auto const& name : measures) {
    sources.push_back({csv_field(name), {companion(name)}});
    for (auto const& suffix : beside) sources.back().numbers.push_back(companion(name + "_" + suffix));
  }
  std::optional<Column> status;
  if (auto const* variable = results.find("pair_status"); variable && variable->dimensions == sides)
    status.emplace(results, *variable, sides);

  std::string line;
  for (std::size_t a = 0; a < labels[0].size(); ++a)
    for (std::size_t b = 0; b < labels[1].size(); ++b) {
      std::size_t const pair = a * labels[1].size() + b;
      std::string const meaning = status ? status->text({static_cast<Index>(a), static_cast<Index>(b)}) : "";
      for (auto const& source : sources) {
        line = labels[0][a] + "," + labels[1][b] + prefix[0][a] + prefix[1][b] + "," + source.name + ",";
        for (auto const* values : source.numbers) line += (values ? format_number((*values)[pair]) : "") + ",";
        out << line << meaning << "\n";
      }
    }
}

void write_wide(ResultSet const& results, Names const& measures, std::ostream& out) {
  Names const known = pairwise_measures(results);
  Names const chosen = measures.empty() ? known : measures;
  if (chosen.size() != 1)
    throw UsageError("--wide needs one --measure",
                     chosen.empty() ? "the results hold no pairwise measure" : "there are " + join(chosen, ", "),
                     "for example --wide --measure " + (chosen.empty() ? "NAME" : chosen.front()));
  auto const& variable = results.at(chosen.front());
  if (variable.dimensions.size() != 2)
    throw UsageError("--wide: '" + variable.name + "' is not a matrix",
                     "it has " + std::to_string(variable.dimensions.size()) + " dimensions", "leave --wide out");
  Names const rows = labels_along(results, variable.dimensions[0]);
  Names line = {csv_field(variable.dimensions[0])};
  for (auto const& label : labels_along(results, variable.dimensions[1])) line.push_back(label);
  write_line(line, out);
  Column const column(results, variable, variable.dimensions);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    line[0] = rows[i];
    for (std::size_t j = 1; j < line.size(); ++j)
      line[j] = column.text({static_cast<Index>(i), static_cast<Index>(j - 1)});
    write_line(line, out);
  }
}

// Without a choice: the widest variable of up to three dimensions that shares the first one's leading dimension, and
// all that fits beside it.
Names dimensions_of_table(ResultSet const& results) {
  Names widest;
  std::string leading;
  for (auto const& variable : results.variables) {
    if (variable.coordinate || variable.dimensions.empty()) continue;
    if (leading.empty()) leading = variable.dimensions.front();
    if (variable.dimensions.front() == leading && variable.dimensions.size() <= 3 &&
        variable.dimensions.size() > widest.size())
      widest = variable.dimensions;
  }
  return widest;
}

Names dimensions_of_choice(ResultSet const& results, Names const& measures) {
  Names widest;
  for (auto const& name : measures)
    if (results.at(name).dimensions.size() > widest.size()) widest = results.at(name).dimensions;
  for (auto const& name : measures)
    if (!is_subset(results.at(name).dimensions, widest))
      throw UsageError("--measure: '" + name + "' cannot share a table with the others",
                       "it runs over " + join(results.at(name).dimensions, ", ") + ", they over " + join(widest, ", "),
                       "ask for one at a time");
  return widest;
}

// Beside variables asked for by name stands only what says which position a row is about: not all that is known of it.
bool identifies(ResultSet const& results, Variable const& variable) {
  if (variable.dimensions.size() != 1) return true;
  std::string const& dimension = variable.dimensions.front();
  bool described = false;
  for (std::string const name : {"label", "network", "step", "layer"}) {
    auto const* known = coordinate(results, name, dimension);
    if (known == &variable) return true;
    described = described || known;
  }
  return !described;
}

Names write_side_by_side(ResultSet const& results, Names const& measures, std::ostream& out) {
  Names const dimensions = measures.empty() ? dimensions_of_table(results) : dimensions_of_choice(results, measures);
  std::vector<std::optional<Column>> columns;  // an empty one counts along its dimension
  Names header, left_out;
  std::vector<std::size_t> counted;
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    auto const along = coordinates_along(results, dimensions[i]);
    if (along.empty()) {
      columns.emplace_back();
      counted.push_back(i);
      header.push_back(csv_field(dimensions[i]));
    }
  }
  auto const add = [&](Variable const& variable) {
    // Lists of pairs hold positions along the sides of the matrices.
    for (auto const& [side, title] : {std::pair{"a", "row"}, std::pair{"b", "column"}})
      if (variable.coordinate && variable.name == std::string("pair_") + side && has_dimension(results, side)) {
        columns.emplace_back(std::in_place, results, variable, dimensions, labels_along(results, side));
        header.emplace_back(title);
        return;
      }
    columns.emplace_back(std::in_place, results, variable, dimensions);
    header.push_back(csv_field(variable.name));
  };
  for (auto const& variable : results.variables)
    if (variable.coordinate && !variable.dimensions.empty() && is_subset(variable.dimensions, dimensions) &&
        !contains(measures, variable.name) && (measures.empty() || identifies(results, variable)))
      add(variable);
  for (auto const& name : measures.empty() ? data_variables(results) : measures) {
    auto const& variable = results.at(name);
    bool const fits = is_subset(variable.dimensions, dimensions) && (!variable.dimensions.empty() || !measures.empty());
    if (fits)
      add(variable);
    else
      left_out.push_back(name);
  }
  write_line(header, out);

  Index rows = 1;
  for (auto const& dimension : dimensions) rows *= results.dimension(dimension);
  std::vector<Index> index(dimensions.size(), 0);
  Names line(columns.size());
  for (Index row = 0; row < rows; ++row) {
    auto next_counted = counted.begin();
    for (std::size_t i = 0; i < columns.size(); ++i)
      line[i] = columns[i] ? columns[i]->text(index) : std::to_string(index[*next_counted++]);
    write_line(line, out);
    for (std::size_t i = index.size(); i-- > 0;) {
      if (++index[i] < results.dimension(dimensions[i])) break;
      index[i] = 0;
    }
  }
  return left_out;
}

}  // namespace

std::string csv_field(std::string_view text) {
  bool const blank_edge = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!blank_edge && text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string quoted = "\"";
  for (char const c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::vector<std::string> write_csv(ResultSet const& results, TableRequest const& request, std::ostream& out) {
  check_names(results, request.measures);
  if (request.shape == TableShape::wide) {
    write_wide(results, request.measures, out);
    return {};
  }
  Names const measures = request.measures.empty() ? pairwise_measures(results) : request.measures;
  bool const pairs = !measures.empty() && std::all_of(measures.begin(), measures.end(),
                                                      [&](auto const& name) { return is_pairwise(results.at(name)); });
  if (!pairs) return write_side_by_side(results, measures, out);
  write_pairs(results, measures, out);
  return {};
}

}  // namespace confer
