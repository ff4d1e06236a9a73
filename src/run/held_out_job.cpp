#include "run/held_out_job.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "confer/linalg/dense.hpp"
#include "confer/similarity/held_out.hpp"

namespace confer {

namespace {

constexpr Index block = 4;                      ///< a piece pairs so many representations with so many others
constexpr Index rows_at_once = 16384;           ///< of a basis, where it is too long to be held
constexpr Index rows_per_gemm = 4096;           ///< multiplied in single precision before the sum goes on in double
constexpr Index held_bytes = Index{256} << 20;  ///< of bases and folds that are kept for the next pair

struct Piece {
  std::vector<std::pair<Index, Index>> pairs;
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
                std::vector<Measure const*> measures, Index folds)
      : representations_(representations), set_(set), store_(store), measures_(std::move(measures)), folds_(folds) {}

  std::vector<PairScores> compute(Piece const& piece, std::function<void()> const& poll) {
    std::vector<PairScores> results;
    for (auto const& [row, col] : piece.pairs) {
      results.push_back(score(row, col, poll));
      poll();
    }
    return results;
  }

 private:
  struct Member {
    std::vector<HeldOutSide> sides;      ///< of each fold
    std::vector<SortedRows<T>> windows;  ///< the whole basis, or nothing when it is too long
    Index bytes = 0;
    Index used = 0;  ///< when, last
  };

  FactorSummary const& summary(Index member) const { return set_.summaries[static_cast<std::size_t>(member)]; }
  Index windows(Index member) const { return (summary(member).rows + rows_at_once - 1) / rows_at_once; }

  std::vector<Index> const& folds_for(Index member) {
    Index const samples = representations_[static_cast<std::size_t>(member)].samples;
    auto& known = sample_folds_[samples];
    if (known.empty()) known = folds_of_samples(samples, folds_);
    return known;
  }

  SortedRows<T> read(Index member, Index window) {
    Index const begin = window * rows_at_once, count = std::min(rows_at_once, summary(member).rows - begin);
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

  /// The folds of a representation; its rows too where they fit. The one used longest ago gives way.
  Member& member(Index number) {
    auto const [place, fresh] = members_.try_emplace(number);
    Member& entry = place->second;
    entry.used = ++clock_;
    if (!fresh) return entry;
    auto const kept = static_cast<std::size_t>(summary(number).kept);
    std::vector<WeightedMoments> test(static_cast<std::size_t>(folds_), WeightedMoments(static_cast<Index>(kept)));
    Index const basis_bytes = summary(number).rows * static_cast<Index>(kept * sizeof(T));
    bool const holds = basis_bytes <= held_bytes / 4;
    for (Index w = 0; w < windows(number); ++w) {
      SortedRows<T> sorted = read(number, w);
      Matrix<double> rows(sorted.rows.rows(), sorted.rows.cols());
      std::copy_n(sorted.rows.data(), rows.size(), rows.data());
      std::vector<double> const ones(static_cast<std::size_t>(rows.rows()), 1.0);
      for (std::size_t f = 0; f < test.size(); ++f) {
        Index const begin = sorted.begin[f], count = sorted.begin[f + 1] - begin;
        test[f].add(rows.view().block(begin, 0, count, rows.cols()),
                    std::span(ones).first(static_cast<std::size_t>(count)));
      }
      if (holds) entry.windows.push_back(std::move(sorted));
    }
    for (std::size_t f = 0; f < test.size(); ++f) {
      WeightedMoments fit(static_cast<Index>(kept));
      for (std::size_t g = 0; g < test.size(); ++g)
        if (g != f) fit.add(test[g]);
      entry.sides.push_back(held_out_side(fit, test[f], summary(number).singular_values, summary(number).cut));
    }
    entry.bytes = (holds ? basis_bytes : 0) + 3 * folds_ * static_cast<Index>(kept * kept * sizeof(double));
    bytes_ += entry.bytes;
    return entry;
  }

  void make_room(Index row, Index col) {
    while (bytes_ > held_bytes) {
      auto oldest = members_.end();
      for (auto at = members_.begin(); at != members_.end(); ++at)
        if (at->first != row && at->first != col && (oldest == members_.end() || at->second.used < oldest->second.used))
          oldest = at;
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
    Member& x = member(row);
    Member& y = member(col);
    make_room(row, col);
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
  std::map<Index, Member> members_;
  Index bytes_ = 0, clock_ = 0;
};

/// All chosen pairs in blocks, so that the representations of a piece are read once for it.
std::vector<Piece> pieces_of(std::vector<Index> const& groups, std::function<bool(Index, Index)> const& selected) {
  std::vector<Piece> pieces;
  Index const count = std::ssize(groups);
  for (Index top = 0; top < count; top += block)
    for (Index left = 0; left <= top; left += block) {
      Piece piece;
      for (Index row = top; row < std::min(top + block, count); ++row)
        for (Index col = left; col < std::min(left + block, row + 1); ++col)
          if (groups[static_cast<std::size_t>(row)] >= 0 && (row == col || selected(row, col)))
            piece.pairs.emplace_back(row, col);
      if (!piece.pairs.empty()) pieces.push_back(std::move(piece));
    }
  return pieces;
}

template <class T>
void compute_by(PairJob& job, std::shared_ptr<HeldOutEngine<T>> engine,
                std::shared_ptr<std::vector<Piece> const> const& pieces) {
  job.compute = [engine, pieces](Index piece, std::function<void()> const& poll) {
    return engine->compute((*pieces)[static_cast<std::size_t>(piece)], poll);
  };
}

}  // namespace

PairJob held_out_job(JobConfig const& config, std::vector<Representation> const& representations,
                     std::vector<Index> const& groups, FactoredSet const& set, BasisStore const& store,
                     std::vector<Measure const*> const& measures, std::vector<std::size_t> columns,
                     std::function<bool(Index row, Index col)> const& selected) {
  auto const pieces = std::make_shared<std::vector<Piece> const>(pieces_of(groups, selected));
  PairJob job;
  std::string text = "held out 1\nfolds " + std::to_string(config.compare.folds) + "\n";
  for (auto const& key : set.keys) text += key + "\n";
  for (auto const* measure : measures) text += std::string(measure->name) + " ";
  for (auto const& piece : *pieces) {
    job.pairs.push_back(std::ssize(piece.pairs));
    for (auto const& [row, col] : piece.pairs)
      text.append(std::to_string(row)).append(",").append(std::to_string(col)).append(" ");
  }
  job.fingerprint = content_key(text);
  job.columns = std::move(columns);
  if (config.compare.exact)
    compute_by(job,
               std::make_shared<HeldOutEngine<double>>(representations, set, store, measures, config.compare.folds),
               pieces);
  else
    compute_by(job, std::make_shared<HeldOutEngine<float>>(representations, set, store, measures, config.compare.folds),
               pieces);
  return job;
}

}  // namespace confer
