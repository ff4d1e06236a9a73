#include "run/panel_products.hpp"

#include <algorithm>
#include <type_traits>

#include "confer/linalg/dense.hpp"
#include "confer/model/fixed_sum.hpp"

namespace confer {

namespace {

/// Rows that are multiplied in single precision before the product is added up in double precision: an element near 1
/// is then right to 1e-7 for any number of rows. SYRK kernels sum longer runs than GEMM kernels before they round.
constexpr Index rows_per_gemm = 4096;
constexpr Index rows_per_syrk = 1024;

/// Bytes of loadings that are read at once where they are not held.
constexpr Index loadings_at_once = Index{16} << 20;

}  // namespace

template <class T>
Index PanelProducts<T>::columns(Index number) const {
  Index sum = 0;
  for (Index const member : panel(number).members) sum += summary(member).kept;
  return sum;
}

template <class T>
Index PanelProducts<T>::row_columns(Tile const& tile) const {
  return columns(tile.row_panel);
}

template <class T>
Index PanelProducts<T>::col_columns(Tile const& tile) const {
  return columns(tile.col_panel);
}

template <class T>
std::vector<Index> PanelProducts<T>::first_columns(Index number) const {
  std::vector<Index> first;
  Index column = 0;
  for (Index const member : panel(number).members) {
    first.push_back(column);
    column += summary(member).kept;
  }
  return first;
}

template <class T>
void PanelProducts<T>::read_rows(Index number, Index begin, MatrixView<T> out) const {
  Index column = 0;
  for (Index const member : panel(number).members) {
    store_.read_basis(key(member), begin, out.block(0, column, out.rows, summary(member).kept));
    column += summary(member).kept;
  }
}

template <class T>
void PanelProducts<T>::load(Index number, HeldBases<T>& held) {
  if (held.number == number) return;
  Index const rows = panel(number).rows, width = columns(number);
  held.number = -1;
  if (held.memory.size() < rows * width) {
    held.memory = Matrix<T>();  // the old one goes before the new one comes
    held.memory = Matrix<T>(rows, width);
  }
  held.basis = {held.memory.data(), rows, width, std::max<Index>(rows, 1)};
  read_rows(number, 0, held.basis);
  held.number = number;
}

/// sum += left' right, or its lower triangle when `right` is empty.
template <class T>
void PanelProducts<T>::add_product(MatrixView<T const> left, MatrixView<T const> right, Matrix<double>& sum) {
  Index const step = right.cols == 0 ? rows_per_syrk : rows_per_gemm;
  if constexpr (!std::is_same_v<T, double>)
    if (part_.rows() != sum.rows() || part_.cols() != sum.cols()) part_ = Matrix<T>(sum.rows(), sum.cols());
  for (Index begin = 0; begin < left.rows; begin += step) {
    Index const count = std::min(step, left.rows - begin);
    auto const a = left.block(begin, 0, count, left.cols);
    if constexpr (std::is_same_v<T, double>) {
      if (right.cols == 0)
        syrk_lower(1.0, a, Op::transpose, 1.0, sum.view());
      else
        gemm(1.0, a, Op::transpose, right.block(begin, 0, count, right.cols), Op::none, 1.0, sum.view());
    } else {
      if (right.cols == 0)
        syrk_lower(T{1}, a, Op::transpose, T{0}, part_.view());
      else
        gemm(T{1}, a, Op::transpose, right.block(begin, 0, count, right.cols), Op::none, T{0}, part_.view());
      for (Index i = 0; i < sum.size(); ++i) sum.data()[i] += static_cast<double>(part_.data()[i]);
    }
  }
}

/// Adds the product over rows [begin, begin + count), which are read for it.
template <class T>
void PanelProducts<T>::add_rows(Tile const& tile, Index begin, Index count, Matrix<double>& sum) {
  bool const within = tile.row_panel == tile.col_panel;
  Index const most = std::min(count, limits_.rows);
  Matrix<T> left(most, sum.rows()), right(most, within ? 0 : sum.cols());
  for (Index done = 0; done < count; done += most) {
    Index const rows = std::min(most, count - done);
    auto const a = left.view().block(0, 0, rows, left.cols());
    auto const b = right.view().block(0, 0, rows, right.cols());
    read_rows(tile.row_panel, begin + done, a);
    if (!within) read_rows(tile.col_panel, begin + done, b);
    add_product(a, b, sum);
  }
}

template <class T>
void PanelProducts<T>::add_slice(Tile const& tile, Index slice, Matrix<Index>& sum) {
  Index const begin = slice * rows_per_slice;
  Matrix<double> part(sum.rows(), sum.cols());
  add_rows(tile, begin, std::min(rows_per_slice, panel(tile.row_panel).rows - begin), part);
  for (Index i = 0; i < sum.size(); ++i) sum.data()[i] += to_fixed(part.data()[i]);
}

template <class T>
Matrix<double> PanelProducts<T>::product(Tile const& tile, std::function<void()> const& poll) {
  Index const rows = panel(tile.row_panel).rows, slices = row_slices(rows);
  Matrix<double> sum(row_columns(tile), col_columns(tile));
  if (slices > 1) {
    Matrix<Index> fixed(sum.rows(), sum.cols());
    for (Index slice = 0; slice < slices; ++slice) {
      add_slice(tile, slice, fixed);
      poll();
    }
    std::transform(fixed.data(), fixed.data() + fixed.size(), sum.data(), from_fixed);
  } else if (rows > limits_.rows) {
    add_rows(tile, 0, rows, sum);
  } else {
    bool const within = tile.row_panel == tile.col_panel;
    load(tile.row_panel, row_bases_);
    if (!within) load(tile.col_panel, col_bases_);
    poll();
    add_product(row_bases_.basis, within ? MatrixView<T const>() : col_bases_.basis, sum);
  }
  return sum;
}

template <class T>
Matrix<double> PanelProducts<T>::row_norms(Panel const& of, Index begin, Index count) const {
  Matrix<double> norms(count, static_cast<Index>(of.members.size()));
  for (std::size_t slot = 0; slot < of.members.size(); ++slot)
    store_.read_row_norms(key(of.members[slot]), begin, norms.view().column_span(static_cast<Index>(slot)));
  return norms;
}

template <class T>
Matrix<double> PanelProducts<T>::norm_products(Tile const& tile) const {
  Panel const& rows = panel(tile.row_panel);
  Panel const& cols = panel(tile.col_panel);
  Matrix<double> sum(static_cast<Index>(rows.members.size()), static_cast<Index>(cols.members.size()));
  for (Index begin = 0; begin < rows.rows; begin += rows_per_slice) {
    Index const count = std::min(rows_per_slice, rows.rows - begin);
    gemm(1.0, row_norms(rows, begin, count), Op::transpose, row_norms(cols, begin, count), Op::none, 1.0, sum);
  }
  return sum;
}

template <class T>
LoadingsOf<T> PanelProducts<T>::loadings(HeldLoadings<T>& held, Index number, Index slot) {
  auto const& members = panel(number).members;
  double bytes = 0;
  for (Index const member : members)
    bytes += static_cast<double>(summary(member).kept * summary(member).features) * sizeof(T);
  Index const wanted = members[static_cast<std::size_t>(slot)];
  if (bytes > limits_.loadings_bytes) {
    Index const kept = summary(wanted).kept, features = summary(wanted).features;
    Index const blocks = std::max<Index>(1, loadings_at_once / (kept * static_cast<Index>(sizeof(T)) * loadings_block));
    return [this, wanted, kept, features, step = blocks * loadings_block](auto const& visit) {
      Matrix<T> part(kept, std::min(step, features));
      for (Index begin = 0; begin < features; begin += step) {
        auto const block = part.view().block(0, 0, kept, std::min(step, features - begin));
        store_.read_loadings(key(wanted), begin, block);
        visit(block);
      }
    };
  }
  if (held.number != number) {
    held = HeldLoadings<T>();
    held.number = number;
    for (Index const member : members) {
      if constexpr (std::is_same_v<T, double>)
        held.loadings.push_back(store_.read_loadings_exact(key(member)));
      else
        held.loadings.push_back(store_.read_loadings(key(member)));
    }
  }
  auto const& matrix = held.loadings[static_cast<std::size_t>(slot)];
  return [&matrix](auto const& visit) { visit(matrix.const_view()); };
}

template class PanelProducts<float>;
template class PanelProducts<double>;

}  // namespace confer
