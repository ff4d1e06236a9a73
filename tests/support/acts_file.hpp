/// Writes small acts/1 files, right ones and wrong ones, for tests of the readers.
#pragma once

#include <gtest/gtest.h>
#include <hdf5.h>
#include <stdlib.h>

#include <filesystem>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "confer/core/types.hpp"
#include "io/h5.hpp"

namespace confer::test {

/// A directory that vanishes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "confer-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path() const { return path_; }
  std::string operator/(std::string const& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// IEEE half of either byte order.
inline h5::Handle half_type(H5T_order_t order = H5T_ORDER_LE) {
  h5::Handle type(H5Tcopy(order == H5T_ORDER_LE ? H5T_IEEE_F32LE : H5T_IEEE_F32BE));
  H5Tset_fields(type, 15, 10, 5, 0, 10);
  H5Tset_size(type, 2);
  H5Tset_ebias(type, 15);
  return type;
}

/// How an array is stored.
struct ArrayOptions {
  hid_t type = H5T_IEEE_F32LE;
  std::string axes = {};          ///< no attribute when empty
  std::vector<Index> chunk = {};  ///< contiguous when empty
  bool gzip = false;
  bool fletcher32 = false;
  bool write = true;  ///< false: the values are never written
};

/// 0, 1, 2, ... for an array of these extents.
inline std::vector<double> counting(std::vector<Index> const& extents) {
  std::vector<double> values(
      static_cast<std::size_t>(std::accumulate(extents.begin(), extents.end(), Index{1}, std::multiplies<>())));
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}

/// An open acts/1 file with all root attributes but `layers`, which `close` (or the destructor) writes.
class ActsFile {
 public:
  ActsFile(std::string const& path, std::string const& network, std::optional<Index> step, Index total, Index first = 0)
      : path_(path), file_(h5::create_file(path)) {
    text("format", "acts/1");
    text("network", network);
    if (step) integer("step", *step);
    text("inputs_id", std::string(64, 'a'));
    integer("first_sample", first);
    integer("total_samples", total);
    group("activations");
  }
  ~ActsFile() { close(); }

  std::string const& path() const { return path_; }
  hid_t id() const { return file_; }

  void group(std::string const& name) { h5::Handle(H5Gcreate2(file_, name.c_str(), 0, 0, 0)); }

  void text(std::string const& name, std::string const& value) { texts(file_, name, {value}, false); }
  void fixed_text(std::string const& name, std::string const& value) { texts(file_, name, {value}, true); }
  void integer(std::string const& name, Index value) { number(name, static_cast<double>(value), H5T_STD_I64LE); }
  void number(std::string const& name, double value, hid_t type = H5T_IEEE_F64LE) {
    replace(file_, name);
    h5::Handle const space(H5Screate(H5S_SCALAR));
    h5::Handle const attribute(H5Acreate2(file_, name.c_str(), type, space, 0, 0));
    H5Awrite(attribute, H5T_NATIVE_DOUBLE, &value);
  }
  void remove(std::string const& name) { replace(file_, name); }
  /// The `layers` attribute, when it is to differ from what was written.
  void list_layers(std::vector<std::string> const& names) { layers_ = names; }

  void layer(std::string const& name, std::vector<Index> const& extents, std::vector<double> const& values,
             ArrayOptions const& options = {}) {
    array("activations/" + name, extents, values, options);
    layers_.push_back(name);
  }

  void array(std::string const& path, std::vector<Index> const& extents, std::vector<double> const& values,
             ArrayOptions const& options = {}) {
    std::vector<hsize_t> const sizes(extents.begin(), extents.end());
    h5::Handle const space(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr));
    h5::Handle const creation(H5Pcreate(H5P_DATASET_CREATE));
    if (!options.chunk.empty()) {
      std::vector<hsize_t> const chunk(options.chunk.begin(), options.chunk.end());
      H5Pset_chunk(creation, static_cast<int>(chunk.size()), chunk.data());
      if (options.gzip) H5Pset_deflate(creation, 4);
      if (options.fletcher32) H5Pset_fletcher32(creation);
    }
    h5::Handle const links(H5Pcreate(H5P_LINK_CREATE));
    H5Pset_create_intermediate_group(links, 1);
    h5::Handle const dataset(H5Dcreate2(file_, path.c_str(), options.type, space, links, creation, 0));
    if (options.write && !values.empty()) H5Dwrite(dataset, H5T_NATIVE_DOUBLE, 0, 0, 0, values.data());
    if (!options.axes.empty()) texts(dataset, "axes", {options.axes}, false);
  }

  void close() {
    if (!file_.valid()) return;
    if (!h5::has_attribute(file_, "layers") && !layers_.empty()) texts(file_, "layers", layers_, false);
    file_.close();
  }

 private:
  void replace(hid_t object, std::string const& name) {
    if (h5::has_attribute(object, name)) H5Adelete(object, name.c_str());
  }
  void texts(hid_t object, std::string const& name, std::vector<std::string> const& values, bool fixed) {
    replace(object, name);
    h5::Handle const type(H5Tcopy(H5T_C_S1));
    hsize_t const count = values.size();
    h5::Handle const space(count == 1 && name != "layers" ? H5Screate(H5S_SCALAR)
                                                          : H5Screate_simple(1, &count, nullptr));
    H5Tset_size(type, fixed ? values.front().size() : H5T_VARIABLE);
    if (!fixed) H5Tset_cset(type, H5T_CSET_UTF8);
    h5::Handle const attribute(H5Acreate2(object, name.c_str(), type, space, 0, 0));
    std::vector<char const*> pointers;
    for (auto const& value : values) pointers.push_back(value.c_str());
    H5Awrite(attribute, type, fixed ? static_cast<void const*>(values.front().data()) : pointers.data());
  }

  std::string path_;
  h5::Handle file_;
  std::vector<std::string> layers_;
};

/// A plain checkpoint with one 2-D layer "fc" of counting values.
inline void write_plain(std::string const& path, std::string const& network, Index step, Index total, Index first,
                        Index samples, Index neurons = 3) {
  ActsFile file(path, network, step, total, first);
  auto values = counting({samples, neurons});
  for (double& value : values) value += static_cast<double>(first * neurons);
  file.layer("fc", {samples, neurons}, values);
}

}  // namespace confer::test
