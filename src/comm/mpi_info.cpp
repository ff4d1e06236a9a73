#include "confer/comm/mpi_info.hpp"

#include <mpi.h>

#include <array>

#include "comm/handle.hpp"

namespace confer {

namespace {

// What the job really uses, wherever it was set: command line, environment, a file, or mpirun on its own.
std::optional<bool> control_variable(char const* name) {
  int provided = 0;
  if (MPI_T_init_thread(MPI_THREAD_SINGLE, &provided) != MPI_SUCCESS) return std::nullopt;
  std::optional<bool> value;
  int index = 0, count = 0;
  MPI_T_cvar_handle handle;
  if (MPI_T_cvar_get_index(name, &index) == MPI_SUCCESS &&
      MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) == MPI_SUCCESS) {
    std::array<int, 16> raw{};  // room for any type of one element
    if (count == 1 && MPI_T_cvar_read(handle, raw.data()) == MPI_SUCCESS) value = raw[0] != 0;
    MPI_T_cvar_handle_free(&handle);
  }
  MPI_T_finalize();
  return value;
}

}  // namespace

MpiInfo mpi_info() {
  MpiInfo info;
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0, version = 0, subversion = 0, level = 0;
  check_mpi(MPI_Get_library_version(text.data(), &length), "MPI_Get_library_version");
  check_mpi(MPI_Get_version(&version, &subversion), "MPI_Get_version");
  check_mpi(MPI_Query_thread(&level), "MPI_Query_thread");
  info.library.assign(text.data(), static_cast<std::size_t>(length));
  info.library = info.library.substr(0, info.library.find_first_of("\n,"));
  info.standard = std::to_string(version) + "." + std::to_string(subversion);
  info.thread_level = level == MPI_THREAD_SINGLE       ? "MPI_THREAD_SINGLE"
                      : level == MPI_THREAD_FUNNELED   ? "MPI_THREAD_FUNNELED"
                      : level == MPI_THREAD_SERIALIZED ? "MPI_THREAD_SERIALIZED"
                                                       : "MPI_THREAD_MULTIPLE";
  info.threads_allowed = level >= MPI_THREAD_FUNNELED;
  info.yields_when_idle = control_variable("mpi_yield_when_idle");
  return info;
}

}  // namespace confer
