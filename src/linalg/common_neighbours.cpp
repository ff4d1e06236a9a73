#include <cstring>

#include "confer/linalg/neighbours.hpp"
#include "linalg/vector_clones.hpp"

namespace confer {

namespace {

/// Longer lists are marked and looked up.
constexpr Index most_compared = 64;

constexpr Index lanes = 8, together = 2 * lanes;
using Integers = std::int32_t __attribute__((vector_size(lanes * sizeof(std::int32_t))));

/// Every element of one list against every element of the other. `a` may be read `together` - 1 elements too far.
CONFER_VECTOR_CLONES void compare_lists(std::int32_t const* a, std::int32_t const* b, Index lists, Index k,
                                        Index* common) {
  Integers const lane = {0, 1, 2, 3, 4, 5, 6, 7};
  for (Index i = 0; i < lists; ++i) {
    Integers total{};
    for (Index begin = 0; begin < k; begin += together) {
      Integers first, second, in_first{}, in_second{};
      std::memcpy(&first, a + i * k + begin, sizeof first);
      std::memcpy(&second, a + i * k + begin + lanes, sizeof second);
      for (Index r = 0; r < k; ++r) {  // none is there twice
        Integers const other = Integers{} + b[i * k + r];
        in_first |= first == other;
        in_second |= second == other;
      }
      auto const rest = static_cast<std::int32_t>(k - begin);
      total += (in_first & (lane < rest)) + (in_second & (lane + static_cast<std::int32_t>(lanes) < rest));
    }
    std::int32_t sum = 0;
    for (int at = 0; at < lanes; ++at) sum -= total[at];
    common[i] = sum;
  }
}

/// The same of every sample's number and its neighbours' lists.
CONFER_VECTOR_CLONES Index find_in_lists(std::int32_t const* lists, Index samples, Index k) {
  Integers const lane = {0, 1, 2, 3, 4, 5, 6, 7};
  Index all = 0;
  for (Index i = 0; i < samples; ++i) {
    Integers const own = Integers{} + static_cast<std::int32_t>(i);
    Integers found{};
    for (Index r = 0; r < k; ++r) {
      std::int32_t const* const list = lists + lists[i * k + r] * k;
      for (Index begin = 0; begin < k; begin += lanes) {
        Integers part;
        std::memcpy(&part, list + begin, sizeof part);
        found -= (part == own) & (lane < static_cast<std::int32_t>(k - begin));
      }
    }
    for (int at = 0; at < lanes; ++at) all += found[at];
  }
  return all;
}

void look_up(std::span<std::int32_t const> a, std::span<std::int32_t const> b, Index k, std::vector<Index>& common) {
  std::vector<std::int32_t> seen(common.size(), -1);  // in which list a number was last
  for (std::size_t i = 0; i < common.size(); ++i) {
    auto const begin = i * static_cast<std::size_t>(k);
    for (std::size_t r = begin; r < begin + static_cast<std::size_t>(k); ++r)
      seen[static_cast<std::size_t>(a[r])] = static_cast<std::int32_t>(i);
    for (std::size_t r = begin; r < begin + static_cast<std::size_t>(k); ++r)
      common[i] += seen[static_cast<std::size_t>(b[r])] == static_cast<std::int32_t>(i) ? 1 : 0;
  }
}

}  // namespace

Index mutual_neighbours(std::span<std::int32_t const> lists, Index samples, Index k) {
  std::vector<std::int32_t> padded(lists.begin(), lists.end());
  padded.resize(padded.size() + static_cast<std::size_t>(lanes), -1);
  return find_in_lists(padded.data(), samples, k);
}

std::vector<Index> common_neighbours(std::span<std::int32_t const> a, std::span<std::int32_t const> b, Index samples,
                                     Index k) {
  std::vector<Index> common(static_cast<std::size_t>(samples), 0);
  if (k > most_compared) {
    look_up(a, b, k, common);
    return common;
  }
  // The last lists get room behind them.
  Index const last = k > 0 ? std::min(samples, together / k + 1) : 0, first = samples - last;
  compare_lists(a.data(), b.data(), first, k, common.data());
  std::vector<std::int32_t> end(a.begin() + first * k, a.end());
  end.resize(end.size() + static_cast<std::size_t>(together), -1);
  compare_lists(end.data(), b.data() + first * k, last, k, common.data() + first);
  return common;
}

}  // namespace confer
