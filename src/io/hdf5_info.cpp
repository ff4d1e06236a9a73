#include "confer/io/hdf5_info.hpp"

#include <hdf5.h>

#include <array>

#include "io/h5.hpp"

namespace confer {

namespace {

struct Known {
  H5Z_filter_t id;
  char const* name;
  bool standard;
};

// Numbers above 32000 are registered with the HDF Group; such filters come as plugins.
constexpr std::array<Known, 10> known_filters = {{{H5Z_FILTER_DEFLATE, "gzip", true},
                                                  {H5Z_FILTER_SHUFFLE, "shuffle", true},
                                                  {H5Z_FILTER_FLETCHER32, "fletcher32", true},
                                                  {H5Z_FILTER_SZIP, "szip", false},
                                                  {32000, "lzf", false},
                                                  {32001, "blosc", false},
                                                  {32026, "blosc2", false},
                                                  {32008, "bitshuffle", false},
                                                  {32004, "lz4", false},
                                                  {32015, "zstd", false}}};

}  // namespace

Hdf5Info hdf5_info() {
  h5::silence();
  Hdf5Info info;
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  info.version = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release);
#ifdef H5_HAVE_PARALLEL
  info.parallel = true;
#endif
  for (auto const& filter : known_filters)
    info.filters.push_back({filter.name, H5Zfilter_avail(filter.id) > 0, filter.standard});
  return info;
}

}  // namespace confer
