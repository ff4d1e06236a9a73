#include "confer/dist/gram.hpp"

#include <algorithm>
#include <vector>

namespace confer {

namespace {
// Columns travel in panels of about this many words, which bounds the extra memory.
constexpr Index panel_words = Index{1} << 23;
}  // namespace

void reduce_gram(Communicator const& comm, MatrixView<double> lower_gram) {
  if (comm.size() == 1) return;
  Index const p = lower_gram.cols;
  std::vector<double> packed;
  for (Index begin = 0; begin < p;) {
    packed.clear();
    Index end = begin;
    do {
      packed.insert(packed.end(), lower_gram.column(end) + end, lower_gram.column(end) + p);
      ++end;
    } while (end < p && std::ssize(packed) + p - end <= panel_words);
    comm.all_sum(packed);
    double const* source = packed.data();
    for (Index j = begin; j < end; ++j) {
      std::copy_n(source, p - j, lower_gram.column(j) + j);
      source += p - j;
    }
    begin = end;
  }
}

}  // namespace confer
