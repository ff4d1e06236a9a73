#include "run/chosen_products.hpp"

#include <algorithm>
#include <type_traits>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/short_samples.hpp"

namespace confer {

namespace {

/// The chosen samples in groups of their own, then the groups of the range.
ShortSamples together(ShortSamples const& all, std::span<Index const> chosen, Index begin, Index count,
                      std::vector<std::int16_t>& codes) {
  ShortSamples out = all;
  Index const groups = (std::ssize(chosen) + short_group - 1) / short_group;
  out.samples = groups * short_group + count;
  codes.resize(static_cast<std::size_t>(out.code_count()));
  out.codes = codes.data();
  Index const group_codes = short_group * 2 * all.pairs();
  std::fill_n(codes.begin(), groups * group_codes, std::int16_t{0});
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    std::int16_t const* const from = all.codes + all.place(0, chosen[i]);
    std::int16_t* const to = codes.data() + out.place(0, static_cast<Index>(i));
    for (Index pair = 0; pair < all.pairs(); ++pair)
      std::copy_n(from + pair * short_group * 2, 2, to + pair * short_group * 2);
  }
  Index const range = (count + short_group - 1) / short_group;
  std::copy_n(all.codes + all.place(0, begin), range * group_codes, codes.begin() + groups * group_codes);
  return out;
}

}  // namespace

template <class T>
void ChosenProducts<T>::operator()(MappedRows const& rows, std::span<Index const> chosen, Index begin,
                                   MatrixView<T> g) {
  if constexpr (std::is_same_v<T, float>)
    if (rows.facts().value_bytes == 2) {
      ShortSamples const samples = together(rows.short_samples(), chosen, begin, g.cols, codes_);
      return short_products(samples, 0, samples.samples - g.cols, g);
    }
  MatrixView<T const> const samples = rows.samples<T>();
  if (samples_.rows() != samples.rows || samples_.cols() < g.rows) samples_ = Matrix<T>(samples.rows, g.rows);
  for (Index i = 0; i < g.rows; ++i)
    std::copy_n(samples.column(chosen[static_cast<std::size_t>(i)]), samples.rows, samples_.view().column(i));
  gemm(T{1}, samples_.const_view().block(0, 0, samples.rows, g.rows), Op::transpose,
       samples.block(0, begin, samples.rows, g.cols), Op::none, T{0}, g);
}

template class ChosenProducts<float>;
template class ChosenProducts<double>;

}  // namespace confer
