// Spectra of small blocks: the lane kernels against LAPACK (dsyrk + dsyevd 'N'), CPU microseconds per block.
// Run with OPENBLAS_NUM_THREADS=1 and without OPENBLAS_CORETYPE.
#include "confer/linalg/block_spectra.hpp"

#include <cblas.h>

#include <cmath>
#include <cstdio>
#include <random>
#include <vector>

#include "confer/linalg/dense.hpp"
#include "linalg/lane_kernels.hpp"
#include "timing.hpp"

namespace confer {
namespace {

struct Blocks {
  Blocks(Index k, Index count) : storage(static_cast<std::size_t>(k * k * count)) {
    std::mt19937 generator(7);
    std::normal_distribution<double> normal;
    for (auto& value : storage) value = static_cast<float>(normal(generator));
    for (Index m = 0; m < count; ++m) {
      views.push_back({storage.data() + m * k * k, k, k, k});
      values.emplace_back(static_cast<std::size_t>(k));
    }
    for (auto& one : values) targets.push_back(one.data());
  }
  std::vector<float> storage;
  std::vector<BlockView> views;
  std::vector<std::vector<double>> values;
  std::vector<double*> targets;
};

/// The usual way: convert, dsyrk, dsyevd without vectors, roots. Returns the largest difference to `found`.
double by_lapack(Blocks const& blocks) {
  double worst = 0;
  for (std::size_t m = 0; m < blocks.views.size(); ++m) {
    auto const& view = blocks.views[m];
    Matrix<double> a(view.rows, view.cols), product(view.rows, view.rows);
    std::copy_n(view.data, a.size(), a.data());
    syrk_lower(1.0, a.const_view(), Op::none, 0.0, product.view());
    auto const values = eigvalsh(product.view());
    for (std::size_t i = 0; i < values.size(); ++i) {
      double const root = std::sqrt(std::max(values[i], 0.0));
      worst = std::max(worst, std::abs(root * root - blocks.values[m][i] * blocks.values[m][i]) / values[0]);
    }
  }
  return worst;
}

}  // namespace
}  // namespace confer

int main() {
  using namespace confer;
  std::printf("BLAS %s, kernels", openblas_get_corename());
  for (auto const* kernels : available_lane_kernels()) std::printf(" %s", kernels->name);
  std::printf("\n%5s %7s %12s %12s %8s %12s\n", "k", "blocks", "lanes us", "LAPACK us", "ratio", "difference");
  for (Index k : {5, 10, 20, 30, 50, 64, 75, 100, 128, 150, 200, 256, 384, 512}) {
    Index const count = std::max<Index>(16, 16 * (20000000 / (k * k * k) / 16 + 1));
    Blocks blocks(k, count);
    double worst = 0;
    auto const result = bench::paired(
        9, [&] { block_singular_values(blocks.views, blocks.targets); }, [&] { worst = by_lapack(blocks); });
    double const each = 1e6 / static_cast<double>(count);
    std::printf("%5d %7d %12.1f %12.1f %8.2f %12.1e\n", static_cast<int>(k), static_cast<int>(count),
                result.ours * each, result.theirs * each, result.ratio, worst);
  }
}
