#include "io/layer_header.hpp"

#include <hdf5.h>

#include <algorithm>
#include <array>
#include <span>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"

namespace confer {

namespace {

using h5::Handle;

herr_t refuse_external_link(char const*, char const*, char const*, char const*, unsigned*, hid_t, void* met) {
  *static_cast<bool*>(met) = true;
  return -1;
}

bool is_half(hid_t type) {
  std::size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  if (H5Tget_size(type) != 2 || H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0)
    return false;
  return sign == 15 && exponent == 10 && exponent_bits == 5 && mantissa == 0 && mantissa_bits == 10 &&
         H5Tget_ebias(type) == 15;
}

bool is_ieee(hid_t type, hid_t little, hid_t big) { return H5Tequal(type, little) > 0 || H5Tequal(type, big) > 0; }

char const* class_name(H5T_class_t kind) {
  switch (kind) {
    case H5T_STRING:
      return "strings";
    case H5T_COMPOUND:
      return "compound values (complex numbers?)";
    case H5T_ENUM:
      return "booleans or enumeration values";
    case H5T_FLOAT:
      return "floating-point numbers of an unusual format";
    default:
      return "values that are no plain numbers";
  }
}

std::string filter_name(H5Z_filter_t id, std::string const& stored_name) {
  switch (id) {
    case H5Z_FILTER_DEFLATE:
      return "gzip";
    case H5Z_FILTER_SHUFFLE:
      return "shuffle";
    case H5Z_FILTER_FLETCHER32:
      return "fletcher32";
    case H5Z_FILTER_SZIP:
      return "szip";
    case H5Z_FILTER_NBIT:
      return "nbit";
    case H5Z_FILTER_SCALEOFFSET:
      return "scaleoffset";
    default:
      return stored_name.empty() ? "number " + std::to_string(id) : printable(stored_name);
  }
}

// Calls visit(id, name) for every filter of a dataset until it returns false.
template <class Visit>
void visit_filters(hid_t creation, Visit visit) {
  for (int i = 0; i < H5Pget_nfilters(creation); ++i) {
    unsigned flags = 0, configuration = 0;
    std::size_t values = 0;
    std::array<char, 64> name{};
    H5Z_filter_t const id = H5Pget_filter2(creation, static_cast<unsigned>(i), &flags, &values, nullptr,
                                           name.size() - 1, name.data(), &configuration);
    if (!visit(id, filter_name(id, name.data()))) return;
  }
}

std::vector<Index> chunk_extents(hid_t creation, std::size_t rank) {
  std::vector<hsize_t> sizes(rank, 1);
  H5Pget_chunk(creation, static_cast<int>(rank), sizes.data());
  return {sizes.begin(), sizes.end()};
}

std::string storage_text(hid_t creation, std::size_t rank) {
  std::string text = "contiguous";
  if (H5Pget_layout(creation) == H5D_COMPACT) text = "compact";
  if (H5Pget_layout(creation) == H5D_CHUNKED) {
    text = "chunks ";
    auto const sizes = chunk_extents(creation, rank);
    for (std::size_t i = 0; i < sizes.size(); ++i) text += (i > 0 ? "x" : "") + std::to_string(sizes[i]);
  }
  visit_filters(creation, [&](H5Z_filter_t, std::string const& name) {
    text += ", " + name;
    return true;
  });
  return text;
}

// Values that nobody wrote read as the fill value: legal, but hardly what was meant.
std::optional<std::string> unwritten_warning(hid_t dataset, hid_t creation, std::vector<Index> const& extents) {
  if (H5Dget_storage_size(dataset) == 0) return "never written: every value is the fill value";
  if (H5Pget_layout(creation) != H5D_CHUNKED) return std::nullopt;
  auto const sizes = chunk_extents(creation, extents.size());
  hsize_t expected = 1, written = 0;
  for (std::size_t i = 0; i < extents.size(); ++i)
    expected *= static_cast<hsize_t>((extents[i] + sizes[i] - 1) / sizes[i]);
  Handle const everything(H5Dget_space(dataset));
  if (H5Dget_num_chunks(dataset, everything, &written) < 0 || written >= expected) return std::nullopt;
  return "partly written: " + format_count(static_cast<Index>(expected - written)) + " of " +
         format_count(static_cast<Index>(expected)) + " chunks hold only the fill value";
}

std::optional<Axis> axis_named(std::string const& name) {
  if (name == "channel") return Axis::neuron;
  for (Axis const axis : {Axis::step, Axis::sample, Axis::neuron, Axis::height, Axis::width, Axis::time})
    if (to_string(axis) == name) return axis;
  return std::nullopt;
}

// Fills info.axes from the attribute or the default; returns why that is impossible.
std::optional<std::string> read_axes(hid_t dataset, h5::Place const& place, bool trajectory, LayerInfo& info) {
  std::size_t const rank = info.extents.size();
  std::string text = trajectory ? "step,sample,neuron" : "sample,neuron";
  if (h5::has_attribute(dataset, "axes")) {
    auto const list = h5::string_list_attribute(dataset, "axes", place);
    if (!list) return "its attribute 'axes' is not text";
    text = join(*list, ",");
  } else if (rank != (trajectory ? 3u : 2u)) {
    return "it has " + std::to_string(rank) + " dimensions and no attribute 'axes' to name them";
  }
  auto const names = split(text, ',');
  if (names.size() != rank)
    return "its attribute 'axes' names " + std::to_string(names.size()) + " axes and the array has " +
           std::to_string(rank) + " dimensions";
  for (auto const& name : names) {
    auto const axis = axis_named(name);
    if (!axis) return "its attribute 'axes' holds the unknown name '" + printable(name) + "'";
    if (info.has(*axis)) return "its attribute 'axes' names the " + to_string(*axis) + " axis twice";
    info.axes.push_back(*axis);
  }
  if (!info.has(Axis::sample)) return "it has no sample axis";
  if (!info.has(Axis::neuron)) return "it has no neuron (or channel) axis";
  if (trajectory && !info.has(Axis::step)) return "it has no step axis, although the file holds /steps";
  if (!trajectory && info.has(Axis::step)) return "it has a step axis, although the file holds a single step";
  return std::nullopt;
}

std::optional<Problem> read_header(Handle const& dataset, h5::Place const& place, std::optional<Index> steps,
                                   Index file_bytes, LayerInfo& info) {
  constexpr char const* layouts =
      "axes are sample with neuron, or channel,height,width, or time,channel (in a trajectory also step)";
  Handle const type(h5::check(H5Dget_type(dataset), place));
  auto const stored = stored_type(type);
  if (!stored)
    return Problem{place.object, std::string("it holds ") + class_name(H5Tget_class(type)),
                   "store float16, float32, float64 or integers"};
  info.type = *stored;
  info.extents = h5::extents(dataset, place);
  if (auto reason = read_axes(dataset, place, steps.has_value(), info)) return Problem{place.object, *reason, layouts};
  for (std::size_t i = 0; i < info.axes.size(); ++i)
    if (info.extents[i] == 0)
      return Problem{place.object, "its " + to_string(info.axes[i]) + " axis has length zero", "store data"};
  if (steps && info.extent(Axis::step) != *steps)
    return Problem{place.object,
                   "it has " + format_count(info.extent(Axis::step)) + " steps and /steps has " + format_count(*steps),
                   "write the file again"};
  if (auto problem = unreadable_storage(dataset, place, file_bytes)) return problem;
  Handle const creation(h5::check(H5Dget_create_plist(dataset), place));
  info.storage = storage_text(creation, info.extents.size());
  info.stored_bytes = static_cast<Index>(H5Dget_storage_size(dataset));
  if (auto warning = unwritten_warning(dataset, creation, info.extents)) info.warnings.push_back(*warning);
  return std::nullopt;
}

}  // namespace

Handle open_inside(h5::Id file, h5::Place const& place) {
  h5::silence();
  Handle const access(H5Pcreate(H5P_DATASET_ACCESS));
  bool met_external_link = false;
  H5Pset_elink_cb(access, refuse_external_link, &met_external_link);
  Handle dataset(H5Dopen2(file, place.object.c_str(), access));
  if (dataset.valid()) return dataset;
  if (met_external_link)
    throw InputError("cannot read " + h5::describe(place), "it is a link to another file",
                     "store the data in this file");
  h5::throw_input(place);
}

std::optional<StoredType> stored_type(h5::Id type) {
  if (H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) <= 8) return StoredType::integer;
  if (H5Tget_class(type) != H5T_FLOAT) return std::nullopt;
  if (is_half(type)) return StoredType::float16;
  if (is_ieee(type, H5T_IEEE_F32LE, H5T_IEEE_F32BE)) return StoredType::float32;
  if (is_ieee(type, H5T_IEEE_F64LE, H5T_IEEE_F64BE)) return StoredType::float64;
  return std::nullopt;
}

std::optional<Problem> unreadable_storage(h5::Id dataset, h5::Place const& place, Index file_bytes) {
  Handle const creation(h5::check(H5Dget_create_plist(dataset), place));
  Handle const type(h5::check(H5Dget_type(dataset), place));
  if (H5Pget_layout(creation) == H5D_VIRTUAL)
    return Problem{place.object, "it is a virtual dataset: its values lie in other files",
                   "store the data in this file"};
  if (H5Pget_external_count(creation) > 0)
    return Problem{place.object, "its values lie outside the HDF5 file", "store the data in this file"};

  std::optional<Problem> problem;
  visit_filters(creation, [&](H5Z_filter_t id, std::string const& name) {
    unsigned abilities = 0;
    bool const there = H5Zfilter_avail(id) > 0 && H5Zget_filter_info(id, &abilities) >= 0 &&
                       (abilities & H5Z_FILTER_CONFIG_DECODE_ENABLED) != 0;
    if (!there)
      problem = Problem{place.object, "it needs a filter that this HDF5 library lacks: " + name,
                        "rewrite it with gzip, for example by h5repack -f GZIP=4"};
    return there;
  });
  if (problem) return problem;

  double bytes = static_cast<double>(H5Tget_size(type));
  for (Index const extent : h5::extents(dataset, place)) bytes *= static_cast<double>(extent);
  auto const stored = static_cast<double>(H5Dget_storage_size(dataset));
  // No honest compressor of the library does better than deflate's 1 : 1032; data nobody wrote may be a bit larger.
  double const believable = std::max(0x1p30, 1032.0 * static_cast<double>(file_bytes));
  if (bytes > believable || stored > static_cast<double>(file_bytes))
    return Problem{
        place.object,
        "it declares " + format_bytes(bytes) + " of data in a file of " + format_bytes(static_cast<double>(file_bytes)),
        "the file is damaged or incomplete: write it again"};
  return std::nullopt;
}

LayerHeader read_layer_header(h5::Id file, std::string const& path, std::string const& name, std::optional<Index> steps,
                              Index file_bytes) {
  LayerHeader header;
  header.info.name = name;
  h5::Place const place{path, "/activations/" + name};
  if (name.empty() || !is_utf8(name)) {
    header.problem =
        Problem{place.object, name.empty() ? "its name is empty" : "its name is not UTF-8 text", "rename it"};
    return header;
  }
  try {
    header.problem = read_header(open_inside(file, place), place, steps, file_bytes, header.info);
  } catch (InputError const& error) {
    header.problem = Problem{place.object, error.reason(), error.advice()};
  }
  return header;
}

}  // namespace confer
