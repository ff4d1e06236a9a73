#include <hdf5.h>
#include <hdf5_hl.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <type_traits>

#include "confer/core/error.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/results.hpp"
#include "confer/io/whole_file.hpp"
#include "io/h5.hpp"
#include "io/mapped_image.hpp"
#include "io/results_format.hpp"
#include "io/results_storage.hpp"
#include "io/whole_chunks.hpp"

namespace confer {

namespace {

namespace format = results_format;
using h5::Handle;

template <class... Kinds>
struct Overloaded : Kinds... {
  using Kinds::operator()...;
};
template <class... Kinds>
Overloaded(Kinds...) -> Overloaded<Kinds...>;

Index size_of(ResultSet const& results, Variable const& variable) {
  Index size = 1;
  for (auto const& dimension : variable.dimensions) size *= results.dimension(dimension);
  return size;
}

template <class T>
hid_t native_type() {
  return std::is_same_v<T, double> ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
}

// What no file could hold is a mistake of the caller, found before anything is written.
void check_consistency(ResultSet const& results) {
  std::set<std::string> names;
  for (auto const& [name, size] : results.dimensions)
    if (!names.insert(name).second || size < 0) throw std::logic_error("dimension '" + name + "' is not well defined");
  names.clear();
  for (auto const& variable : results.variables) {
    auto const& name = variable.name;
    if (name.empty() || name == "." || name.find('/') != name.npos || name.find('\0') != name.npos)
      throw std::logic_error("'" + name + "' cannot name a variable");
    if (!names.insert(name).second) throw std::logic_error("variable '" + name + "' is there twice");
    bool const fits = std::visit(
        Overloaded{[&]<class T>(std::vector<T> const& values) { return std::ssize(values) == size_of(results, variable); },
                   [&]<class T>(DerivedRows<T> const&) { return variable.dimensions.size() == 2; }},
        variable.data);
    if (!fits) throw std::logic_error("variable '" + name + "' does not fill its dimensions");
    bool const names_dimension = std::any_of(results.dimensions.begin(), results.dimensions.end(),
                                             [&](auto const& dimension) { return dimension.first == name; });
    if (names_dimension && variable.dimensions != std::vector{name})
      throw std::logic_error("variable '" + name + "' has the name of a dimension that is not its own");
  }
}

/// Writes one open file.
class Writer {
 public:
  Writer(std::string const& shown, std::string const& path, ResultSet const& results, MappedImage& image)
      : shown_(shown),
        results_(results),
        image_(image),
        file_(h5::create_image(path, image)),
        text_(H5Tcopy(H5T_C_S1)) {
    H5Tset_size(text_, H5T_VARIABLE);
    H5Tset_cset(text_, H5T_CSET_UTF8);
  }

  void write() {
    write_attributes(file_, results_.attributes, {});
    write_attribute(file_, format::format_attribute, std::string(format::format_value), {});
    if (auto const orphans = unattached_coordinates(); !orphans.empty())
      write_attribute(file_, format::coordinates, orphans, {});
    for (std::size_t i = 0; i < results_.dimensions.size(); ++i) write_dimension(static_cast<int>(i));
    for (auto const& variable : results_.variables)
      if (!is_scale(variable)) write_variable(variable);
  }

  /// Closes everything; the bytes of the file.
  Index finish() {
    scales_.clear();
    text_.close();
    h5::check_write(H5Fflush(file_, H5F_SCOPE_GLOBAL), place({}));
    ssize_t const bytes = h5::check_write(H5Fget_file_image(file_, nullptr, 0), place({}));
    if (!file_.close()) h5::throw_output(place({}));
    return bytes;
  }

 private:
  h5::Place place(std::string const& object) const { return {shown_, object}; }

  std::vector<Index> extents_of(Variable const& variable) const {
    std::vector<Index> extents;
    for (auto const& dimension : variable.dimensions) extents.push_back(results_.dimension(dimension));
    return extents;
  }

  bool is_scale(Variable const& variable) const { return variable.dimensions == std::vector{variable.name}; }

  // Coordinates of a data variable: all that are defined over some of its dimensions. A name with a blank cannot
  // stand in the list, which blanks separate.
  bool is_coordinate_of(Variable const& coordinate, Variable const& variable) const {
    if (!coordinate.coordinate || is_scale(coordinate) || coordinate.name.find(' ') != std::string::npos) return false;
    return std::all_of(coordinate.dimensions.begin(), coordinate.dimensions.end(), [&](auto const& dimension) {
      return std::find(variable.dimensions.begin(), variable.dimensions.end(), dimension) != variable.dimensions.end();
    });
  }

  std::string coordinates_of(Variable const& variable) const {
    std::string list;
    if (variable.coordinate) return list;
    for (auto const& other : results_.variables)
      if (is_coordinate_of(other, variable)) list += (list.empty() ? "" : " ") + other.name;
    return list;
  }

  // Coordinates that no data variable lists go into the global attribute, so that readers know them all the same.
  std::string unattached_coordinates() const {
    std::string list;
    for (auto const& coordinate : results_.variables) {
      if (!is_coordinate_of(coordinate, coordinate)) continue;
      bool const listed = std::any_of(results_.variables.begin(), results_.variables.end(), [&](auto const& variable) {
        return !variable.coordinate && is_coordinate_of(coordinate, variable);
      });
      if (!listed) list += (list.empty() ? "" : " ") + coordinate.name;
    }
    return list;
  }

  void write_attributes(h5::Id object, Attributes const& attributes, std::string const& owner) {
    for (auto const& [name, value] : attributes) {
      if (std::find(format::reserved.begin(), format::reserved.end(), name) != format::reserved.end())
        throw std::logic_error("attribute '" + name + "' belongs to the file format");
      if (object == file_.get() && name == format::format_attribute) continue;
      write_attribute(object, name, value, owner);
    }
  }

  void write_attribute(h5::Id object, std::string const& name, Attribute const& value, std::string const& owner) {
    auto const scalar = [&](hid_t type, void const* data) {
      write_attribute(object, name, Handle(H5Screate(H5S_SCALAR)), type, data, owner);
    };
    auto const list = [&](std::size_t count, hid_t type, void const* data) {
      hsize_t const size = count;
      // netCDF's form of an empty list
      Handle const space(count == 0 ? H5Screate(H5S_NULL) : H5Screate_simple(1, &size, nullptr));
      write_attribute(object, name, space, type, data, owner);
    };
    std::visit(
        Overloaded{[&](double number) { scalar(H5T_NATIVE_DOUBLE, &number); },
                   [&](Index number) { scalar(H5T_NATIVE_INT64, &number); },
                   [&](std::string const& text) {
                     std::string const stored = to_utf8(text);  // readers decode strings as UTF-8
                     char const* pointer = stored.c_str();
                     scalar(text_, &pointer);
                   },
                   [&](std::vector<double> const& numbers) { list(numbers.size(), H5T_NATIVE_DOUBLE, numbers.data()); },
                   [&](std::vector<Index> const& numbers) { list(numbers.size(), H5T_NATIVE_INT64, numbers.data()); },
                   [&](std::vector<std::string> const& texts) {
                     with_pointers(texts, [&](char const* const* pointers) { list(texts.size(), text_, pointers); });
                   }},
        value);
  }

  void write_attribute(h5::Id object, std::string const& name, Handle const& space, hid_t type, void const* data,
                       std::string const& owner) {
    Handle const creation(H5Pcreate(H5P_ATTRIBUTE_CREATE));
    H5Pset_char_encoding(creation, H5T_CSET_UTF8);
    Handle const attribute(
        h5::check_write(H5Acreate2(object, name.c_str(), type, space, creation, H5P_DEFAULT), place(owner + "@" + name)));
    if (H5Sget_simple_extent_type(space) != H5S_NULL) h5::check_write(H5Awrite(attribute, type, data), place(owner + "@" + name));
  }

  template <class Use>
  void with_pointers(std::vector<std::string> const& texts, Use use) const {
    std::vector<std::string> stored(texts.size());
    std::transform(texts.begin(), texts.end(), stored.begin(), to_utf8);
    std::vector<char const*> pointers(stored.size());
    std::transform(stored.begin(), stored.end(), pointers.begin(), [](auto const& text) { return text.c_str(); });
    use(pointers.data());
  }

  void write_dimension(int position) {
    auto const& [name, size] = results_.dimensions[static_cast<std::size_t>(position)];
    auto const coordinate =
        std::find_if(results_.variables.begin(), results_.variables.end(),
                     [&](auto const& variable) { return variable.name == name && is_scale(variable); });
    std::string scale_name = name;
    if (coordinate != results_.variables.end()) {
      scales_[name] = create_variable(*coordinate);
    } else {
      // No space is ever allocated for it: the values of such a scale mean nothing.
      hsize_t const extent = static_cast<hsize_t>(size);
      Handle const space(H5Screate_simple(1, &extent, nullptr));
      scales_[name] = create(name, H5T_IEEE_F32BE, space, creation_properties());
      std::string length = std::to_string(size);
      length.insert(0, length.size() < 10 ? 10 - length.size() : 0, ' ');
      scale_name = format::phony_name + length;
    }
    Handle const& scale = scales_[name];
    h5::check_write(H5DSset_scale(scale, scale_name.c_str()), place(name));
    Handle const space(H5Screate(H5S_SCALAR));
    write_attribute(scale, format::dimension_id, space, H5T_NATIVE_INT, &position, name);
  }

  void write_variable(Variable const& variable) {
    Handle const dataset = create_variable(variable);
    for (std::size_t i = 0; i < variable.dimensions.size(); ++i)
      h5::check_write(H5DSattach_scale(dataset, scales_.at(variable.dimensions[i]), static_cast<unsigned>(i)),
                      place(variable.name));
  }

  // Some rows at a time: a full disk is seen early, and rows that are made for it need not all be there.
  template <class T>
  void write_rows(Handle const& dataset, Variable const& variable,
                  std::function<T const*(std::size_t first, std::size_t count)> const& values_from) {
    auto const extents = extents_of(variable);
    Index const rows = extents.front(), row = size_of(results_, variable) / rows, step = rows_at_once(extents);
    Handle const creation(h5::check_write(H5Dget_create_plist(dataset), place(variable.name)));
    auto const chunks = chunk_format(creation, extents.size(), sizeof(T));
    std::vector<Index> begin(extents.size(), 0), count = extents;
    for (; begin[0] < rows; begin[0] += step) {
      count[0] = std::min(step, rows - begin[0]);
      T const* const data = values_from(static_cast<std::size_t>(begin[0] * row), static_cast<std::size_t>(count[0] * row));
      if (chunks)
        write_chunks(dataset, *chunks, {extents, begin, count}, codec_, data, place(variable.name));
      else
        write_selection(dataset, native_type<T>(), begin, count, data, place(variable.name));
      image_.check();
    }
  }

  static void write_selection(Handle const& dataset, hid_t type, std::vector<Index> const& begin,
                              std::vector<Index> const& count, void const* data, h5::Place const& where) {
    std::vector<hsize_t> const start(begin.begin(), begin.end()), extent(count.begin(), count.end());
    Handle const target(h5::check_write(H5Dget_space(dataset), where));
    // Of the same shape on both sides, or the library goes through the selection value by value.
    Handle const source(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr));
    h5::check_write(H5Sselect_hyperslab(target, H5S_SELECT_SET, start.data(), nullptr, extent.data(), nullptr), where);
    h5::check_write(H5Dwrite(dataset, type, source, target, H5P_DEFAULT, data), where);
  }

  void write_values(Handle const& dataset, Variable const& variable) {
    auto const size = static_cast<std::size_t>(size_of(results_, variable));
    if (size == 0) return;
    auto const write_all = [&](hid_t type, void const* data) {
      h5::check_write(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data), place(variable.name));
    };
    std::visit(Overloaded{[&](std::vector<std::string> const& texts) {
                            with_pointers(texts, [&](auto* pointers) { write_all(text_, pointers); });
                          },
                          [&]<class T>(std::vector<T> const& numbers) {
                            if (variable.dimensions.empty()) return write_all(native_type<T>(), numbers.data());
                            write_rows<T>(dataset, variable,
                                          [&](std::size_t first, std::size_t) { return numbers.data() + first; });
                          },
                          [&]<class T>(DerivedRows<T> const& derived) {
                            Index const row = results_.dimension(variable.dimensions.back());
                            std::vector<T> made;
                            write_rows<T>(dataset, variable, [&](std::size_t first, std::size_t count) {
                              made.resize(count);
                              derived.fill(results_, static_cast<Index>(first) / row, std::span<T>(made));
                              return made.data();
                            });
                          }},
               variable.data);
  }

  Handle create_variable(Variable const& variable) {
    auto const extents = extents_of(variable);
    std::vector<hsize_t> const sizes(extents.begin(), extents.end());
    Handle const space(extents.empty() ? H5Screate(H5S_SCALAR)
                                       : H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(), nullptr));
    bool const text = std::holds_alternative<std::vector<std::string>>(variable.data);
    Handle const properties = creation_properties();
    if (!text && size_of(results_, variable) >= filtered_from_values)
      set_filters(properties, extents, is_worth_compressing(variable) ? Compression::gzip : Compression::none);
    hid_t const type = std::visit(Overloaded{[&](std::vector<std::string> const&) { return text_.get(); },
                                             []<class T>(std::vector<T> const&) { return native_type<T>(); },
                                             []<class T>(DerivedRows<T> const&) { return native_type<T>(); }},
                                  variable.data);
    Handle dataset = create(variable.name, type, space, properties);
    write_values(dataset, variable);
    write_attributes(dataset, variable.attributes, variable.name);
    if (auto const list = coordinates_of(variable); !list.empty())
      write_attribute(dataset, format::coordinates, list, variable.name);
    return dataset;
  }

  static Handle creation_properties() {
    Handle properties(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_attr_creation_order(properties, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    H5Pset_obj_track_times(properties, false);  // the same results give the same bytes
    return properties;
  }

  bool is_worth_compressing(Variable const& variable) const {
    Index const size = size_of(results_, variable);
    if (size < judged_from_values) return true;
    if (auto const* numbers = std::get_if<std::vector<double>>(&variable.data)) return values_repeat(*numbers);
    auto const* derived = std::get_if<DerivedRows<double>>(&variable.data);
    if (derived == nullptr) return true;
    Index const rows = std::min<Index>(4, results_.dimension(variable.dimensions.front()));
    std::vector<double> first(static_cast<std::size_t>(rows * results_.dimension(variable.dimensions.back())));
    derived->fill(results_, 0, std::span<double>(first));
    return values_repeat(first);
  }

  Handle create(std::string const& name, hid_t type, Handle const& space, Handle const& properties) {
    Handle const link(H5Pcreate(H5P_LINK_CREATE));
    H5Pset_char_encoding(link, H5T_CSET_UTF8);
    return Handle(h5::check_write(H5Dcreate2(file_, name.c_str(), type, space, link, properties, H5P_DEFAULT), place(name)));
  }

  std::string shown_;
  ResultSet const& results_;
  MappedImage& image_;
  Handle file_, text_;
  ChunkCodec codec_;
  std::map<std::string, Handle> scales_;
};

}  // namespace

void write_results(std::string const& path, ResultSet const& results) {
  check_consistency(results);
  WholeFile file(path);
  try {
    MappedImage image(file.temporary());
    Writer writer(path, file.temporary(), results, image);
    writer.write();
    image.finish(writer.finish());
  } catch (EnvironmentError const& error) {  // under the name that the user gave
    throw EnvironmentError("cannot write '" + path + "'", error.reason(), error.advice());
  }
  file.publish();
}

}  // namespace confer
