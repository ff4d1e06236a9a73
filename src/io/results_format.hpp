/// The words of netCDF-4 that the writer and the reader of results share.
#pragma once

#include <array>
#include <string_view>

namespace confer::results_format {

/// Root attribute that tells results from other HDF5 files.
constexpr char const* format_attribute = "format";
constexpr char const* format_value = "confer-results/1";

/// NAME attribute of a dimension scale that stands for a dimension without a coordinate variable; netCDF adds the
/// length, ten characters wide.
constexpr char const* phony_name = "This is a netCDF dimension but not a netCDF variable.";
constexpr char const* dimension_id = "_Netcdf4Dimid";
constexpr char const* coordinates = "coordinates";

/// Attributes that belong to the file format and not to the results.
constexpr std::array<std::string_view, 8> reserved = {
    "CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS", dimension_id, "_Netcdf4Coordinates",
    coordinates};

}  // namespace confer::results_format
