#include "run/kernel_engine.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <type_traits>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/pair_distances.hpp"
#include "confer/linalg/tile_functions.hpp"

namespace confer {

namespace {

/// Elements that are multiplied in single precision before the product is added up in double precision.
constexpr Index elements_per_product = 4096;

/// A panel's representations in memory.
template <class T>
struct LoadedPanel {
  struct Member {
    std::vector<MappedRows> rows;                   // by place in the forms of the worker
    std::vector<std::vector<T>> norms;              // the same
    std::vector<KernelConstants> constants;         // by choice
  };
  Index number = -1;
  std::vector<Member> members;
};

template <class T>
std::span<T const> part(std::vector<T> const& values, Index begin, Index count) {
  return std::span(values).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
}

/// U-centres the kernel of a batch (all of it, full) and weighs it with 1 / sqrt(m (m - 3)).
template <class T>
void u_centre(MatrixView<T> g) {
  auto const m = static_cast<double>(g.rows);
  std::vector<double> rows(static_cast<std::size_t>(g.rows), 0.0);
  double total = 0;
  for (Index j = 0; j < g.cols; ++j)
    for (Index i = 0; i < g.rows; ++i)
      if (i != j) rows[static_cast<std::size_t>(i)] += static_cast<double>(g(i, j));
  for (double const row : rows) total += row;
  double const weight = 1 / std::sqrt(m * (m - 3));
  for (Index j = 0; j < g.cols; ++j)
    for (Index i = 0; i < g.rows; ++i) {
      double const means = (rows[static_cast<std::size_t>(i)] + rows[static_cast<std::size_t>(j)]) / (m - 2);
      double const centred = static_cast<double>(g(i, j)) - means + total / ((m - 1) * (m - 2));
      g(i, j) = i == j ? T{0} : static_cast<T>(weight * centred);
    }
}

template <class Value>
void append(std::string& text, std::vector<Value> const& values) {
  auto const count = static_cast<Index>(values.size());
  text.append(reinterpret_cast<char const*>(&count), sizeof count);
  if (count > 0) text.append(reinterpret_cast<char const*>(values.data()), values.size() * sizeof(Value));
}

class Cursor {
 public:
  explicit Cursor(std::string const& text) : text_(text) {}
  Index take_index() {
    Index value = 0;
    take(&value, sizeof value);
    return value;
  }
  template <class Value>
  std::vector<Value> take_values() {
    Index const count = take_index();
    if (count < 0 || static_cast<std::size_t>(count) > text_.size() / sizeof(Value)) throw std::runtime_error("bad record");
    std::vector<Value> values(static_cast<std::size_t>(count));
    if (count > 0) take(values.data(), values.size() * sizeof(Value));
    return values;
  }

 private:
  void take(void* to, std::size_t bytes) {
    if (bytes > text_.size() - at_) throw std::runtime_error("bad record");
    std::memcpy(to, text_.data() + at_, bytes);
    at_ += bytes;
  }
  std::string const& text_;
  std::size_t at_ = 0;
};

}  // namespace

void KernelSums::add(KernelSums const& other) {
  if (products.empty()) {
    *this = other;
    return;
  }
  pieces.insert(pieces.end(), other.pieces.begin(), other.pieces.end());
  for (std::size_t c = 0; c < products.size(); ++c) {
    if (products[c].empty()) products[c].resize(other.products[c].size());
    if (row_sums[c].empty()) row_sums[c].resize(other.row_sums[c].size());
    for (std::size_t k = 0; k < other.products[c].size(); ++k) products[c][k].add(other.products[c][k]);
    for (std::size_t k = 0; k < other.row_sums[c].size(); ++k) row_sums[c][k] += other.row_sums[c][k];
  }
}

std::string encode(KernelSums const& sums) {
  std::string text;
  append(text, std::vector<Index>{sums.row_panel, sums.col_panel, static_cast<Index>(sums.products.size())});
  append(text, sums.pieces);
  for (auto const& values : sums.products) append(text, values);
  for (auto const& values : sums.row_sums) append(text, values);
  return text;
}

KernelSums decode_kernel_sums(std::string const& record) {
  Cursor cursor(record);
  auto const head = cursor.take_values<Index>();
  if (head.size() != 3 || head[2] < 0 || head[2] > 16) throw std::runtime_error("bad record");
  KernelSums sums;
  sums.row_panel = head[0];
  sums.col_panel = head[1];
  sums.pieces = cursor.take_values<Index>();
  for (Index c = 0; c < head[2]; ++c) sums.products.push_back(cursor.take_values<FixedSum>());
  for (Index c = 0; c < head[2]; ++c) sums.row_sums.push_back(cursor.take_values<std::int64_t>());
  return sums;
}

KernelConstants kernel_constants(KernelChoice const& choice, RowFacts const& facts, double bandwidth) {
  KernelConstants k;
  double const median = facts.median_distance;
  bool const by_direction = choice.form == RowForm::unit || choice.form == RowForm::correlation;
  k.defined = !(by_direction && facts.zero_rows > 0);
  switch (choice.function) {
    case TileFunction::inner_product:
    case TileFunction::rank:
    case TileFunction::u_centred:
      break;
    case TileFunction::gaussian:
      k.defined = median > 0;
      if (k.defined) {
        k.rate = 1 / (2 * bandwidth * bandwidth * median * median);
        k.shift = std::exp(-1 / (2 * bandwidth * bandwidth));
      }
      k.diagonal = 1;
      break;
    case TileFunction::distance:
      k.shift = median;
      break;
    case TileFunction::squared_distance:
      k.shift = median * median;
      break;
    case TileFunction::complement:
      k.shift = median * median / 2;
      break;
  }
  if (std::isnan(k.shift)) k.shift = 0;
  k.diagonal -= k.shift;
  return k;
}

/// The mean squared norm of centred rows is 1, so that no norm exceeds sqrt(n).
BoundedSum row_sum_scale(KernelChoice const& choice, Index samples) {
  double const n = static_cast<double>(samples);
  switch (choice.function) {
    case TileFunction::squared_distance:
      return BoundedSum(8 * n * n);
    case TileFunction::distance:
      return BoundedSum(4 * n * std::sqrt(n));
    default:
      return BoundedSum(4 * n);
  }
}

template <class T>
struct KernelEngine::Worker {
  RowStore store;
  std::vector<std::string> keys;
  KernelPlan const& plan;
  KernelEngineOptions options;
  std::vector<RowForm> forms;
  LoadedPanel<T> loaded[2];
  Matrix<T> products[2], values[2];  // tile elements x members
  Matrix<T> partial;


  void load(Index number, LoadedPanel<T>& panel) {
    if (panel.number == number) return;
    panel.members.clear();
    for (Index const index : plan.panels[static_cast<std::size_t>(number)].members) {
      typename LoadedPanel<T>::Member member;
      for (RowForm const form : forms) {
        member.rows.push_back(store.map(row_record_name(keys[static_cast<std::size_t>(index)], form)));
        auto const norms = member.rows.back().squared_norms();
        member.norms.emplace_back(norms.begin(), norms.end());
      }
      for (auto const& choice : options.choices)
        member.constants.push_back(
            kernel_constants(choice, member.rows[place(choice.form)].facts(), options.bandwidth));
      panel.members.push_back(std::move(member));
    }
    panel.number = number;
  }

  std::size_t place(RowForm form) const {
    return static_cast<std::size_t>(std::find(forms.begin(), forms.end(), form) - forms.begin());
  }

  static void reserve(Matrix<T>& matrix, Index elements, Index members) {
    if (matrix.rows() < elements || matrix.cols() != members) matrix = Matrix<T>(elements, members);
  }

  static MatrixView<T> tile_view(Matrix<T>& matrix, Index member, KernelTile const& tile) {
    return {matrix.view().column(member), tile.rows, tile.cols, tile.rows};
  }

  void inner_products(LoadedPanel<T> const& panel, std::size_t form, KernelTile const& tile, Matrix<T>& out,
                      std::function<void()> const& poll) {
    reserve(out, tile.rows * tile.cols, static_cast<Index>(panel.members.size()));
    for (std::size_t m = 0; m < panel.members.size(); ++m) {
      auto const x = panel.members[m].rows[form].template samples<T>();
      gemm(T{1}, x.block(0, tile.row_begin, x.rows, tile.rows), Op::transpose,
           x.block(0, tile.col_begin, x.rows, tile.cols), Op::none, T{0}, tile_view(out, static_cast<Index>(m), tile));
      if (m % 16 == 0) poll();
    }
  }

  template <class U>
  void decode_ranks(MappedRows const& rows, KernelTile const& tile, MatrixView<T> out) const {
    RankDecoder<U> const decode(rows.facts().rows);
    U const* codes = rows.ranks<U>();
    for (Index j = 0; j < tile.cols; ++j) {
      Index const col = tile.col_begin + j;
      U const* column = codes + col * (col - 1) / 2 + tile.row_begin;
      Index const count = std::min(tile.rows, std::max<Index>(0, col - tile.row_begin));
      for (Index i = 0; i < count; ++i) out(i, j) = static_cast<T>(decode(column[i]));
      std::fill(out.column(j) + count, out.column(j) + tile.rows, T{0});
    }
  }

  /// Turns inner products into a kernel, in place; on the diagonal only i < j are kept.
  void apply(typename LoadedPanel<T>::Member const& member, std::size_t choice, KernelTile const& tile,
             MatrixView<T> g) const {
    KernelChoice const& chosen = options.choices[choice];
    KernelConstants const& k = member.constants[choice];
    std::size_t const form = place(chosen.form);
    auto const left = part(member.norms[form], tile.row_begin, tile.rows);
    auto const right = part(member.norms[form], tile.col_begin, tile.cols);
    auto const shift = static_cast<T>(k.shift);
    switch (chosen.function) {
      case TileFunction::inner_product:
        break;
      case TileFunction::gaussian:
        gaussian_tile(g, left, right, static_cast<T>(k.rate), shift);
        break;
      case TileFunction::distance:
        distance_tile(g, left, right, shift);
        break;
      case TileFunction::squared_distance:
        squared_distance_tile(g, left, right, shift);
        break;
      case TileFunction::complement:
        complement_tile(g, shift);
        break;
      case TileFunction::rank:
        if (member.rows[form].facts().rank_bytes == 4)
          decode_ranks<std::uint32_t>(member.rows[form], tile, g);
        else
          decode_ranks<std::uint16_t>(member.rows[form], tile, g);
        break;
      case TileFunction::u_centred:
        return u_centre(g);
    }
    if (tile.row_begin == tile.col_begin) keep_strict_upper(g);
  }

  /// sum += left' right, or the lower triangle of left' left when `right` is empty.
  void add_product(MatrixView<T const> left, MatrixView<T const> right, Matrix<double>& sum) {
    for (Index begin = 0; begin < left.rows; begin += elements_per_product) {
      Index const count = std::min(elements_per_product, left.rows - begin);
      auto const a = left.block(begin, 0, count, left.cols);
      if constexpr (std::is_same_v<T, double>) {
        if (right.cols == 0)
          syrk_lower(1.0, a, Op::transpose, 1.0, sum.view());
        else
          gemm(1.0, a, Op::transpose, right.block(begin, 0, count, right.cols), Op::none, 1.0, sum.view());
      } else {
        if (partial.rows() != sum.rows() || partial.cols() != sum.cols()) partial = Matrix<T>(sum.rows(), sum.cols());
        if (right.cols == 0)
          syrk_lower(T{1}, a, Op::transpose, T{0}, partial.view());
        else
          gemm(T{1}, a, Op::transpose, right.block(begin, 0, count, right.cols), Op::none, T{0}, partial.view());
        for (Index k = 0; k < sum.size(); ++k) sum.data()[k] += static_cast<double>(partial.data()[k]);
      }
    }
  }

  void add_row_sums(Matrix<T>& kernels, KernelTile const& tile, Index samples, BoundedSum const& scale,
                    std::vector<std::int64_t>& sums) {
    sums.resize(static_cast<std::size_t>(samples * kernels.cols()));
    std::vector<double> rows, cols;
    for (Index m = 0; m < kernels.cols(); ++m) {
      rows.assign(static_cast<std::size_t>(tile.rows), 0.0);
      cols.assign(static_cast<std::size_t>(tile.cols), 0.0);
      add_tile_sums(MatrixView<T const>(tile_view(kernels, m, tile)), rows, cols);
      std::int64_t* const out = sums.data() + m * samples;
      for (Index i = 0; i < tile.rows; ++i) out[tile.row_begin + i] += scale.bits(rows[static_cast<std::size_t>(i)]);
      for (Index j = 0; j < tile.cols; ++j) out[tile.col_begin + j] += scale.bits(cols[static_cast<std::size_t>(j)]);
    }
  }

  /// One kernel of one tile: values, row sums, products.
  void add_kernel(std::size_t choice, KernelTile const& tile, bool within, bool last_of_form, Index samples,
                  KernelSums& sums, Matrix<double>& total, std::function<void()> const& poll) {
    KernelChoice const& chosen = options.choices[choice];
    Matrix<T>* kernels[2] = {};
    for (int side = 0; side < (within ? 1 : 2); ++side) {
      auto const members = static_cast<Index>(loaded[side].members.size());
      bool const in_place = last_of_form && chosen.function != TileFunction::rank;
      Matrix<T>& out = in_place ? products[side] : values[side];
      reserve(out, tile.rows * tile.cols, members);
      for (Index m = 0; m < members; ++m) {
        auto const g = tile_view(out, m, tile);
        if (!in_place && chosen.function != TileFunction::rank)
          std::copy_n(products[side].view().column(m), tile.rows * tile.cols, g.data);
        apply(loaded[side].members[static_cast<std::size_t>(m)], choice, tile, g);
        if (m % 16 == 0) poll();
      }
      kernels[side] = &out;
    }
    bool const needs_rows =
        chosen.function != TileFunction::inner_product && chosen.function != TileFunction::u_centred;
    if (within && needs_rows)
      add_row_sums(*kernels[0], tile, samples, row_sum_scale(chosen, samples), sums.row_sums[choice]);
    auto const used = [&](Matrix<T> const& m) { return m.view().block(0, 0, tile.rows * tile.cols, m.cols()); };
    add_product(used(*kernels[0]), within ? MatrixView<T const>() : used(*kernels[1]), total);
    poll();
  }

  KernelSums compute(Index number, std::function<void()> const& poll) {
    KernelPiece const& piece = plan.pieces[static_cast<std::size_t>(number)];
    bool const within = piece.row_panel == piece.col_panel;
    load(piece.row_panel, loaded[0]);
    if (!within) load(piece.col_panel, loaded[1]);
    Index const samples = plan.panels[static_cast<std::size_t>(piece.row_panel)].samples;
    auto const row_count = static_cast<Index>(loaded[0].members.size());
    Index const col_count = within ? row_count : static_cast<Index>(loaded[1].members.size());

    KernelSums sums{piece.row_panel, piece.col_panel, {number}, {}, {}};
    sums.products.resize(options.choices.size());
    sums.row_sums.resize(options.choices.size());
    std::vector<Matrix<double>> totals(options.choices.size());
    for (std::size_t f = 0; f < forms.size(); ++f) {
      std::vector<std::size_t> chosen;
      bool multiply = false;
      for (std::size_t c = 0; c < options.choices.size(); ++c) {
        KernelChoice const& choice = options.choices[c];
        if (choice.form != forms[f] || (choice.function == TileFunction::u_centred) != piece.batches) continue;
        multiply = multiply || choice.function != TileFunction::rank;
        chosen.push_back(c);
        totals[c] = Matrix<double>(row_count, col_count);
      }
      // Ranks are read from the store, not made of products, and come first: the last kernel may overwrite those.
      std::stable_partition(chosen.begin(), chosen.end(),
                            [&](std::size_t c) { return options.choices[c].function == TileFunction::rank; });
      if (chosen.empty()) continue;
      for (auto const& tile : piece.tiles) {
        for (int side = 0; multiply && side < (within ? 1 : 2); ++side)
          inner_products(loaded[side], f, tile, products[side], poll);
        for (std::size_t c : chosen) add_kernel(c, tile, within, c == chosen.back(), samples, sums, totals[c], poll);
      }
    }
    for (std::size_t c = 0; c < totals.size(); ++c) {
      sums.products[c].resize(static_cast<std::size_t>(totals[c].size()));
      for (Index k = 0; k < totals[c].size(); ++k) sums.products[c][static_cast<std::size_t>(k)].add(totals[c].data()[k]);
    }
    return sums;
  }
};

KernelEngine::KernelEngine(RowStore store, std::vector<std::string> keys, KernelPlan const& plan,
                           KernelEngineOptions options) {
  std::vector<RowForm> const forms = kernel_row_needs(options.choices).forms;
  if (options.exact)
    exact_.reset(new Worker<double>{std::move(store), std::move(keys), plan, std::move(options), forms, {}, {}, {}, {}});
  else
    fast_.reset(new Worker<float>{std::move(store), std::move(keys), plan, std::move(options), forms, {}, {}, {}, {}});
}

KernelEngine::~KernelEngine() = default;

KernelSums KernelEngine::compute(Index piece, std::function<void()> const& poll) {
  return exact_ ? exact_->compute(piece, poll) : fast_->compute(piece, poll);
}

}  // namespace confer
