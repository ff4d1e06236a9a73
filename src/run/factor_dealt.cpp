#include <algorithm>

#include "confer/dist/dealt_factor.hpp"
#include "run/factor_one.hpp"
#include "run/group_work.hpp"
#include "run/shared_file.hpp"

namespace confer {

namespace {

static_assert(dealt_rows == DealtFactor::block_rows, "parts of ranks begin at whole blocks");

/// Transposed and times `scale`: how loadings are stored.
Matrix<double> transposed(MatrixView<double const> values, std::vector<double> const* column_scale, double scale) {
  Matrix<double> result(values.cols, values.rows);
  for (Index j = 0; j < values.cols; ++j) {
    double const factor = scale * (column_scale != nullptr ? (*column_scale)[static_cast<std::size_t>(j)] : 1.0);
    for (Index i = 0; i < values.rows; ++i) result(j, i) = values(i, j) * factor;
  }
  return result;
}

/// Of rows, in the unit of the summary.
std::vector<double> squared_norms(MatrixView<double const> u, std::vector<double> const& values) {
  std::vector<double> norms(static_cast<std::size_t>(u.rows), 0.0);
  double const unit = unit_of(values);
  for (Index j = 0; j < u.cols; ++j) {
    double const value = values[static_cast<std::size_t>(j)] / unit, variance = value * value;
    for (Index i = 0; i < u.rows; ++i) norms[static_cast<std::size_t>(i)] += variance * u(i, j) * u(i, j);
  }
  return norms;
}

/// The bands of rows that a rank has put, one after another, for a correction of their columns.
class BandRevision {
 public:
  BandRevision(FactorPieces& pieces, Index first_row, Index rows) : pieces_(pieces) {
    auto const& shape = pieces.writer().shape();
    first_band_ = first_row / shape.band_rows;
    bands_ = (rows + shape.band_rows - 1) / shape.band_rows;
  }
  Index bands() const { return bands_; }
  MatrixView<double> get(Index round) {
    band_ = round < bands_ ? pieces_.read_band(first_band_ + round) : Matrix<double>(0, pieces_.writer().shape().kept);
    return band_.view();
  }
  void put(Index round) {
    if (round < bands_) pieces_.rewrite_band(first_band_ + round, band_);
  }

 private:
  FactorPieces& pieces_;
  Index first_band_ = 0, bands_ = 0;
  Matrix<double> band_;
};

}  // namespace

std::optional<FactorSummary> factor_dealt(Communicator const& group, FactorTask const& task,
                                          std::function<bool()> const& stop_requested) {
  Representation const& r = task.representation;
  ActivationPart const part = part_of_rank(r, task.method, group);
  bool const tall = part.by == ActivationPart::By::samples;
  ActivationSource activations(task.catalog, r, part);
  GroupWork work(group, stop_requested);
  FactorOptions options = factor_options(task);
  options.stored = [&] { return stored_norm(activations.seen()); };

  DealtSource source;
  source.tall = tall;
  source.rows = r.rows();
  source.features = r.features;
  source.count = tall ? part.count * r.rows_per_sample : part.count;
  source.read = [&](Index begin, MatrixView<double> out) {
    work.check_stop();
    if (tall)
      activations.rows(begin, out);
    else
      activations.features(begin, out);
  };
  source.step = [&] { work.step(); };

  std::optional<FactorPieces> pieces;
  Factor found;
  double sum_squared_norms = 0;
  auto const write_tall = [&](DealtFactor& factor) {
    bool const correct = options.exact || found.levels > 1;
    if (options.basis)
      factor.visit_observations(
          [&](Index, MatrixView<double const> u) { pieces->put_rows(u, squared_norms(u, found.singular_values)); }, correct);
    if (options.basis && correct) {
      BandRevision revision(*pieces, part.begin * r.rows_per_sample, source.count);
      double rounds = static_cast<double>(revision.bands());
      work.max(std::span(&rounds, 1));
      for (int attempt = 0; attempt < (options.exact ? 3 : 1); ++attempt)
        if (!factor.correct(static_cast<Index>(rounds), pieces->writer().shape().band_rows,
                            [&](Index round) { return revision.get(round); }, [&](Index round) { revision.put(round); }))
          break;
    }
    if (options.loadings)
      factor.visit_side(pieces->writer().shape().feature_range, [&](Index range, MatrixView<double const> v) {
        pieces->put_range(range, transposed(v, &found.singular_values, 1 / found.singular_values.front()));
      });
  };
  auto const write_wide = [&](DealtFactor& factor) {
    if (options.basis)
      factor.visit_side(pieces->writer().shape().band_rows, [&](Index band, MatrixView<double const> u) {
        pieces->put_band(band, u, squared_norms(u, found.singular_values));
      });
    if (options.loadings)
      factor.visit_observations(
          [&](Index begin, MatrixView<double const> part_of_loadings) {
            pieces->put_loadings(begin, transposed(part_of_loadings, nullptr, 1), 1 / found.singular_values.front());
          },
          false);
  };

  GroupWork::End const end = work.run([&] {
    DealtFactor factor(group, source, options);
    found = factor.summary();
    if (factor.kept() == 0) return;
    found.given_away = options.basis ? factor.kept() : 0;
    pieces.emplace(open_pieces(work, task, factor.kept(), part));
    if (tall)
      write_tall(factor);
    else
      write_wide(factor);
    sum_squared_norms = pieces->sum_squared_norms();
    work.sum(std::span(&sum_squared_norms, 1));
  });
  if (end == GroupWork::End::stopped) return std::nullopt;
  if (end == GroupWork::End::failed) return failed_summary(work, task, activations.seen());
  FactorSummary summary = summarise(found, sum_squared_norms);
  if (usable(summary.status)) finish_pieces(group, *pieces, summary);
  return summary;
}

}  // namespace confer
