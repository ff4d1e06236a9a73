// A tall matrix over the ranks of a group: Gram matrix and eigenvectors as confer factors it, against ScaLAPACK's pdgesvd.
//
//   mpirun -n 4 build/release/tests/bench/bench_factor_group [rows features] [ours|pdgesvd]
//
// CPU seconds summed over the ranks. With one route named, only that is run, for a count of its bytes:
//   mpirun --mca pml_monitoring_enable 2 --mca pml_monitoring_enable_output 3 --mca pml_monitoring_filename PREFIX ...
#include <fmt/format.h>

#include <cstdlib>
#include <random>
#include <string>

#include "confer/comm/mpi_session.hpp"
#include "confer/dist/scalapack.hpp"
#include "confer/linalg/blas_info.hpp"
#include "confer/linalg/factor.hpp"
#include "confer/model/factor_plan.hpp"
#include "run/group_work.hpp"
#include "timing.hpp"

namespace confer {
namespace {

/// CPU seconds of all ranks together.
template <class Work>
double cpu_of_all(Communicator const& comm, Work const& work) {
  comm.barrier();
  double seconds = bench::seconds_of(work);
  comm.all_sum(std::span(&seconds, 1));
  return seconds;
}

std::vector<double> by_group(Communicator const& comm, Matrix<double> const& own, Index rows) {
  GroupWork work(comm, {});
  RowSource source{own.cols(), rows, own.rows(), {}, {}, {}};
  source.read = [&](Index begin, MatrixView<double> out) {
    for (Index i = 0; i < out.cols; ++i) std::copy_n(own.view().column(begin + i), out.rows, out.column(i));
  };
  source.sum = [&](std::span<double> values) { work.sum(values); };
  source.max = [&](std::span<double> values) { work.max(values); };
  source.same = [&](std::span<double> values) { work.same(values); };
  FactorOptions options;
  options.rule.unit_roundoff = 0x1p-53;
  Factor factor;
  work.run([&] { factor = factor_rows(source, options); });
  return factor.singular_values;
}

int run(Communicator const& comm, Index rows, Index features, std::string const& route) {
  set_blas_threads(1);
  UnitRange const range = part_of(rows, comm.size(), comm.rank());
  Matrix<double> own(features, range.end - range.begin);
  std::mt19937 generator(static_cast<unsigned>(comm.rank() + 1));
  std::normal_distribution<double> normal;
  for (Index i = 0; i < own.size(); ++i) own.data()[i] = normal(generator);

  constexpr int rounds = 3;
  double ours = 1e30, theirs = 1e30;
  std::vector<double> values, expected;
  if (route != "pdgesvd")
    for (int i = 0; i < rounds; ++i) ours = std::min(ours, cpu_of_all(comm, [&] { values = by_group(comm, own, rows); }));
  if (route != "ours")
    for (GridShape const shape : {GridShape{comm.size(), 1}, grid_shape(comm.size())}) {
      ProcessGrid const grid(comm, shape);
      DistMatrix a(grid, rows, features);
      std::mt19937 other(static_cast<unsigned>(comm.rank() + 1));
      std::normal_distribution<double> gaussian;
      a.fill([&](Index, Index) { return gaussian(other); });
      theirs = std::min(theirs, cpu_of_all(comm, [&] { expected = dist_svd(a).s; }));
      if (!route.empty()) break;
    }
  if (comm.is_root()) {
    fmt::print("{} x {} over {} ranks, CPU seconds of all ranks\n", rows, features, comm.size());
    if (route != "pdgesvd") fmt::print("  Gram matrix and eigenvectors  {:8.3f}\n", ours);
    if (route != "ours") fmt::print("  pdgesvd (the better grid)     {:8.3f}\n", theirs);
    if (route.empty()) fmt::print("  ratio                         {:8.1f}\n", theirs / ours);
    if (route != "pdgesvd")
      fmt::print("  planned to send               {:8.0f} kB a rank\n",
                 8e-3 * factor_words({.rows = rows, .features = features}, comm.size(), 1));
  }
  return 0;
}

}  // namespace
}  // namespace confer

int main(int argc, char** argv) {
  confer::MpiSession const session(argc, argv);
  bool const sizes = argc > 2;
  std::string const route = argc == 2 || argc == 4 ? argv[argc - 1] : "";
  return confer::run(confer::Communicator::world(), sizes ? std::atol(argv[1]) : 8192, sizes ? std::atol(argv[2]) : 256,
                     route);
}
