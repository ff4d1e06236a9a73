#include "run/random_samples.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "confer/io/content_hash.hpp"

namespace confer {

std::mt19937_64 random_numbers(std::string const& text) {
  return std::mt19937_64(std::stoull(content_key(text).substr(0, 16), nullptr, 16));
}

Index below(std::mt19937_64& random, Index bound) {
  return static_cast<Index>(((random() >> 32) * static_cast<std::uint64_t>(bound)) >> 32);
}

std::vector<Index> random_order(std::mt19937_64& random, Index count) {
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = count - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(below(random, i + 1))]);
  return order;
}

std::vector<Index> jackknife_blocks(Index samples, Index blocks) {
  // Dealt out from a shuffled pack: neighbours in stored order, often of one class, do not share a block.
  std::mt19937_64 random = random_numbers("jackknife " + std::to_string(blocks) + "\n" + std::to_string(samples));
  std::vector<Index> block(static_cast<std::size_t>(samples));
  std::vector<Index> const order = random_order(random, samples);
  for (std::size_t i = 0; i < order.size(); ++i)
    block[static_cast<std::size_t>(order[i])] = static_cast<Index>(i) % blocks;
  return block;
}

std::vector<Index> rows_of_block(Index samples, Index rows_per_sample, Index blocks, Index block) {
  std::vector<Index> rows;
  if (samples < 2) return rows;
  std::vector<Index> const block_of = jackknife_blocks(samples, blocks);
  for (Index sample = 0; sample < samples; ++sample)
    for (Index r = 0; r < rows_per_sample && block_of[static_cast<std::size_t>(sample)] == block; ++r)
      rows.push_back(sample * rows_per_sample + r);
  return rows;
}

}  // namespace confer
