#include "confer/model/result_set.hpp"

#include <stdexcept>

namespace confer {

namespace {
template <class T>
std::vector<T> const& values_of(ResultSet const& results, std::string const& name, char const* kind) {
  if (auto const* values = std::get_if<std::vector<T>>(&results.at(name).data)) return *values;
  throw std::out_of_range("variable '" + name + "' does not hold " + kind);
}
}  // namespace

Index ResultSet::dimension(std::string const& name) const {
  for (auto const& [known, size] : dimensions)
    if (known == name) return size;
  throw std::out_of_range("the results have no dimension '" + name + "'");
}

Variable const* ResultSet::find(std::string const& name) const {
  for (auto const& variable : variables)
    if (variable.name == name) return &variable;
  return nullptr;
}

Variable const& ResultSet::at(std::string const& name) const {
  if (auto const* variable = find(name)) return *variable;
  throw std::out_of_range("the results have no variable '" + name + "'");
}

std::vector<double> const& ResultSet::doubles(std::string const& name) const {
  return values_of<double>(*this, name, "real numbers");
}

std::vector<Index> const& ResultSet::integers(std::string const& name) const {
  return values_of<Index>(*this, name, "whole numbers");
}

std::vector<std::string> const& ResultSet::strings(std::string const& name) const {
  return values_of<std::string>(*this, name, "text");
}

std::string ResultSet::text_attribute(std::string const& name, std::string fallback) const {
  auto const found = attributes.find(name);
  if (found == attributes.end()) return fallback;
  auto const* text = std::get_if<std::string>(&found->second);
  return text ? *text : std::move(fallback);
}

}  // namespace confer
