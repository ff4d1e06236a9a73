/// Which BLAS answers at run time, with which kernels and threads, and whether the processor could do better.
#pragma once

#include <string>
#include <string_view>

namespace confer {

/// The BLAS and LAPACK the loader chose. Empty texts: not known.
struct BlasInfo {
  std::string library;         ///< file that serves dgemm
  std::string lapack_library;  ///< file that serves the symmetric eigen-solver
  std::string core;            ///< kernel family of OpenBLAS, such as "SkylakeX"; empty for any other BLAS
  std::string config;          ///< OpenBLAS's own description of its build
  int threads = 1;             ///< threads one call may use
  bool parallel = false;       ///< built with threads
};
BlasInfo blas_info();

/// Threads that every later BLAS call of this process may use (at least 1). A serial BLAS ignores it.
/// Throws EnvironmentError when there is no room for OpenBLAS's own memory.
void set_blas_threads(int threads);

/// The widest vector instructions: what a processor has, or what a kernel was written for.
enum class VectorUnit { other, sse, avx, avx2, avx512 };
std::string_view name(VectorUnit unit);

/// Of the processor this runs on; `other` where it is not an x86.
VectorUnit processor_vector_unit();

/// Of an OpenBLAS kernel family, in any case; `other` for a name that is not known.
VectorUnit kernel_vector_unit(std::string_view core);

}  // namespace confer
