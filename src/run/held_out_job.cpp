#include "run/held_out_job.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <type_traits>

#include "confer/io/content_hash.hpp"
#include "confer/linalg/dense.hpp"
#include "confer/similarity/held_out.hpp"

namespace confer {

namespace {

constexpr Index block = 4;             ///< a piece pairs so many representations with so many others
constexpr Index rows_per_gemm = 4096;  ///< multiplied in single precision before the sum goes on in double

/// Pairs of the representations from `top` on with those from `left` on: read once for all of them.
struct Piece {
  Index top = 0, left = 0;
};

/// Rows of a basis in memory, sorted by the fold that holds them out.
template <class T>
struct SortedRows {
  Matrix<T> rows;
  std::vector<Index> begin;  ///< first row of each fold, and the number of rows
};

template <class T>
class HeldOutEngine {
 public:
  HeldOutEngine(std::vector<Representation> const& representations, FactoredSet const& set, BasisStore const& store,
                std::vector<Measure const*> measures, CompareOptions const& options, double limit_bytes)
      : representations_(representations),
        set_(set),
        store_(store),
        measures_(std::move(measures)),
        folds_(options.folds),
        limit_bytes_(limit_bytes) {}

  std::vector<PairScores> compute(std::vector<std::pair<Index, Index>> const& pairs,
                                  std::function<void()> const& poll) {
    std::vector<PairScores> results;
    for (auto const& [row, col] : pairs) {
      results.push_back(score(row, col, poll));
      poll();
    }
    return results;
  }

 private:
  struct Member {
    std::vector<HeldOutSide> sides;      ///< of each fold
    std::vector<SortedRows<T>> windows;  ///< the whole basis, or nothing when it is too long
    double bytes = 0;
    Index used = 0;  ///< when, last
  };

  FactorSummary const& summary(Index member) const { return set_.summaries[static_cast<std::size_t>(member)]; }
  Index windows(Index member) const { return (summary(member).rows + held_out_rows - 1) / held_out_rows; }

  std::vector<Index> const& folds_for(Index member) {
    Index const samples = representations_[static_cast<std::size_t>(member)].samples;
    auto& known = sample_folds_[samples];
    if (known.empty()) known = folds_of_samples(samples, folds_);
    return known;
  }

  SortedRows<T> read(Index member, Index window) {
    Index const begin = window * held_out_rows, count = std::min(held_out_rows, summary(member).rows - begin);
    Index const per_sample = representations_[static_cast<std::size_t>(member)].rows_per_sample;
    Matrix<T> stored(count, summary(member).kept);
    store_.read_basis(set_.keys[static_cast<std::size_t>(member)], begin, stored.view());
    auto const& fold = folds_for(member);
    SortedRows<T> sorted{Matrix<T>(count, stored.cols()), {0}};
    std::vector<Index> order;
    for (Index f = 0; f < folds_; ++f) {
      for (Index i = 0; i < count; ++i)
        if (fold[static_cast<std::size_t>((begin + i) / per_sample)] == f) order.push_back(i);
      sorted.begin.push_back(std::ssize(order));
    }
    for (Index j = 0; j < stored.cols(); ++j)
      for (Index i = 0; i < count; ++i) sorted.rows(i, j) = stored(order[static_cast<std::size_t>(i)], j);
    return sorted;
  }

  /// The folds of a representation; its rows too where they fit. The one used longest ago gives way, `partner` never.
  Member& member(Index number, Index partner) {
    if (auto const known = members_.find(number); known != members_.end()) {
      known->second.used = ++clock_;
      return known->second;
    }
    HeldOutMemory const memory =
        held_out_memory_of(summary(number).rows, summary(number).kept, folds_, std::is_same_v<T, double>);
    make_room(memory.kept(limit_bytes_), partner);
    Member& entry = members_[number];
    entry.used = ++clock_;
    entry.bytes = memory.kept(limit_bytes_);
    bytes_ += entry.bytes;
    std::vector<WeightedMoments> test(static_cast<std::size_t>(folds_), WeightedMoments(summary(number).kept));
    for (Index w = 0; w < windows(number); ++w) {
      SortedRows<T> sorted = read(number, w);
      for (std::size_t f = 0; f < test.size(); ++f) {
        auto const part =
            sorted.rows.view().block(sorted.begin[f], 0, sorted.begin[f + 1] - sorted.begin[f], sorted.rows.cols());
        Matrix<double> rows(part.rows, part.cols);
        for (Index j = 0; j < part.cols; ++j) std::copy_n(part.column(j), part.rows, rows.view().column(j));
        test[f].add(rows, std::vector<double>(static_cast<std::size_t>(part.rows), 1.0));
      }
      if (memory.keeps_rows(limit_bytes_)) entry.windows.push_back(std::move(sorted));
    }
    for (std::size_t f = 0; f < test.size(); ++f) {
      WeightedMoments fit(summary(number).kept);
      for (std::size_t g = 0; g < test.size(); ++g)
        if (g != f) fit.add(test[g]);
      entry.sides.push_back(held_out_side(fit, test[f], summary(number).singular_values, summary(number).cut));
    }
    return entry;
  }

  void make_room(double bytes, Index partner) {
    while (bytes_ + bytes > limit_bytes_) {
      auto oldest = members_.end();
      for (auto at = members_.begin(); at != members_.end(); ++at)
        if (at->first != partner && (oldest == members_.end() || at->second.used < oldest->second.used)) oldest = at;
      if (oldest == members_.end()) return;
      bytes_ -= oldest->second.bytes;
      members_.erase(oldest);
    }
  }

  /// Ux'Uy over the rows of each fold.
  std::vector<Matrix<double>> products(Index row, Index col, Member const& x, Member const& y,
                                       std::function<void()> const& poll) {
    std::vector<Matrix<double>> sums;
    for (Index f = 0; f < folds_; ++f) sums.emplace_back(summary(row).kept, summary(col).kept);
    Matrix<T> part(summary(row).kept, summary(col).kept);
    for (Index w = 0; w < windows(row); ++w) {
      SortedRows<T> const left_read = x.windows.empty() ? read(row, w) : SortedRows<T>();
      SortedRows<T> const right_read = y.windows.empty() ? read(col, w) : SortedRows<T>();
      SortedRows<T> const& left = x.windows.empty() ? left_read : x.windows[static_cast<std::size_t>(w)];
      SortedRows<T> const& right = y.windows.empty() ? right_read : y.windows[static_cast<std::size_t>(w)];
      for (std::size_t f = 0; f < sums.size(); ++f)
        for (Index at = left.begin[f]; at < left.begin[f + 1]; at += rows_per_gemm) {
          Index const count = std::min(rows_per_gemm, left.begin[f + 1] - at);
          gemm(T{1}, left.rows.view().block(at, 0, count, left.rows.cols()), Op::transpose,
               right.rows.view().block(at, 0, count, right.rows.cols()), Op::none, T{0}, part.view());
          for (Index i = 0; i < part.size(); ++i) sums[f].data()[i] += static_cast<double>(part.data()[i]);
        }
      poll();
    }
    return sums;
  }

  PairScores score(Index row, Index col, std::function<void()> const& poll) {
    Member& x = member(row, col);
    Member& y = member(col, row);
    std::vector<Matrix<double>> const test = products(row, col, x, y, poll);
    Matrix<double> all(summary(row).kept, summary(col).kept);
    for (auto const& part : test)
      for (Index i = 0; i < all.size(); ++i) all.data()[i] += part.data()[i];
    HeldOutStats forward, backward;
    for (std::size_t f = 0; f < test.size(); ++f) {
      Matrix<double> fit = all;
      for (Index i = 0; i < fit.size(); ++i) fit.data()[i] -= test[f].data()[i];
      forward.folds.push_back(held_out_fold(x.sides[f], y.sides[f], fit, test[f]));
      backward.folds.push_back(forward.folds.back().transposed(y.sides[f]));
      poll();
    }
    PairScores scores;
    scores.row = row;
    scores.col = col;
    for (auto const* measure : measures_) {
      scores.forward.push_back(measure->held_out_score(forward));
      scores.backward.push_back(measure->symmetric || row == col ? scores.forward.back()
                                                                 : measure->held_out_score(backward));
    }
    return scores;
  }

  std::vector<Representation> const& representations_;
  FactoredSet const& set_;
  BasisStore const& store_;
  std::vector<Measure const*> measures_;
  Index folds_;
  std::map<Index, std::vector<Index>> sample_folds_;  // by number of samples
  double limit_bytes_;
  std::map<Index, Member> members_;
  double bytes_ = 0;
  Index clock_ = 0;
};

/// The chosen pairs of pieces. Representations that take part are paired with themselves too.
class Pieces {
 public:
  Pieces(std::vector<Index> groups, std::function<bool(Index, Index)> selected)
      : groups_(std::move(groups)), selected_(std::move(selected)) {
    for (Index top = 0; top < std::ssize(groups_); top += block)
      for (Index left = 0; left <= top; left += block)
        if (Piece const piece{top, left}; !pairs_of(piece).empty()) pieces_.push_back(piece);
  }

  Index count() const { return std::ssize(pieces_); }

  std::vector<std::pair<Index, Index>> pairs(Index piece) const {
    return pairs_of(pieces_[static_cast<std::size_t>(piece)]);
  }

 private:
  std::vector<std::pair<Index, Index>> pairs_of(Piece const& piece) const {
    std::vector<std::pair<Index, Index>> pairs;
    for (Index row = piece.top; row < std::min(piece.top + block, std::ssize(groups_)); ++row)
      for (Index col = piece.left; col < std::min(piece.left + block, row + 1); ++col)
        if (groups_[static_cast<std::size_t>(row)] >= 0 && (row == col || selected_(row, col)))
          pairs.emplace_back(row, col);
    return pairs;
  }

  std::vector<Index> groups_;
  std::function<bool(Index, Index)> selected_;
  std::vector<Piece> pieces_;
};

template <class T>
void compute_by(PairJob& job, std::shared_ptr<HeldOutEngine<T>> engine, std::shared_ptr<Pieces const> const& pieces) {
  job.compute = [engine, pieces](Index piece, std::function<void()> const& poll) {
    return engine->compute(pieces->pairs(piece), poll);
  };
}

}  // namespace

PairJob held_out_job(JobConfig const& config, std::vector<Representation> const& representations,
                     std::vector<Index> const& groups, FactoredSet const& set, BasisStore const& store,
                     std::vector<Measure const*> const& measures, std::vector<std::size_t> columns,
                     std::function<bool(Index row, Index col)> const& selected, PanelLimits const& limits) {
  auto const pieces = std::make_shared<Pieces const>(groups, selected);
  PairJob job;
  ContentHash fingerprint;
  fingerprint.add("held out 2\nfolds " + std::to_string(config.compare.folds) + "\n");
  for (auto const& key : set.keys) fingerprint.add(key + "\n");
  for (auto const* measure : measures) fingerprint.add(std::string(measure->name) + " ");
  for (Index piece = 0; piece < pieces->count(); ++piece) {
    auto const pairs = pieces->pairs(piece);
    job.pairs.push_back(std::ssize(pairs));
    for (auto const& [row, col] : pairs) fingerprint.add(std::to_string(row) + "," + std::to_string(col) + " ");
  }
  job.fingerprint = fingerprint.key();
  job.columns = std::move(columns);
  if (config.compare.exact)
    compute_by(job,
               std::make_shared<HeldOutEngine<double>>(representations, set, store, measures, config.compare,
                                                       limits.held_out_bytes),
               pieces);
  else
    compute_by(job,
               std::make_shared<HeldOutEngine<float>>(representations, set, store, measures, config.compare,
                                                      limits.held_out_bytes),
               pieces);
  return job;
}

}  // namespace confer
