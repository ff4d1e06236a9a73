/// CPU seconds and medians for the measurements of this folder.
#pragma once

#include <algorithm>
#include <ctime>
#include <vector>

namespace confer::bench {

/// CPU seconds of this process: on a shared machine steadier than wall time. Run with one BLAS thread.
inline double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

template <class F>
double seconds_of(F const& work) {
  double const begin = cpu_seconds();
  work();
  return cpu_seconds() - begin;
}

inline double median(std::vector<double> values) {
  auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Paired {
  double ours, theirs;  ///< median seconds
  double ratio;         ///< median of theirs / ours, pair by pair
};

/// Runs both in turn, so that a disturbance hits both.
template <class F, class G>
Paired paired(int rounds, F const& ours, G const& theirs) {
  std::vector<double> a, b, ratio;
  for (int round = 0; round < rounds; ++round) {
    a.push_back(seconds_of(ours));
    b.push_back(seconds_of(theirs));
    ratio.push_back(b.back() / a.back());
  }
  return {median(a), median(b), median(ratio)};
}

}  // namespace confer::bench
