#include "run/reserved_lists.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "confer/core/error.hpp"

namespace confer {

namespace {

/// How long the lists must be; longer than they are when they do not tell.
Index needed_length(NeighbourLists const& lists, Index k, std::span<Index const> blocks) {
  Index const count = blocks.empty() ? 0 : *std::max_element(blocks.begin(), blocks.end()) + 1;
  std::vector<Index> of_block(static_cast<std::size_t>(count));
  Index longest = std::min(k, lists.k);
  for (Index i = 0; i < lists.samples; ++i) {
    std::fill(of_block.begin(), of_block.end(), Index{0});
    Index const own = blocks[static_cast<std::size_t>(i)];
    Index most = 0, length = 0;  // of one block among so many
    while (length < lists.samples - 1 && length - most < k) {
      if (length == lists.k) return lists.k + 1;
      auto const near = static_cast<std::size_t>(lists.indices[static_cast<std::size_t>(i * lists.k + length)]);
      ++length;
      if (blocks[near] != own) most = std::max(most, ++of_block[static_cast<std::size_t>(blocks[near])]);
    }
    longest = std::max(longest, length);
  }
  return longest;
}

NeighbourLists cut(NeighbourLists const& lists, Index k) {
  NeighbourLists result{lists.samples, k, {}, {}};
  for (Index i = 0; i < lists.samples; ++i)
    for (Index r = 0; r < k; ++r) {
      result.indices.push_back(lists.indices[static_cast<std::size_t>(i * lists.k + r)]);
      if (!lists.inner_products.empty())
        result.inner_products.push_back(lists.inner_products[static_cast<std::size_t>(i * lists.k + r)]);
    }
  return result;
}

}  // namespace

Index reserved_neighbours(Index k, Index blocks) {
  double const mean = static_cast<double>(k) / static_cast<double>(std::max<Index>(blocks - 1, 1));
  return k + static_cast<Index>(std::ceil(mean + 6 * std::sqrt(mean) + 6));
}

NeighbourLists nearest_with_reserve(MatrixView<double const> samples, Index k, Nearness nearness,
                                    NeighbourDetail detail, std::span<Index const> blocks) {
  Index const count = blocks.empty() ? 0 : *std::max_element(blocks.begin(), blocks.end()) + 1;
  for (Index length = reserved_neighbours(k, count);; length *= 2) {  // twice: samples of a block lie together
    NeighbourLists const lists = nearest_neighbours(samples, length, nearness, detail);
    Index const needed = needed_length(lists, k, blocks);
    if (needed <= lists.k) return cut(lists, needed);
  }
}

NeighbourLists lists_without(MappedRows const& rows, Index k, std::span<Index const> left_out) {
  Index const n = rows.facts().rows, listed = rows.facts().neighbours, further = rows.facts().further;
  std::vector<std::int32_t> place(static_cast<std::size_t>(n));
  auto next = left_out.begin();
  std::int32_t stay = 0;
  for (Index i = 0; i < n; ++i) {
    bool const out = next != left_out.end() && *next == i;
    next += out ? 1 : 0;
    place[static_cast<std::size_t>(i)] = out ? -1 : stay++;
  }
  NeighbourLists lists{stay, std::min<Index>(k, stay - 1), {}, {}};
  auto const total = static_cast<std::size_t>(lists.samples * std::max<Index>(lists.k, 0));
  lists.indices.reserve(total);
  lists.inner_products.reserve(rows.inner_products().empty() ? 0 : total);
  for (Index i = 0; i < n; ++i) {
    if (place[static_cast<std::size_t>(i)] < 0) continue;
    Index found = 0;
    auto const take = [&](std::span<std::int32_t const> indices, std::span<double const> products, Index length) {
      for (Index r = 0; r < length && found < lists.k; ++r) {
        auto const at = static_cast<std::size_t>(i * length + r);
        std::int32_t const near = place[static_cast<std::size_t>(indices[at])];
        if (near < 0) continue;
        lists.indices.push_back(near);
        if (!products.empty()) lists.inner_products.push_back(products[at]);
        ++found;
      }
    };
    take(rows.neighbours(), rows.inner_products(), listed);
    take(rows.further_neighbours(), rows.further_inner_products(), further);
    if (found < lists.k)
      throw EnvironmentError("prepared rows list too few neighbours", "they were changed by another job",
                             "start again with --fresh");
  }
  return lists;
}

}  // namespace confer
