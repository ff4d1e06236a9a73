#include "linalg/margins.hpp"

#include <cstring>
#include <limits>

namespace confer {

namespace {

using Vec __attribute__((vector_size(32))) = double;
using Singles __attribute__((vector_size(16))) = float;
using Mask __attribute__((vector_size(32))) = Index;

// Inlined into one function per instruction set, each compiled for that set.
#define CONFER_LOOP inline __attribute__((always_inline))

// Vectors are passed by reference: by value, the calling convention would differ between instruction sets.
CONFER_LOOP void load(double const* from, Vec& to) { std::memcpy(&to, from, sizeof to); }
CONFER_LOOP void load(float const* from, Vec& to) {
  Singles singles;
  std::memcpy(&singles, from, sizeof singles);
  to = __builtin_convertvector(singles, Vec);
}

/// margin <- prices - scores of four objects.
template <class T>
CONFER_LOOP void margin_of(T const* scores, double const* prices, Vec& margin) {
  Vec score;
  load(scores, score);
  load(prices, margin);
  margin -= score;
}

CONFER_LOOP double smallest_of(Vec const& a, Vec const& b) {
  Vec const least = a < b ? a : b;
  double const left = least[0] < least[1] ? least[0] : least[1];
  double const right = least[2] < least[3] ? least[2] : least[3];
  return left < right ? left : right;
}

template <class T>
CONFER_LOOP void minima(T const* scores, double const* prices, Index n, double* smallest) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (Index begin = 0; begin < n; begin += margin_block, ++smallest) {
    Index const end = begin + margin_block < n ? begin + margin_block : n;
    Vec least0 = Vec{} + infinity, least1 = least0;
    Index j = begin;
    for (; j + 8 <= end; j += 8) {
      Vec a, b;
      margin_of(scores + j, prices + j, a);
      margin_of(scores + j + 4, prices + j + 4, b);
      least0 = a < least0 ? a : least0;
      least1 = b < least1 ? b : least1;
    }
    double least = smallest_of(least0, least1);
    for (; j < end; ++j) {
      double const margin = prices[j] - static_cast<double>(scores[j]);
      least = margin < least ? margin : least;
    }
    *smallest = least;
  }
}

template <class T>
CONFER_LOOP void relax(T const* scores, double const* prices, double offset, Index bidder, Index n, double* distance,
                       Index* previous, double* smallest) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Vec const offsets = Vec{} + offset;
  Mask const bidders = Mask{} + bidder;
  for (Index begin = 0; begin < n; begin += margin_block, ++smallest) {
    Index const end = begin + margin_block < n ? begin + margin_block : n;
    Vec least0 = Vec{} + infinity, least1 = least0;
    Index j = begin;
    auto const four = [&](Index at, Vec & least) __attribute__((always_inline)) {
      Vec margin, old;
      Mask origin;
      margin_of(scores + at, prices + at, margin);
      margin += offsets;
      load(distance + at, old);
      std::memcpy(&origin, previous + at, sizeof origin);
      Mask const nearer = margin < old;
      Vec const now = nearer ? margin : old;
      Mask const from = nearer ? bidders : origin;
      std::memcpy(distance + at, &now, sizeof now);
      std::memcpy(previous + at, &from, sizeof from);
      least = now < least ? now : least;
    };
    for (; j + 8 <= end; j += 8) {
      four(j, least0);
      four(j + 4, least1);
    }
    double least = smallest_of(least0, least1);
    for (; j < end; ++j) {
      double const margin = (prices[j] - static_cast<double>(scores[j])) + offset;
      if (margin < distance[j]) {
        distance[j] = margin;
        previous[j] = bidder;
      }
      least = distance[j] < least ? distance[j] : least;
    }
    *smallest = least;
  }
}

template <class T>
void minima_plain(T const* scores, double const* prices, Index n, double* smallest) {
  minima(scores, prices, n, smallest);
}
template <class T>
void relax_plain(T const* scores, double const* prices, double offset, Index bidder, Index n, double* distance,
                 Index* previous, double* smallest) {
  relax(scores, prices, offset, bidder, n, distance, previous, smallest);
}

#if defined(__x86_64__)
template <class T>
__attribute__((target("avx2"))) void minima_avx2(T const* scores, double const* prices, Index n, double* smallest) {
  minima(scores, prices, n, smallest);
}
template <class T>
__attribute__((target("avx2"))) void relax_avx2(T const* scores, double const* prices, double offset, Index bidder,
                                                Index n, double* distance, Index* previous, double* smallest) {
  relax(scores, prices, offset, bidder, n, distance, previous, smallest);
}
#endif

}  // namespace

template <class T>
MarginLoops<T> margin_loops() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return {minima_avx2<T>, relax_avx2<T>};
#endif
  return {minima_plain<T>, relax_plain<T>};
}

template MarginLoops<float> margin_loops();
template MarginLoops<double> margin_loops();

}  // namespace confer
