/// Random choices among samples that follow from a text alone: the same on every platform and any number of ranks.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// A stream of random numbers that the text decides.
std::mt19937_64 random_numbers(std::string const& text);

/// The next number of the stream that lies below `bound`.
Index below(std::mt19937_64& random, Index bound);

/// The numbers below `count` in random order.
std::vector<Index> random_order(std::mt19937_64& random, Index count);

/// The block of each sample, drawn at random: `blocks` of them that differ by at most one in size, or one for each
/// sample where these are fewer. The same for all representations with as many samples.
std::vector<Index> jackknife_blocks(Index samples, Index blocks);

/// The rows of the samples of a block, ascending; none where there are fewer blocks, or a single sample.
std::vector<Index> rows_of_block(Index samples, Index rows_per_sample, Index blocks, Index block);

}  // namespace confer
