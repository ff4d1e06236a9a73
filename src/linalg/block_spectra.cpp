#include "confer/linalg/block_spectra.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "linalg/spectra_workspace.hpp"

namespace confer {

namespace {

using Layout = SpectraWorkspace::Layout;

/// Beyond it, interleaved matrices leave the caches and one at a time is faster.
constexpr Index largest_block = 160;

LaneKernels const& best_kernels() { return *available_lane_kernels().back(); }

void descending_roots(double* values, Index k) {
  if (std::isnan(values[0])) return;
  for (Index i = 0; i < k; ++i) values[i] = std::sqrt(std::max(values[i], 0.0));
  std::sort(values, values + k, std::greater<>());
}

/// The block as a k x inner matrix with k <= inner.
template <class T>
LaneSource<T> small_side_first(ScaledBlock<T> const& block) {
  if (block.rows <= block.cols)
    return {block.data, block.rows, block.cols, 1, block.ld, block.row_scale, block.col_scale};
  return {block.data, block.cols, block.rows, block.ld, 1, block.col_scale, block.row_scale};
}

template <class T>
struct Job {
  LaneSource<T> source;
  double* values;
};

/// Jobs of descending k, all of one layout.
template <class T>
void run_jobs(LaneKernels const& kernels, std::span<Job<T> const> jobs, Layout layout) {
  if (jobs.empty()) return;
  SpectraWorkspace space(kernels, jobs.front().source.k, layout);
  auto const lanes = static_cast<std::size_t>(kernels.lanes);
  auto const group = static_cast<std::size_t>(space.group());
  std::vector<LaneSource<T>> batch;
  for (std::size_t begin = 0; begin < jobs.size(); begin += group) {
    std::size_t const count = std::min(group, jobs.size() - begin);
    space.begin_group();
    for (std::size_t at = 0; at < count; ++at) {
      auto const& source = jobs[begin + at].source;
      if (layout == Layout::single) {
        space.reduce_single(source, static_cast<Index>(at));
        continue;
      }
      batch.push_back(source);
      if (batch.size() < lanes && at + 1 < count) continue;
      space.reduce(std::span<LaneSource<T> const>(batch), static_cast<Index>(at / lanes));
      batch.clear();
    }
    space.solve(static_cast<Index>(count));
    for (std::size_t at = 0; at < count; ++at) {
      auto const& job = jobs[begin + at];
      space.copy_values(static_cast<Index>(at), job.source.k, job.values);
      descending_roots(job.values, job.source.k);
    }
  }
}

}  // namespace

std::vector<LaneKernels const*> available_lane_kernels() {
  std::vector<LaneKernels const*> kernels = {lane_kernels_generic()};
#if defined(__x86_64__)
  if (lane_kernels_avx2() != nullptr && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    kernels.push_back(lane_kernels_avx2());
  if (lane_kernels_avx512() != nullptr && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    kernels.push_back(lane_kernels_avx512());
#endif
  return kernels;
}

template <class T>
void block_singular_values_with(LaneKernels const& kernels, std::span<ScaledBlock<T> const> blocks,
                                std::span<double* const> values) {
  std::vector<Job<T>> jobs;
  for (std::size_t m = 0; m < blocks.size(); ++m) {
    auto const source = small_side_first(blocks[m]);
    if (source.k > 0) jobs.push_back({source, values[m]});
  }
  // Neighbours of about the same size waste least.
  std::ranges::stable_sort(jobs, std::greater<>(),
                           [](auto const& job) { return std::pair(job.source.k, job.source.inner); });
  auto const small = std::ranges::find_if(jobs, [](auto const& job) { return job.source.k <= largest_block; });
  run_jobs<T>(kernels, std::span(jobs.begin(), small), Layout::single);
  run_jobs<T>(kernels, std::span(small, jobs.end()), Layout::interleaved);
}

template void block_singular_values_with(LaneKernels const&, std::span<BlockView const>, std::span<double* const>);
template void block_singular_values_with(LaneKernels const&, std::span<ExactBlockView const>, std::span<double* const>);

void symmetric_spectra_with(LaneKernels const& kernels, Index k, Index count, double const* const* matrices, Index ld,
                            double* const* values) {
  if (k == 0 || count == 0) return;
  auto const layout = k <= largest_block ? Layout::interleaved : Layout::single;
  SpectraWorkspace space(kernels, k, layout);
  for (Index begin = 0; begin < count; begin += space.group()) {
    Index const end = std::min(count, begin + space.group());
    space.begin_group();
    if (layout == Layout::single) {
      for (Index m = begin; m < end; ++m) space.reduce_single_symmetric(matrices[m], ld, k, m - begin);
    } else {
      for (Index m = begin; m < end; m += kernels.lanes)
        space.reduce_symmetric({matrices + m, static_cast<std::size_t>(std::min(kernels.lanes, end - m))}, ld, k,
                               (m - begin) / kernels.lanes);
    }
    space.solve(end - begin);
    for (Index m = begin; m < end; ++m) {
      space.copy_values(m - begin, k, values[m]);
      if (!std::isnan(values[m][0])) std::sort(values[m], values[m] + k);
    }
  }
}

void symmetric_spectra(Index k, Index count, double* const* matrices, Index ld, double* const* values) {
  symmetric_spectra_with(best_kernels(), k, count, matrices, ld, values);
}

void block_singular_values(std::span<BlockView const> blocks, std::span<double* const> values) {
  block_singular_values_with(best_kernels(), blocks, values);
}

void block_singular_values(std::span<ExactBlockView const> blocks, std::span<double* const> values) {
  block_singular_values_with(best_kernels(), blocks, values);
}

Index largest_batched_block() { return largest_block; }

}  // namespace confer
