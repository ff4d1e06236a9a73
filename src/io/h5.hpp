/// The HDF5 C library behind one handle class and a few readers; its errors become one plain sentence.
///
/// hdf5.h stays in .cpp files: ids appear here as the 64-bit integers they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {
class MappedImage;
}

namespace confer::h5 {

using Id = std::int64_t;  ///< hid_t

/// Owner of one HDF5 id of any kind (file, group, dataset, attribute, datatype, dataspace, property list).
class Handle {
 public:
  Handle() = default;
  explicit Handle(Id id) : id_(id) {}
  ~Handle() { close(); }
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      close();
      id_ = std::exchange(other.id_, -1);
    }
    return *this;
  }

  Id get() const { return id_; }
  operator Id() const { return id_; }
  bool valid() const { return id_ >= 0; }

  /// Releases now. False when the library reports an error, such as a full disk while it flushes.
  bool close() noexcept;

 private:
  Id id_ = -1;
};

/// What an operation was about: for messages.
struct Place {
  std::string file;
  std::string object;  ///< "/activations/conv1"; empty: the file itself
};

/// "'a.h5'" or "'/activations/conv1' in 'a.h5'", safe to print.
std::string describe(Place const& place);

/// Why the last HDF5 call failed, and what a user can do about it.
struct Failure {
  std::string reason;
  std::string advice;
};
Failure last_failure();

/// Silences the library's own error printing. Opening and creating files do this; calling it again costs nothing.
void silence();

/// Throws InputError "cannot read <place> (<reason>); <advice>" from the library's error stack.
[[noreturn]] void throw_input(Place const& place);
/// Throws EnvironmentError "cannot write <place> (<reason>); <advice>" from the library's error stack.
[[noreturn]] void throw_output(Place const& place);

/// Returns `result`, or throws InputError when it is negative (the library's mark of failure).
inline Id check(Id result, Place const& place) {
  if (result < 0) throw_input(place);
  return result;
}
/// The same for output: throws EnvironmentError.
inline Id check_write(Id result, Place const& place) {
  if (result < 0) throw_output(place);
  return result;
}

/// Opens for reading, without locks (read-only and network file systems refuse them). Throws InputError.
Handle open_file(std::string const& path);
/// Creates or truncates, with the library version bounds that netCDF-4 readers understand. Throws EnvironmentError.
Handle create_file(std::string const& path);

/// A new file written through `image`, which must outlive it, at `path`, where the image already is.
Handle create_image(std::string const& path, MappedImage& image);
/// Opens an object inside a file. Throws InputError.
Handle open_group(Id parent, std::string const& name, Place const& place);
Handle open_dataset(Id parent, std::string const& name, Place const& place);

/// Whether a link of that name exists directly in `parent`; `name` holds no '/'.
bool has_link(Id parent, std::string const& name);
/// Names of the links in a group, in the library's name order.
std::vector<std::string> link_names(Id group, Place const& place);

/// Extents of a dataset; empty for a scalar. Throws InputError.
std::vector<Index> extents(Id dataset, Place const& place);

/// Attributes. Strings may be of fixed or variable length, scalar or one-element arrays; numbers of any width and
/// byte order (booleans count as 0 and 1). Absent or of another kind: nullopt. Throws InputError when unreadable.
bool has_attribute(Id object, std::string const& name);
std::vector<std::string> attribute_names(Id object, Place const& place);
std::optional<std::string> string_attribute(Id object, std::string const& name, Place const& place);
std::optional<double> number_attribute(Id object, std::string const& name, Place const& place);
/// A whole number; a float counts when it has no fraction.
std::optional<Index> integer_attribute(Id object, std::string const& name, Place const& place);
/// A 1-D list (or a single string); nullopt as above.
std::optional<std::vector<std::string>> string_list_attribute(Id object, std::string const& name, Place const& place);
std::optional<std::vector<double>> number_list_attribute(Id object, std::string const& name, Place const& place);

/// Strings of a whole dataset of fixed or variable length strings, in row-major order. Throws InputError.
std::vector<std::string> read_strings(Id dataset, Place const& place);
/// Numbers of a whole dataset, converted. Throws InputError, also when it is larger than `limit` numbers.
std::vector<double> read_doubles(Id dataset, Place const& place, Index limit);
std::vector<Index> read_integers(Id dataset, Place const& place, Index limit);

}  // namespace confer::h5
