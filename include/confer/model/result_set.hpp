/// Results as named variables over named dimensions with attributes: the netCDF data model as a value.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// A value attached to a variable or to the whole set.
using Attribute = std::variant<double, Index, std::string, std::vector<double>, std::vector<Index>, std::vector<std::string>>;
using Attributes = std::map<std::string, Attribute>;

struct ResultSet;

/// A matrix that follows from other variables of the set: made block of rows by block of rows while it is written, so
/// that nothing of its size is held. Results that were read have none.
template <class T>
struct DerivedRows {
  /// Fills `rows` with whole rows, row-major, from row `first` on. Rows may be asked for more than once.
  std::function<void(ResultSet const& results, Index first, std::span<T> rows)> fill;

  bool operator==(DerivedRows const&) const { return false; }  ///< functions cannot be compared
};

/// Row-major data of one variable.
using VariableData = std::variant<std::vector<double>, std::vector<Index>, std::vector<std::string>,
                                  DerivedRows<double>, DerivedRows<Index>>;

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
