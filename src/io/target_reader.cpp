#include "confer/io/target_reader.hpp"

#include <hdf5.h>

#include <algorithm>
#include <cmath>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "io/h5.hpp"
#include "io/layer_header.hpp"

namespace confer {

namespace {

using h5::Handle;

// Reads rows [first, first + count) of an array of `columns` columns, row-major.
template <class T>
std::vector<T> read_rows(Shard const& shard, h5::Place const& place, Index first, Index count, Index columns,
                         hid_t type, OpenFiles* files) {
  Handle const file = files != nullptr ? Handle(files->open(shard.path)) : h5::open_file(shard.path);
  Handle const dataset = open_inside(file, place);
  auto const extents = h5::extents(dataset, place);
  if (extents.empty() || extents[0] != shard.samples || (extents.size() == 2 ? extents[1] : 1) != columns)
    throw InputError("cannot read " + h5::describe(place), "it has changed since the catalog was read",
                     "start again when nothing writes to the file");
  hsize_t const begin[] = {static_cast<hsize_t>(first), 0};
  hsize_t const size[] = {static_cast<hsize_t>(count), static_cast<hsize_t>(columns)};
  hsize_t const values = size[0] * size[1];
  Handle const file_space(h5::check(H5Dget_space(dataset), place));
  h5::check(H5Sselect_hyperslab(file_space, H5S_SELECT_SET, begin, nullptr, size, nullptr), place);
  Handle const memory(h5::check(H5Screate_simple(1, &values, nullptr), place));
  std::vector<T> result(static_cast<std::size_t>(values));
  h5::check(H5Dread(dataset, type, memory, file_space, H5P_DEFAULT, result.data()), place);
  return result;
}

}  // namespace

TargetValues read_target(Catalog const& catalog, Index checkpoint_index, std::string const& name, Index begin,
                         Index count, OpenFiles* files) {
  auto const& checkpoint = catalog.checkpoints.at(static_cast<std::size_t>(checkpoint_index));
  auto const info = std::find_if(checkpoint.targets.begin(), checkpoint.targets.end(),
                                 [&](TargetInfo const& target) { return target.name == name; });
  if (info == checkpoint.targets.end()) {
    std::vector<std::string> names;
    for (auto const& target : checkpoint.targets) names.push_back(printable(target.name));
    throw InputError(
        "there is no target '" + printable(name) + "' in '" + printable(checkpoint.shards.at(0).path) + "'",
        names.empty() ? "it holds no targets" : "it holds " + join(names, ", "),
        "name a target that all the files hold");
  }
  if (begin < 0 || count < 0 || begin > checkpoint.total_samples - count)
    throw std::invalid_argument("read_target: the samples do not fit the checkpoint");

  TargetValues target;
  target.name = name;
  target.is_labels = info->labels;
  if (!info->labels) target.values = Matrix<double>(count, info->columns);
  for (auto const& shard : checkpoint.shards) {
    Index const from = std::max(begin, shard.first_sample);
    Index const to = std::min(begin + count, shard.first_sample + shard.samples);
    if (from >= to) continue;
    h5::Place const place{shard.path, "/targets/" + name};
    Index const first = from - shard.first_sample;
    if (info->labels) {
      auto const labels = read_rows<Index>(shard, place, first, to - from, 1, H5T_NATIVE_INT64, files);
      target.labels.insert(target.labels.end(), labels.begin(), labels.end());
      continue;
    }
    auto const values = read_rows<double>(shard, place, first, to - from, info->columns, H5T_NATIVE_DOUBLE, files);
    for (std::size_t i = 0; i < values.size(); ++i) {
      Index const row = static_cast<Index>(i) / info->columns;
      Index const column = static_cast<Index>(i) % info->columns;
      if (!std::isfinite(values[i]))
        throw InputError(
            "cannot use " + h5::describe(place),
            "it holds NaN or Inf, first at sample " + std::to_string(from + row) + ", column " + std::to_string(column),
            "correct the target or choose another one");
      target.values(from - begin + row, column) = values[i];
    }
  }
  return target;
}

std::vector<double> read_scalar_series(Checkpoint const& checkpoint, std::string const& name) {
  auto const& shard = checkpoint.shards.at(0);
  Handle const file = h5::open_file(shard.path);
  if (!h5::has_link(file, "scalars")) return {};
  Handle const group = h5::open_group(file, "scalars", {shard.path, "/scalars"});
  if (!h5::has_link(group, name)) return {};
  h5::Place const place{shard.path, "/scalars/" + name};
  return h5::read_doubles(open_inside(file, place), place, shard.bytes);
}

}  // namespace confer
