#include "confer/linalg/blas_info.hpp"

#include <cblas.h>
#include <dlfcn.h>
#include <lapacke.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "confer/core/error.hpp"

namespace confer {

namespace {

// Looked up by name: the loader may serve a BLAS that is not OpenBLAS and has none of its extras.
template <class Function>
Function* find(char const* symbol) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, symbol));
}

std::string file_of(void* address) {
  Dl_info info{};
  if (address == nullptr || dladdr(address, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code unreadable;  // Debian's libblas.so.3 is a link whose target says which BLAS it is
  auto const target = std::filesystem::canonical(info.dli_fname, unreadable);
  return unreadable ? info.dli_fname : target.string();
}

}  // namespace

BlasInfo blas_info() {
  BlasInfo info;
  // Named here so that the linker keeps both libraries; the eigen-solver behind LAPACKE is the loader's choice.
  info.library = file_of(reinterpret_cast<void*>(&cblas_dgemm));
  void* const solver = dlsym(RTLD_DEFAULT, "dsyevd_");
  info.lapack_library = file_of(solver != nullptr ? solver : reinterpret_cast<void*>(&LAPACKE_dsyevd_work));
  if (auto* core = find<char*()>("openblas_get_corename")) info.core = core();
  if (auto* config = find<char*()>("openblas_get_config")) info.config = config();
  if (auto* threads = find<int()>("openblas_get_num_threads")) info.threads = threads();
  if (auto* parallel = find<int()>("openblas_get_parallel")) info.parallel = parallel() != 0;
  return info;
}

void set_blas_threads(int threads) {
  threads = std::max(threads, 1);
  auto* set = find<void(int)>("openblas_set_num_threads");
  if (set == nullptr) return;
  // OpenBLAS takes so much address space for every thread at its first product, and when it is refused asks for ever.
  constexpr std::size_t of_a_thread = std::size_t{129} << 20;
  void* const room = std::malloc(of_a_thread * static_cast<std::size_t>(threads));
  if (room == nullptr)
    throw EnvironmentError("memory ran out", "BLAS needs 129 MiB of address space for each thread and is refused them",
                           "raise the limit on address space (ulimit -v), or use fewer --threads");
  std::free(room);
  set(threads);
  std::array<double, 64> const values{};
  std::array<double, 64> product{};
  cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, 8, 8, 8, 1.0, values.data(), 8, values.data(), 8, 0.0,
              product.data(), 8);  // takes them while they are there
}

std::string_view name(VectorUnit unit) {
  switch (unit) {
    case VectorUnit::sse:
      return "SSE";
    case VectorUnit::avx:
      return "AVX";
    case VectorUnit::avx2:
      return "AVX2";
    case VectorUnit::avx512:
      return "AVX-512";
    case VectorUnit::other:
      break;
  }
  return "unknown";
}

VectorUnit processor_vector_unit() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return VectorUnit::avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return VectorUnit::avx2;
  return __builtin_cpu_supports("avx") ? VectorUnit::avx : VectorUnit::sse;
#else
  return VectorUnit::other;
#endif
}

VectorUnit kernel_vector_unit(std::string_view core) {
  // Excavator is listed with AVX: its processors have AVX2, its OpenBLAS kernels are Piledriver's.
  static constexpr std::array<std::pair<std::string_view, VectorUnit>, 20> families = {{
      {"skylakex", VectorUnit::avx512}, {"cooperlake", VectorUnit::avx512}, {"sapphirerapids", VectorUnit::avx512},
      {"haswell", VectorUnit::avx2},    {"zen", VectorUnit::avx2},          {"excavator", VectorUnit::avx},
      {"sandybridge", VectorUnit::avx}, {"bulldozer", VectorUnit::avx},     {"piledriver", VectorUnit::avx},
      {"steamroller", VectorUnit::avx}, {"prescott", VectorUnit::sse},      {"core2", VectorUnit::sse},
      {"penryn", VectorUnit::sse},      {"dunnington", VectorUnit::sse},    {"nehalem", VectorUnit::sse},
      {"atom", VectorUnit::sse},        {"opteron", VectorUnit::sse},       {"opteron_sse3", VectorUnit::sse},
      {"barcelona", VectorUnit::sse},   {"bobcat", VectorUnit::sse},
  }};
  std::string lower(core);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  auto const* const found =
      std::find_if(families.begin(), families.end(), [&](auto const& family) { return family.first == lower; });
  return found == families.end() ? VectorUnit::other : found->second;
}

}  // namespace confer
