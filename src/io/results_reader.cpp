#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/results.hpp"
#include "io/h5.hpp"
#include "io/results_format.hpp"

namespace confer {

namespace {

namespace format = results_format;
using h5::Handle;
using h5::Place;

constexpr double deflate_expansion = 1032;  ///< the most that gzip can compress

std::vector<std::string> links_in_order(h5::Id group, Place const& place) {
  std::vector<std::string> names;
  auto const add = [](hid_t, char const* name, H5L_info_t const*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  h5::check(H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_INC, nullptr, add, &names), place);
  return names;
}

Attribute read_attribute(h5::Id object, std::string const& name, Place const& place) {
  Handle const attribute(h5::check(H5Aopen(object, name.c_str(), H5P_DEFAULT), place));
  Handle const type(h5::check(H5Aget_type(attribute), place));
  Handle const space(h5::check(H5Aget_space(attribute), place));
  bool const scalar = H5Sget_simple_extent_type(space) == H5S_SCALAR;
  bool const empty = H5Sget_simple_extent_npoints(space) == 0;
  switch (H5Tget_class(type)) {
    case H5T_STRING: {
      if (empty) return std::vector<std::string>{};
      auto texts = h5::string_list_attribute(object, name, place).value();
      if (scalar) return texts.at(0);
      return texts;
    }
    case H5T_INTEGER: {
      if (empty) return std::vector<Index>{};
      if (scalar) return h5::integer_attribute(object, name, place).value();
      auto const count = h5::number_list_attribute(object, name, place).value().size();
      std::vector<Index> values(count);
      h5::check(H5Aread(attribute, H5T_NATIVE_INT64, values.data()), place);
      return values;
    }
    case H5T_FLOAT: {
      if (empty) return std::vector<double>{};
      auto values = h5::number_list_attribute(object, name, place).value();
      if (scalar) return values.at(0);
      return values;
    }
    default:
      throw InputError("cannot read " + h5::describe(place), "attribute '" + printable(name) + "' is of another kind");
  }
}

Attributes read_attributes(h5::Id object, Place const& place) {
  Attributes attributes;
  for (auto const& name : h5::attribute_names(object, place))
    if (std::find(format::reserved.begin(), format::reserved.end(), name) == format::reserved.end())
      attributes[name] = read_attribute(object, name, place);
  return attributes;
}

std::string name_of(hid_t object) {
  ssize_t const length = H5Iget_name(object, nullptr, 0);
  std::string name(static_cast<std::size_t>(std::max<ssize_t>(length, 0)) + 1, '\0');
  H5Iget_name(object, name.data(), name.size());
  name.resize(name.size() - 1);
  return name.starts_with('/') ? name.substr(1) : name;
}

std::vector<std::string> dimensions_of(h5::Id dataset, std::size_t rank, Place const& place) {
  std::vector<std::string> names(rank);
  auto const take = [](hid_t, unsigned, hid_t scale, void* name) -> herr_t {
    *static_cast<std::string*>(name) = name_of(scale);
    return 1;
  };
  for (std::size_t i = 0; i < rank; ++i)
    if (H5DSiterate_scales(dataset, static_cast<unsigned>(i), nullptr, take, &names[i]) <= 0 || names[i].empty())
      throw InputError("cannot read " + h5::describe(place), "its dimension " + std::to_string(i) + " has no name",
                       "write the results again");
  return names;
}

VariableData read_data(h5::Id dataset, Place const& place, Index limit) {
  Handle const type(h5::check(H5Dget_type(dataset), place));
  switch (H5Tget_class(type)) {
    case H5T_STRING:
      return h5::read_strings(dataset, place);
    case H5T_INTEGER:
      return h5::read_integers(dataset, place, limit);
    default:
      return h5::read_doubles(dataset, place, limit);
  }
}

void mark_coordinates(h5::Id object, Place const& place, std::set<std::string>& names) {
  if (auto const list = h5::string_attribute(object, format::coordinates, place))
    for (auto const& name : split(*list, ' ')) names.insert(name);
}

}  // namespace

ResultSet read_results(std::string const& path, std::function<bool(std::string const& name)> const& wanted) {
  Handle const file = h5::open_file(path);
  Place const root{path, {}};
  std::string const found = h5::string_attribute(file, format::format_attribute, root).value_or("");
  if (found.starts_with("acts/"))
    throw InputError("cannot read " + h5::describe(root), "it holds activations, not results",
                     "name a file that confer wrote with --output");
  if (found != format::format_value)
    throw InputError("cannot read " + h5::describe(root),
                     found.starts_with("confer-results/") ? "it was written by another version of confer"
                                                          : "it is not a results file of confer",
                     "name a file that confer wrote with --output");

  std::error_code unknown_size;
  auto const file_bytes = static_cast<double>(std::filesystem::file_size(path, unknown_size));
  auto const limit = static_cast<Index>(unknown_size ? 0.0 : file_bytes * deflate_expansion / sizeof(double));

  ResultSet results;
  results.attributes = read_attributes(file, root);
  results.attributes.erase(format::format_attribute);
  std::set<std::string> coordinates;
  mark_coordinates(file, root, coordinates);
  std::map<Index, std::pair<std::string, Index>> dimensions;
  for (auto const& name : links_in_order(file, root)) {
    Place const place{path, "/" + name};
    Handle const dataset = h5::open_dataset(file, name, place);
    auto const extents = h5::extents(dataset, place);
    bool values = true;
    if (H5DSis_scale(dataset) > 0) {
      auto const position = h5::integer_attribute(dataset, format::dimension_id, place);
      if (!position || extents.size() != 1)
        throw InputError("cannot read " + h5::describe(place), "it is not a proper dimension");
      dimensions[*position] = {name, extents[0]};
      values = !h5::string_attribute(dataset, "NAME", place).value_or("").starts_with(format::phony_name);
      if (values) coordinates.insert(name);
    }
    if (!values || (wanted && !wanted(name))) continue;
    Variable variable;
    variable.name = name;
    variable.dimensions = H5DSis_scale(dataset) > 0 ? std::vector{name} : dimensions_of(dataset, extents.size(), place);
    variable.data = read_data(dataset, place, limit);
    variable.attributes = read_attributes(dataset, place);
    mark_coordinates(dataset, place, coordinates);
    results.variables.push_back(std::move(variable));
  }
  for (auto& [position, dimension] : dimensions) results.dimensions.push_back(std::move(dimension));
  for (auto& variable : results.variables) variable.coordinate = coordinates.contains(variable.name);
  return results;
}

}  // namespace confer
