// A tall matrix over the ranks of a group: Gram matrix and eigenvectors as confer factors it, or ScaLAPACK's pdgesvd.
// Both start from rows that the ranks hold and end with the singular values on all of them, U dealt out like the rows,
// and V. Run by factor_group.py, which compares the two.
//
//   mpirun -n 4 bench_factor_group ROWS FEATURES ROUNDS ours
//   mpirun -n 4 bench_factor_group ROWS FEATURES ROUNDS GRID_ROWS GRID_COLUMNS BLOCK
//
// Prints medians over the rounds: CPU seconds of all ranks together, waiting included, and wall seconds. With no rounds
// nothing is factored, with one nothing is run beforehand: for a count of bytes.
#include <fmt/format.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <chrono>
#include <cstdlib>
#include <random>

#include "confer/comm/mpi_session.hpp"
#include "confer/dist/scalapack.hpp"
#include "confer/linalg/blas_info.hpp"
#include "confer/linalg/factor.hpp"
#include "confer/model/factor_plan.hpp"
#include "run/group_work.hpp"
#include "timing.hpp"

namespace confer {
namespace {

template <class Work>
void measure(Communicator const& comm, int rounds, Work const& work) {
  if (rounds == 1) work();
  if (rounds < 2) return;
  work();  // the first run also asks the system for memory
  std::vector<double> cpu, wall;
  for (int round = 0; round < rounds; ++round) {
    comm.barrier();
    auto const begin = std::chrono::steady_clock::now();
    std::vector<double> seconds = {bench::seconds_of(work)};
    std::vector<double> all = {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()};
    comm.all_sum(seconds);
    comm.all_max(all);
    cpu.push_back(seconds[0]);
    wall.push_back(all[0]);
  }
  if (comm.is_root()) fmt::print("{:.5f} {:.5f}\n", bench::median(cpu), bench::median(wall));
}

Matrix<double> random_matrix(Communicator const& comm, Index rows, Index cols) {
  std::mt19937 generator(static_cast<unsigned>(comm.rank() + 1));
  std::normal_distribution<double> normal;
  Matrix<double> matrix(rows, cols);
  for (Index i = 0; i < matrix.size(); ++i) matrix.data()[i] = normal(generator);
  return matrix;
}

void by_group(Communicator const& comm, Matrix<double> const& own, Index rows) {
  GroupWork work(comm, {});
  RowSource source{own.cols(), rows, own.rows(), {}, {}, {}};
  source.read = [&](Index begin, MatrixView<double> out) {
    for (Index i = 0; i < out.cols; ++i) std::copy_n(own.view().column(begin + i), out.rows, out.column(i));
  };
  source.sum = [&](std::span<double> values) { work.sum(values); };
  source.max = [&](std::span<double> values) { work.max(values); };
  source.decompose = [&](MatrixView<double const> gram, DirectionDetail detail) {
    return work.decompose(gram, detail);
  };
  FactorOptions options;
  options.rule.unit_roundoff = 0x1p-53;
  work.run([&] { factor_rows(source, options); });
}

int run(Communicator const& comm, std::vector<Index> const& sizes, std::vector<Index> const& grid_and_block) {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // as the program does
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
  set_blas_threads(1);
  Index const rows = sizes[0], features = sizes[1];
  auto const rounds = static_cast<int>(sizes[2]);
  if (grid_and_block.empty()) {
    UnitRange const range = part_of(rows, comm.size(), comm.rank());
    Matrix<double> const own = random_matrix(comm, features, range.end - range.begin);
    measure(comm, rounds, [&] { by_group(comm, own, rows); });
    return 0;
  }
  ProcessGrid const grid(comm, {static_cast<int>(grid_and_block[0]), static_cast<int>(grid_and_block[1])});
  DistMatrix a(grid, rows, features, grid_and_block[2]);
  Matrix<double> const own = random_matrix(comm, a.local().rows, a.local().cols);
  measure(comm, rounds, [&] {
    std::copy_n(own.data(), own.size(), a.local().data);  // pdgesvd destroys it
    dist_svd(a);
  });
  return 0;
}

}  // namespace
}  // namespace confer

int main(int argc, char** argv) {
  confer::MpiSession const session(argc, argv);
  std::vector<confer::Index> numbers;
  for (int i = 1; i < argc; ++i)
    if (std::atol(argv[i]) > 0 || i == 3) numbers.push_back(std::atol(argv[i]));
  if (numbers.size() != 3 && numbers.size() != 6) return 2;
  return confer::run(confer::Communicator::world(), {numbers.begin(), numbers.begin() + 3},
                     {numbers.begin() + 3, numbers.end()});
}
