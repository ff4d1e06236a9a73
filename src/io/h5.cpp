#include "io/h5.hpp"

#include <hdf5.h>

#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "io/mapped_image.hpp"

namespace confer::h5 {

static_assert(std::is_same_v<hid_t, Id> || sizeof(hid_t) == sizeof(Id), "HDF5 1.10 or newer is required");

namespace {

struct Known {
  std::string_view mark;  ///< what the library's error stack says
  char const* reason;
  char const* advice;
};

// The first entry whose mark occurs anywhere in the error stack decides.
constexpr std::array known = {
    Known{"truncated file", "the file is truncated", "copy or write it again"},
    Known{"file signature not found", "it is not an HDF5 file", "check the path, or write the file again"},
    Known{"Fletcher32", "its checksum (fletcher32) does not match: the data are damaged",
          "copy or write the file again"},
    Known{"incorrect metadata checksum", "the file's structure is damaged", "copy or write it again"},
    Known{"inflate() failed", "its gzip data are damaged", "copy or write the file again"},
    Known{"is not registered", "it needs a filter that this HDF5 library lacks",
          "rewrite it with gzip, for example by h5repack -f GZIP=4"},
    Known{"filter is not available", "it needs a filter that this HDF5 library lacks",
          "rewrite it with gzip, for example by h5repack -f GZIP=4"},
    Known{"unable to lock file", "another program has it locked", "wait for its writer to end"},
    Known{"already open for write", "another program is writing it", "wait for its writer to end"},
    Known{"No such file or directory", "there is no such file", "check the path"},
    Known{"Permission denied", "permission denied", "check the permissions of the file"},
    Known{"No space left on device", "the disk is full", "free some space or choose another place"},
    Known{"Disk quota exceeded", "the disk quota is used up", "free some space or choose another place"},
    Known{"Is a directory", "it is a directory", "name a file"},
    Known{"not a dataset", "it is not an array", ""},
    Known{"doesn't exist", "there is no such object in the file", ""},
    Known{"not found", "there is no such object in the file", ""},
    Known{"addr overflow", "the file is shorter than its contents say", "copy or write it again"},
    Known{"file read failed", "the file could not be read to its end", "copy it again and check the disk"},
    Known{"end of file", "the file is shorter than its contents say", "copy or write it again"},
    Known{"no appropriate function for conversion path", "its number type cannot be converted", ""},
};

herr_t collect(unsigned, H5E_error2_t const* entry, void* texts) {
  auto& list = *static_cast<std::vector<std::string>*>(texts);
  if (entry->desc != nullptr) list.emplace_back(entry->desc);
  return 0;
}

Handle attribute(Id object, std::string const& name, Place const& place) {
  return Handle(check(H5Aopen(object, name.c_str(), H5P_DEFAULT), place));
}

// A type or a space of an attribute or dataset.
struct Shape {
  Handle type, space;
  H5T_class_t kind;
  Index count;
};

Shape shape_of(hid_t type, hid_t space, Place const& place) {
  Shape shape{Handle(check(type, place)), Handle(check(space, place)), H5T_NO_CLASS, 0};
  shape.kind = H5Tget_class(shape.type);
  shape.count = H5Sget_simple_extent_npoints(shape.space);
  return shape;
}

bool is_number(H5T_class_t kind) { return kind == H5T_INTEGER || kind == H5T_FLOAT || kind == H5T_ENUM; }

// `read(type, buffer)` reads everything as values of `type`.
template <class Read>
std::vector<std::string> strings_of(Shape const& shape, Place const& place, Read read) {
  std::vector<std::string> strings;
  if (shape.count <= 0) return strings;
  auto const count = static_cast<std::size_t>(shape.count);
  if (H5Tis_variable_str(shape.type) > 0) {
    std::vector<char*> texts(count, nullptr);
    check(read(shape.type.get(), texts.data()), place);
    for (char const* text : texts) strings.emplace_back(text == nullptr ? "" : text);
    H5Dvlen_reclaim(shape.type, shape.space, H5P_DEFAULT, texts.data());
    return strings;
  }
  std::size_t const width = H5Tget_size(shape.type);
  std::string bytes(width * count, '\0');
  check(read(shape.type.get(), bytes.data()), place);
  bool const blank_padded = H5Tget_strpad(shape.type) == H5T_STR_SPACEPAD;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = bytes.substr(i * width, width);
    if (auto const end = text.find('\0'); end != text.npos) text.resize(end);
    while (blank_padded && !text.empty() && text.back() == ' ') text.pop_back();
    strings.push_back(std::move(text));
  }
  return strings;
}

// Bytes in the file bound what may be allocated for them: a damaged header can declare any size. Compressed data may
// be `expansion` times larger than the file.
void check_declared_size(Index declared_bytes, Id object, Place const& place, double expansion = 1) {
  Handle const file(H5Iget_file_id(object));
  hsize_t file_bytes = 0;
  if (!file.valid() || H5Fget_filesize(file, &file_bytes) < 0) throw_input(place);
  if (declared_bytes < 0 || static_cast<double>(declared_bytes) > expansion * static_cast<double>(file_bytes))
    throw InputError("cannot read " + describe(place), "it declares more data than the file holds",
                     "copy or write the file again");
}

template <class T>
std::vector<T> read_numbers(Id dataset, Place const& place, Index limit, hid_t type) {
  Shape const shape = shape_of(H5Dget_type(dataset), H5Dget_space(dataset), place);
  if (!is_number(shape.kind)) throw InputError("cannot read " + describe(place), "it does not hold numbers");
  if (shape.count < 0 || shape.count > limit)
    throw InputError("cannot read " + describe(place), "it declares " + format_count(shape.count) +
                                                           " values where at most " + format_count(limit) + " fit");
  std::vector<T> values(static_cast<std::size_t>(shape.count));
  if (!values.empty()) check(H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), place);
  return values;
}

Handle file_access() {
  silence();
  Handle access(H5Pcreate(H5P_FILE_ACCESS));
#if H5_VERSION_GE(1, 10, 7)
  // Locks fail on many network and read-only file systems; without them opening still works, so failure is fine.
  H5Pset_file_locking(access, 0, 1);
#endif
  return access;
}

}  // namespace

bool Handle::close() noexcept {
  if (id_ < 0) return true;
  Id const id = std::exchange(id_, -1);
  return H5Idec_ref(id) >= 0;
}

std::string describe(Place const& place) {
  std::string const file = "'" + printable(place.file) + "'";
  return place.object.empty() ? file : "'" + printable(place.object) + "' in " + file;
}

Failure last_failure() {
  std::vector<std::string> texts;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, collect, &texts);
  for (auto const& entry : known)
    for (auto const& text : texts)
      if (text.find(entry.mark) != text.npos) {
        std::string reason = entry.reason;
        if (auto const quote = text.find("filter '"); quote != text.npos && reason.find("filter") != reason.npos)
          reason += ": " + printable(text.substr(quote + 8, text.find('\'', quote + 8) - quote - 8));
        return {reason, entry.advice};
      }
  return {texts.empty() ? "the HDF5 library gives no reason" : "HDF5: " + printable(texts.front()), ""};
}

void silence() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

void throw_input(Place const& place) {
  auto const [reason, advice] = last_failure();
  throw InputError("cannot read " + describe(place), reason, advice);
}

void throw_output(Place const& place) {
  auto const [reason, advice] = last_failure();
  throw EnvironmentError("cannot write " + describe(place), reason, advice);
}

Handle open_file(std::string const& path) {
  Handle const access = file_access();
  return Handle(check(H5Fopen(path.c_str(), H5F_ACC_RDONLY, access), {path, {}}));
}

namespace {

Handle create(std::string const& path, Handle const& access) {
  // netCDF-4 keeps variables and attributes in the order of creation.
  Handle const creation(H5Pcreate(H5P_FILE_CREATE));
  H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  H5Pset_attr_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  return Handle(check_write(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access), {path, {}}));
}

}  // namespace

Handle create_file(std::string const& path) { return create(path, file_access()); }

Handle create_image(std::string const& path, MappedImage& image) {
  Handle const access = file_access();
  image.attach(access);
  // The library first looks for a file of that name, and would load it: none can lie below a file.
  return create(path + "/image", access);
}

Handle open_group(Id parent, std::string const& name, Place const& place) {
  return Handle(check(H5Gopen2(parent, name.c_str(), H5P_DEFAULT), place));
}

Handle open_dataset(Id parent, std::string const& name, Place const& place) {
  return Handle(check(H5Dopen2(parent, name.c_str(), H5P_DEFAULT), place));
}

bool has_link(Id parent, std::string const& name) {
  return !name.empty() && H5Lexists(parent, name.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> link_names(Id group, Place const& place) {
  std::vector<std::string> names;
  auto const add = [](hid_t, char const* name, H5L_info_t const*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  check(H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names), place);
  return names;
}

std::vector<Index> extents(Id dataset, Place const& place) {
  Handle const space(check(H5Dget_space(dataset), place));
  int const rank = static_cast<int>(check(H5Sget_simple_extent_ndims(space), place));
  std::vector<hsize_t> sizes(static_cast<std::size_t>(rank));
  if (rank > 0) check(H5Sget_simple_extent_dims(space, sizes.data(), nullptr), place);
  std::vector<Index> result;
  for (hsize_t const size : sizes) {
    if (size > static_cast<hsize_t>(std::numeric_limits<Index>::max()))
      throw InputError("cannot read " + describe(place), "it declares an impossible size");
    result.push_back(static_cast<Index>(size));
  }
  return result;
}

bool has_attribute(Id object, std::string const& name) { return H5Aexists(object, name.c_str()) > 0; }

std::vector<std::string> attribute_names(Id object, Place const& place) {
  std::vector<std::string> names;
  auto const add = [](hid_t, char const* name, H5A_info_t const*, void* list) -> herr_t {
    static_cast<std::vector<std::string>*>(list)->emplace_back(name);
    return 0;
  };
  check(H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, nullptr, add, &names), place);
  return names;
}

std::optional<std::vector<std::string>> string_list_attribute(Id object, std::string const& name, Place const& place) {
  if (!has_attribute(object, name)) return std::nullopt;
  Handle const item = attribute(object, name, place);
  Shape const shape = shape_of(H5Aget_type(item), H5Aget_space(item), place);
  if (shape.kind != H5T_STRING) return std::nullopt;
  check_declared_size(static_cast<Index>(H5Aget_storage_size(item)), object, place);
  return strings_of(shape, place, [&](Id type, void* out) { return H5Aread(item, type, out); });
}

std::optional<std::string> string_attribute(Id object, std::string const& name, Place const& place) {
  auto const list = string_list_attribute(object, name, place);
  if (!list || list->size() != 1) return std::nullopt;
  return list->front();
}

std::optional<std::vector<double>> number_list_attribute(Id object, std::string const& name, Place const& place) {
  if (!has_attribute(object, name)) return std::nullopt;
  Handle const item = attribute(object, name, place);
  Shape const shape = shape_of(H5Aget_type(item), H5Aget_space(item), place);
  if (!is_number(shape.kind) || shape.count < 0) return std::nullopt;
  check_declared_size(static_cast<Index>(H5Aget_storage_size(item)), object, place);
  std::vector<double> values(static_cast<std::size_t>(shape.count));
  if (!values.empty()) check(H5Aread(item, H5T_NATIVE_DOUBLE, values.data()), place);
  return values;
}

std::optional<double> number_attribute(Id object, std::string const& name, Place const& place) {
  auto const list = number_list_attribute(object, name, place);
  if (!list || list->size() != 1) return std::nullopt;
  return list->front();
}

std::optional<Index> integer_attribute(Id object, std::string const& name, Place const& place) {
  auto const number = number_attribute(object, name, place);
  if (!number || *number != std::floor(*number) || std::abs(*number) >= 9.2e18) return std::nullopt;
  Handle const item = attribute(object, name, place);
  Index value = 0;  // read again as an integer: a double is exact up to 2^53 only
  check(H5Aread(item, H5T_NATIVE_INT64, &value), place);
  return value;
}

std::vector<std::string> read_strings(Id dataset, Place const& place) {
  Shape const shape = shape_of(H5Dget_type(dataset), H5Dget_space(dataset), place);
  if (shape.kind != H5T_STRING) throw InputError("cannot read " + describe(place), "it does not hold strings");
  auto const width = static_cast<Index>(H5Tget_size(shape.type));
  Index const most = std::numeric_limits<Index>::max() / width;
  constexpr double deflate_expansion = 1032;
  check_declared_size(shape.count > most ? -1 : shape.count * width, dataset, place, deflate_expansion);
  return strings_of(shape, place,
                    [&](Id type, void* out) { return H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out); });
}

std::vector<double> read_doubles(Id dataset, Place const& place, Index limit) {
  return read_numbers<double>(dataset, place, limit, H5T_NATIVE_DOUBLE);
}

std::vector<Index> read_integers(Id dataset, Place const& place, Index limit) {
  return read_numbers<Index>(dataset, place, limit, H5T_NATIVE_INT64);
}

}  // namespace confer::h5
