/// How the variance of one representation is spread over directions: functions of its singular values alone.
#pragma once

#include <span>

#include "confer/core/types.hpp"

namespace confer {

/// (sum s^2)^2 / sum s^4: number of equal variances that would concentrate as much. NaN when there are none.
double participation_ratio(std::span<double const> singular_values);

/// exp of the entropy of s / sum s (Roy, Vetterli 2007). NaN when there are none.
double effective_rank(std::span<double const> singular_values);

/// Exponent alpha of variance ~ i^-alpha over the directions i = first..last (from 1, inclusive): least squares on
/// logarithms, each direction weighted by 1/i so that every octave counts alike. last = 0: to the end.
/// NaN with fewer than three directions. Source: Stringer et al. 2019.
double spectrum_exponent(std::span<double const> singular_values, Index first = 1, Index last = 0);

}  // namespace confer
