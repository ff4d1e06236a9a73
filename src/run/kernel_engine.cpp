#include "run/kernel_engine.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <type_traits>

#include "confer/linalg/dense.hpp"
#include "confer/linalg/tile_functions.hpp"
#include "run/kernel_tiles.hpp"

namespace confer {

namespace {

/// Elements that are multiplied in single precision before the product is added up in double precision.
constexpr Index elements_per_product = 4096;
constexpr Index columns_per_stripe = 32;

/// A panel's representations in memory.
template <class T>
struct LoadedPanel {
  struct Member {
    std::vector<TileRows<T>> rows;           // by place in the forms of the worker
    std::vector<KernelConstants> constants;  // by choice
  };
  Index number = -1;
  std::vector<Member> members;
};

}  // namespace

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
  TileMaker<T> maker;

  /// One piece under way.
  struct Task {
    bool within;  ///< one panel
    Index samples;
    std::vector<Index> const& left_out;
    KernelSums sums;
    std::vector<Matrix<double>> totals;  ///< by choice
    std::function<void()> const& poll;
    int sides() const { return within ? 1 : 2; }
  };

  void load(Index number, LoadedPanel<T>& panel) {
    if (panel.number == number) return;
    panel.members.clear();
    for (Index const index : plan.panels[static_cast<std::size_t>(number)].members) {
      typename LoadedPanel<T>::Member member;
      for (RowForm const form : forms)
        member.rows.emplace_back(store.map(row_record_name(keys[static_cast<std::size_t>(index)], form)));
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

  /// Where samples are left out, what they add to the others.
  void add_row_sums(Task const& task, MatrixView<T const> kernel, KernelTile const& tile, BoundedSum const& scale,
                    std::int64_t* out) {
    std::vector<double> rows(static_cast<std::size_t>(tile.rows), 0.0), cols(static_cast<std::size_t>(tile.cols), 0.0);
    add_tile_sums(kernel, rows, cols);
    for (Index i = 0; i < (task.left_out.empty() ? tile.rows : 0); ++i)
      out[tile.row_begin + i] += scale.bits(rows[static_cast<std::size_t>(i)]);
    for (Index j = 0; j < tile.cols; ++j) out[tile.col_begin + j] += scale.bits(cols[static_cast<std::size_t>(j)]);
  }

  /// Turns the inner products of one member into its kernel and adds up the rows.
  void make_kernel(Task& task, int side, Index m, std::size_t choice, KernelTile const& tile, MatrixView<T> g) {
    KernelChoice const& chosen = options.choices[choice];
    auto const& member = loaded[side].members[static_cast<std::size_t>(m)];
    maker.make_kernel(chosen, member.constants[choice], member.rows[place(chosen.form)], tile, task.left_out, g);
    bool const needs_rows =
        chosen.function != TileFunction::inner_product && chosen.function != TileFunction::u_centred;
    if (!task.within || !needs_rows) return;
    auto& sums = task.sums.row_sums[choice];
    sums.resize(static_cast<std::size_t>(task.samples) * loaded[side].members.size());
    add_row_sums(task, g, tile, row_sum_scale(chosen, task.samples), sums.data() + m * task.samples);
  }

  /// Inner products of all members of a panel, or, while these are in the cache, the only kernel made of them.
  void inner_products(Task& task, int side, std::size_t form, std::size_t const* only, bool batches,
                      KernelTile const& tile) {
    auto& members = loaded[side].members;
    reserve(products[side], tile.rows * tile.cols, static_cast<Index>(members.size()));
    bool const whole = !task.left_out.empty() || tile.row_begin == tile.col_begin;
    for (Index m = 0; m < std::ssize(members); ++m) {
      TileRows<T> const& rows = members[static_cast<std::size_t>(m)].rows[form];
      auto const g = tile_view(products[side], m, tile);
      if (m % 16 == 0) task.poll();
      // Products of short samples are as fast in stripes, which stay in the first cache until they are a kernel.
      bool const stripes = only != nullptr && rows.facts().value_bytes == 2 && !whole;
      Index const width = stripes ? columns_per_stripe : tile.cols;
      for (Index col = 0; col < tile.cols; col += width) {
        KernelTile const part = {tile.row_begin, tile.rows, tile.col_begin + col, std::min(width, tile.cols - col)};
        auto const g_part = g.block(0, col, part.rows, part.cols);
        maker.products(rows, part, task.left_out, batches ? ProductPart::all : ProductPart::lower, g_part);
        if (only != nullptr) make_kernel(task, side, m, *only, part, g_part);
      }
    }
  }

  /// A kernel in a place of its own: ranks, or made of products that another kernel needs, too.
  void separate_kernel(Task& task, int side, std::size_t choice, KernelTile const& tile) {
    auto const members = std::ssize(loaded[side].members);
    reserve(values[side], tile.rows * tile.cols, members);
    for (Index m = 0; m < members; ++m) {
      auto const g = tile_view(values[side], m, tile);
      if (options.choices[choice].function != TileFunction::rank)
        std::copy_n(products[side].view().column(m), tile.rows * tile.cols, g.data);
      make_kernel(task, side, m, choice, tile, g);
      if (m % 16 == 0) task.poll();
    }
  }

  void add_products(Task& task, std::size_t choice, KernelTile const& tile, Matrix<T> const (&kernels)[2]) {
    auto const used = [&](Matrix<T> const& m) { return m.view().block(0, 0, tile.rows * tile.cols, m.cols()); };
    add_product(used(kernels[0]), task.within ? MatrixView<T const>() : used(kernels[1]), task.totals[choice]);
    task.poll();
  }

  /// All kernels of one form of rows.
  void add_form(Task& task, KernelPiece const& piece, std::size_t form) {
    std::vector<std::size_t> ranks, made;
    for (std::size_t c = 0; c < options.choices.size(); ++c) {
      KernelChoice const& choice = options.choices[c];
      if (choice.form != forms[form] || (choice.function == TileFunction::u_centred) != piece.batches) continue;
      (choice.function == TileFunction::rank ? ranks : made).push_back(c);
      task.totals[c] = Matrix<double>(std::ssize(loaded[0].members), std::ssize(loaded[task.within ? 0 : 1].members));
    }
    for (auto const& tile : piece.tiles) {
      for (std::size_t const c : ranks) {
        for (int side = 0; side < task.sides(); ++side) separate_kernel(task, side, c, tile);
        add_products(task, c, tile, values);
      }
      if (made.empty()) continue;
      std::size_t const* const only = made.size() == 1 ? made.data() : nullptr;
      for (int side = 0; side < task.sides(); ++side) inner_products(task, side, form, only, piece.batches, tile);
      for (std::size_t const c : made) {
        bool const in_place = c == made.back();
        for (int side = 0; only == nullptr && side < task.sides(); ++side) {
          if (!in_place) {
            separate_kernel(task, side, c, tile);
            continue;
          }
          for (Index m = 0; m < products[side].cols(); ++m)
            make_kernel(task, side, m, c, tile, tile_view(products[side], m, tile));
        }
        add_products(task, c, tile, in_place ? products : values);
      }
    }
  }

  KernelSums compute(Index number, std::function<void()> const& poll) {
    KernelPiece const& piece = plan.pieces[static_cast<std::size_t>(number)];
    bool const within = piece.row_panel == piece.col_panel;
    load(piece.row_panel, loaded[0]);
    if (!within) load(piece.col_panel, loaded[1]);
    std::size_t const count = options.choices.size();
    KernelPanel const& panel = plan.panels[static_cast<std::size_t>(piece.row_panel)];
    Task task{within,
              panel.samples,
              panel.left_out,
              {piece.row_panel, piece.col_panel, {number}, {}, {}},
              std::vector<Matrix<double>>(count),
              poll};
    task.sums.products.resize(count);
    task.sums.row_sums.resize(count);
    for (std::size_t form = 0; form < forms.size(); ++form) add_form(task, piece, form);
    for (std::size_t c = 0; c < count; ++c) {
      auto& out = task.sums.products[c];
      out.resize(static_cast<std::size_t>(task.totals[c].size()));
      for (std::size_t k = 0; k < out.size(); ++k) out[k].add(task.totals[c].data()[k]);
    }
    return std::move(task.sums);
  }
};

KernelEngine::KernelEngine(RowStore store, std::vector<std::string> keys, KernelPlan const& plan,
                           KernelEngineOptions options) {
  std::vector<RowForm> const forms = kernel_row_needs(options.choices).forms;
  if (options.exact)
    exact_.reset(
        new Worker<double>{std::move(store), std::move(keys), plan, std::move(options), forms, {}, {}, {}, {}, {}});
  else
    fast_.reset(
        new Worker<float>{std::move(store), std::move(keys), plan, std::move(options), forms, {}, {}, {}, {}, {}});
}

KernelEngine::~KernelEngine() = default;

KernelSums KernelEngine::compute(Index piece, std::function<void()> const& poll) {
  return exact_ ? exact_->compute(piece, poll) : fast_->compute(piece, poll);
}

}  // namespace confer
