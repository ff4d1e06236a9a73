/// What the parts of the cost model share: units, and the memory that a rank has in use in any case.
#pragma once

#include "confer/model/cost_model.hpp"

namespace confer {

inline constexpr double word = 8;

inline double as_double(Index value) { return static_cast<double>(value); }

/// Bytes of a number in the store.
inline double value_bytes(JobSize const& job) { return job.exact ? 8 : 4; }

/// flop/s of products of stored numbers.
inline double product_rate(JobSize const& job, MachineRates const& rates) {
  return job.exact ? rates.dgemm : rates.sgemm;
}

/// Bytes of a rank beside what stages take: the libraries, and what it knows of every representation.
inline double memory_in_any_case(JobSize const& job, MachineRates const& rates) {
  constexpr double library_memory = 1 << 23;  // buffers of BLAS and MPI
  constexpr double described_bytes = 3500;    // catalogue, factor, keys, lists
  return rates.base_memory + library_memory + described_bytes * as_double(std::ssize(job.representations));
}

/// Bytes that stages may take beside that.
inline double allowed_memory(JobSize const& job, MachineRates const& rates) {
  return job.memory_per_rank > 0 ? job.memory_per_rank - memory_in_any_case(job, rates) : 1e18;
}

}  // namespace confer
