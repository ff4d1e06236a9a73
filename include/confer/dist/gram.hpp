/// Gram matrices of data whose samples lie on several ranks.
#pragma once

#include "confer/comm/communicator.hpp"
#include "confer/linalg/matrix.hpp"

namespace confer {

/// Collective. Sums the lower triangles of p x p matrices over all ranks, in place and to the same bits on every rank.
/// Moves p(p+1)/2 words instead of p^2; the strict upper triangle is left alone.
void reduce_gram(Communicator const& comm, MatrixView<double> lower_gram);

}  // namespace confer
