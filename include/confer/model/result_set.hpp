/// Results as named variables over named dimensions with attributes: the netCDF data model as a value.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// A value attached to a variable or to the whole set.
using Attribute = std::variant<double, Index, std::string, std::vector<double>, std::vector<Index>, std::vector<std::string>>;
using Attributes = std::map<std::string, Attribute>;

/// Row-major data of one variable.
using VariableData = std::variant<std::vector<double>, std::vector<Index>, std::vector<std::string>>;

/// One variable: its dimensions in order and its values, the last dimension varying fastest.
struct Variable {
  std::string name;
  std::vector<std::string> dimensions;
  VariableData data;
  Attributes attributes;
  bool coordinate = false;  ///< listed in the `coordinates` attribute of data variables that share its dimensions
};

/// A whole result: what a results file holds.
struct ResultSet {
  std::vector<std::pair<std::string, Index>> dimensions;
  std::vector<Variable> variables;
  Attributes attributes;

  Index dimension(std::string const& name) const;          ///< throws std::out_of_range
  Variable const* find(std::string const& name) const;     ///< nullptr when absent
  Variable const& at(std::string const& name) const;       ///< throws std::out_of_range
  std::vector<double> const& doubles(std::string const& name) const;
  std::vector<Index> const& integers(std::string const& name) const;
  std::vector<std::string> const& strings(std::string const& name) const;
  std::string text_attribute(std::string const& name, std::string fallback = {}) const;
};

}  // namespace confer
