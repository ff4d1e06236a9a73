/// What one stored array says about itself: number type, axes, extents, storage. Nothing of its data is read.
#pragma once

#include <optional>
#include <string>

#include "confer/model/catalog.hpp"
#include "io/h5.hpp"

namespace confer {

/// Why something cannot be used.
struct Problem {
  std::string dataset;  ///< empty: the whole file
  std::string reason;
  std::string advice;
};

/// Opens a dataset by its path in the file. Soft links inside the file are followed; a link that leaves the file is
/// an InputError and the other file is not touched.
h5::Handle open_inside(h5::Id file, h5::Place const& place);

/// The stored number type; nullopt when it is none that activations may have.
std::optional<StoredType> stored_type(h5::Id datatype);

/// Whether the array depends on something outside the file, on a filter this library lacks, or on more data than the
/// file can hold. nullopt: it can be read.
std::optional<Problem> unreadable_storage(h5::Id dataset, h5::Place const& place, Index file_bytes);

/// Header of "/activations/<name>". `steps` is the length of /steps in a trajectory file.
/// Sets `problem` (and leaves the header incomplete) when the layer cannot be used.
struct LayerHeader {
  LayerInfo info;
  std::optional<Problem> problem;
};
LayerHeader read_layer_header(h5::Id file, std::string const& path, std::string const& name, std::optional<Index> steps,
                              Index file_bytes);

}  // namespace confer
