#include "confer/dist/scalapack.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "dist/scalapack_symbols.hpp"

namespace confer {

namespace {

constexpr int one = 1;  // Fortran's first row and column

std::array<int, 9> descriptor(DistMatrix const& matrix) {
  constexpr int dense = 1;
  int const block = narrow(matrix.rows().block);
  return {dense, matrix.grid().context(),  narrow(matrix.rows().size), narrow(matrix.cols().size), block, block, 0,
          0,     narrow(matrix.local().ld)};
}

// Ranks outside the grid did not compute: they learn the values, and all learn of a failure on any.
void share(Communicator const& comm, std::vector<double>& values, int info, char const* routine) {
  double worst = std::abs(info);
  comm.all_max(std::span(&worst, 1));
  if (worst != 0)
    throw std::runtime_error(std::string("ScaLAPACK ") + routine + " failed with info " +
                             std::to_string(static_cast<int>(worst)));
  comm.broadcast(std::span(values), 0);
}

/// Calls `routine` twice, as ScaLAPACK wants it: for the sizes of its work arrays, then for the result. To the size
/// that it asks for come `extra` doubles.
template <class Routine>
void with_workspace(Index extra, Routine routine) {
  std::vector<double> work(1);
  std::vector<int> iwork(1);
  int const query = -1;
  routine(work.data(), &query, iwork.data(), &query);
  int const lwork = narrow(static_cast<Index>(work[0]) + extra), liwork = iwork[0];
  work.resize(static_cast<std::size_t>(std::max(lwork, 1)));
  iwork.resize(static_cast<std::size_t>(std::max(liwork, 1)));
  routine(work.data(), &lwork, iwork.data(), &liwork);
}

DistMatrix leading_columns(DistMatrix const& matrix, Index count) {
  DistMatrix leading(matrix.grid(), matrix.rows().size, count, matrix.rows().block);
  auto const from = matrix.local();
  auto const to = leading.local();
  for (Index j = 0; j < to.cols; ++j) std::copy_n(from.column(j), to.rows, to.column(j));
  return leading;
}

}  // namespace

DistEigen dist_eigh(DistMatrix& a, Index top) {
  Index const p = a.rows().size;
  top = std::min(top, p);
  auto const& grid = a.grid();
  if (top <= 0) return {{}, DistMatrix(grid, p, 0, a.rows().block)};
  // ScaLAPACK's order is ascending; that of -A is the one wanted, and its first eigenvectors are the leading ones.
  auto const local = a.local();
  for (Index j = 0; j < local.cols; ++j)
    for (double& x : local.column_span(j)) x = -x;

  DistMatrix z(grid, p, p, a.rows().block);
  std::vector<double> values(static_cast<std::size_t>(p));
  int info = 0;
  if (grid.is_member()) {
    auto const desc_a = descriptor(a), desc_z = descriptor(z);
    int const n = narrow(p), last = narrow(std::min(p, std::max(top, a.rows().block)));
    // Both routines of ScaLAPACK 2.2 forget to ask for the workspace of their back-transformation (pdormtr); the
    // eigenvectors are then wrong without an error code. pdsyevd takes what is added; pdsyevr's is a share fixed by the
    // number of eigenvectors, which suffices from one block of them.
    Index const block = a.rows().block;
    Index const back_transformation = (z.local().rows + z.local().cols + 2 * block) * block + 2 * p;
    with_workspace(back_transformation, [&](double* work, int const* lwork, int* iwork, int const* liwork) {
      if (top == p) {
        pdsyevd_("V", "L", &n, a.local().data, &one, &one, desc_a.data(), values.data(), z.local().data, &one, &one,
                 desc_z.data(), work, lwork, iwork, liwork, &info);
      } else {
        double const unused = 0;
        int found = 0, found_vectors = 0;
        pdsyevr_("V", "I", "L", &n, a.local().data, &one, &one, desc_a.data(), &unused, &unused, &one, &last, &found,
                 &found_vectors, values.data(), z.local().data, &one, &one, desc_z.data(), work, lwork, iwork, liwork,
                 &info);
      }
    });
  }
  values.resize(static_cast<std::size_t>(top));
  for (double& value : values) value = -value;
  share(grid.comm(), values, info, top == p ? "pdsyevd" : "pdsyevr");
  if (top == p) return {std::move(values), std::move(z)};
  return {std::move(values), leading_columns(z, top)};
}

DistMatrix dist_product(DistMatrix const& a, DistMatrix const& b) {
  DistMatrix c(a.grid(), a.rows().size, b.cols().size, a.rows().block);
  if (!a.grid().is_member() || c.rows().size == 0 || c.cols().size == 0) return c;
  auto const desc_a = descriptor(a), desc_b = descriptor(b), desc_c = descriptor(c);
  int const m = narrow(c.rows().size), n = narrow(c.cols().size), k = narrow(a.cols().size);
  double const unit = 1, zero = 0;
  pdgemm_("N", "N", &m, &n, &k, &unit, a.local().data, &one, &one, desc_a.data(), b.local().data, &one, &one,
          desc_b.data(), &zero, c.local().data, &one, &one, desc_c.data());
  return c;
}

void dist_add_gram(DistMatrix const& a, DistMatrix& gram) {
  if (!a.grid().is_member() || gram.rows().size == 0) return;
  auto const desc_a = descriptor(a), desc_g = descriptor(gram);
  int const n = narrow(gram.rows().size), k = narrow(a.rows().size);
  double const unit = 1;
  pdsyrk_("L", "T", &n, &k, &unit, a.local().data, &one, &one, desc_a.data(), &unit, gram.local().data, &one, &one,
          desc_g.data());
}

bool dist_cholesky(DistMatrix& a) {
  int info = 0;
  if (a.grid().is_member() && a.rows().size > 0) {
    auto const desc = descriptor(a);
    int const n = narrow(a.rows().size);
    pdpotrf_("L", &n, a.local().data, &one, &one, desc.data(), &info);
  }
  double worst = std::abs(info);
  a.grid().comm().all_max(std::span(&worst, 1));
  return worst == 0;
}

void dist_right_solve(DistMatrix const& l, DistMatrix& b) {
  if (!b.grid().is_member() || b.rows().size == 0 || b.cols().size == 0) return;
  auto const desc_l = descriptor(l), desc_b = descriptor(b);
  int const m = narrow(b.rows().size), n = narrow(b.cols().size);
  double const unit = 1;
  pdtrsm_("R", "L", "T", "N", &m, &n, &unit, l.local().data, &one, &one, desc_l.data(), b.local().data, &one, &one,
          desc_b.data());
}

void dist_copy(DistMatrix const& from, Index from_col, DistMatrix& to, Index to_col, Index cols,
               ProcessGrid const& all) {
  if (from.rows().size == 0 || cols == 0) return;
  auto const desc_from = descriptor(from), desc_to = descriptor(to);
  int const m = narrow(from.rows().size), n = narrow(cols), ja = narrow(from_col + 1), jb = narrow(to_col + 1);
  int const context = all.context();
  pdgemr2d_(&m, &n, from.local().data, &one, &ja, desc_from.data(), to.local().data, &one, &jb, desc_to.data(),
            &context);
}

DistSvd dist_svd(DistMatrix& a) {
  auto const& grid = a.grid();
  Index const m = a.rows().size, n = a.cols().size, k = std::min(m, n), block = a.rows().block;
  DistSvd svd{DistMatrix(grid, m, k, block), std::vector<double>(static_cast<std::size_t>(k)),
              DistMatrix(grid, k, n, block)};
  if (k == 0) return svd;
  int info = 0;
  if (grid.is_member()) {
    auto const desc_a = descriptor(a), desc_u = descriptor(svd.u), desc_vt = descriptor(svd.vt);
    int const rows = narrow(m), cols = narrow(n);
    with_workspace(0, [&](double* work, int const* lwork, int*, int const*) {
      pdgesvd_("V", "V", &rows, &cols, a.local().data, &one, &one, desc_a.data(), svd.s.data(), svd.u.local().data,
               &one, &one, desc_u.data(), svd.vt.local().data, &one, &one, desc_vt.data(), work, lwork, &info);
    });
  }
  share(grid.comm(), svd.s, info, "pdgesvd");
  return svd;
}

}  // namespace confer
