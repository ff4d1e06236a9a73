/// The table of the kernels compiled in this translation unit. Included by lane_kernels_<isa>.cpp only (see
/// lane_vector.hpp).
#pragma once

#include "linalg/lane_gram.hpp"
#include "linalg/lane_ql.hpp"
#include "linalg/lane_single.hpp"
#include "linalg/lane_tridiagonal.hpp"
#include "linalg/lane_twisted.hpp"

namespace confer {
namespace {

constexpr LaneKernels kernels_of_this_translation(char const* name) {
  return {name,
          lanes,
          group,
          interleave<float>,
          interleave<double>,
          interleave_lower,
          gram,
          tridiagonalise,
          tridiagonalise_single,
          eigenvalues,
          tridiagonal_vectors,
          padded_rows};
}

}  // namespace
}  // namespace confer
