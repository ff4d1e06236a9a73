#include <unistd.h>

#include <algorithm>

#include "confer/core/error.hpp"
#include "run/factor_one.hpp"
#include "run/factor_output.hpp"
#include "run/group_work.hpp"
#include "run/record.hpp"

namespace confer {

namespace {

/// The samples or features that a rank of the group reads.
ActivationPart part_of_rank(Representation const& r, FactorMethod const& method, Communicator const& group) {
  bool const tall = r.features <= r.rows();
  Index const all = tall ? r.samples : r.features;
  Index const unit = tall ? band_samples(r.rows_per_sample) : feature_unit(r.rows());
  UnitRange const units = part_of((all + unit - 1) / unit, group.size(), group.rank());
  Index const begin = std::min(units.begin * unit, all), end = std::min(units.end * unit, all);
  return {tall ? ActivationPart::By::samples : ActivationPart::By::features, begin, end - begin, method.window,
          method.chunk_bytes};
}

BasisShape shape_of(FactorTask const& task, Index kept) {
  Representation const& r = task.representation;
  bool const tall = r.features <= r.rows();
  Index const rows = task.needs.basis ? r.rows() : 0, features = task.needs.loadings ? r.features : 0;
  Index const band = tall ? band_samples(r.rows_per_sample) * r.rows_per_sample : band_samples(1);
  return {task.config.compare.exact ? 8 : 4, rows, kept, features, band,
          tall ? rows_per_block(kept) : feature_unit(r.rows()), task.needs.basis};
}

/// Opens the file on all ranks of the group, created by the first.
FactorPieces open_pieces(GroupWork& work, FactorTask const& task, Index kept, ActivationPart const& part) {
  Index token = ::getpid();
  work.step();
  work.group().broadcast(std::span(&token, 1), 0);
  std::optional<BasisWriter> writer;
  auto const open = [&](BasisWriter::Role role) {
    writer.emplace(task.store, task.key, "group-" + std::to_string(token), shape_of(task, kept), role);
  };
  if (work.group().is_root()) open(BasisWriter::Role::creates);
  work.step();
  if (!work.group().is_root()) open(BasisWriter::Role::joins);
  bool const tall = part.by == ActivationPart::By::samples;
  return {std::move(*writer), tall ? part.begin * task.representation.rows_per_sample : 0, tall ? 0 : part.begin};
}

/// What a rank has to say of a factor that failed.
struct Report {
  std::string input_error;
  StoredValues seen;
};

template <class Archive, class Any>
void fields(Archive& archive, Any& report) {
  archive(report.input_error);
  archive(report.seen.count);
  archive(report.seen.non_finite);
  archive(report.seen.first_non_finite);
  for (auto& position : report.seen.first_position) archive(position);
}

/// Collective. The status of a representation that could not be factored; errors of other kinds are thrown on all ranks.
FactorSummary failed_summary(GroupWork const& work, FactorTask const& task, StoredValues const& seen) {
  Report own{{}, seen};
  std::exception_ptr other;
  try {
    if (work.failure()) std::rethrow_exception(work.failure());
  } catch (InputError const& error) {
    own.input_error = error.what();
  } catch (NonFiniteValues const&) {
    // Told by what was seen.
  } catch (...) {
    other = std::current_exception();
  }
  agree(work.group(), other);
  RecordWriter writer;
  fields(writer, own);
  StoredValues all;
  std::string error;
  for (auto const& text : work.group().all_gather(writer.take())) {
    Report report;
    RecordReader reader(text);
    fields(reader, report);
    all.merge(report.seen);
    if (error.empty()) error = report.input_error;
  }
  return error.empty() ? nonfinite_summary(task.representation, all) : unreadable_summary(task.representation, error);
}

/// Collective. Ends the file that all ranks have written to.
void finish_pieces(Communicator const& group, FactorPieces& pieces, FactorSummary const& summary) {
  RecordWriter writer;
  for (auto const& [piece, sum] : pieces.writer().checksums()) {
    writer(piece);
    writer(static_cast<Index>(sum));
  }
  auto const all = group.gather(writer.take(), 0);
  together(group, [&] {
    if (!group.is_root()) return;
    std::vector<std::pair<Index, std::uint64_t>> sums;
    for (auto const& text : all) {
      RecordReader reader(text);
      while (!reader.at_end()) {
        Index piece = 0, sum = 0;
        reader(piece);
        reader(sum);
        sums.emplace_back(piece, static_cast<std::uint64_t>(sum));
      }
    }
    pieces.writer().finish(summary, sums);
  });
}

}  // namespace

std::optional<FactorSummary> factor_shared(Communicator const& group, FactorTask const& task,
                                           std::function<bool()> const& stop_requested) {
  Representation const& r = task.representation;
  ActivationPart const part = part_of_rank(r, task.method, group);
  bool const tall = part.by == ActivationPart::By::samples, leads = group.is_root();
  ActivationSource activations(task.catalog, r, part);
  GroupWork work(group, stop_requested);
  std::optional<FactorPieces> pieces;
  Factor factor;

  FactorOptions options = factor_options(task);
  options.stored = [&] {
    StoredValues const& seen = activations.seen();
    if (seen.non_finite > 0) throw NonFiniteValues();
    return StoredNorm{seen.sum_of_squares, static_cast<double>(seen.count)};
  };
  FactorOutput output;
  double largest = 0;
  output.begin = [&](Index kept, double scale) {
    largest = scale;
    pieces.emplace(open_pieces(work, task, kept, part));
  };
  // The basis of a wide matrix is the same on all ranks, and so are the loadings of a tall one: the first puts them.
  output.put_rows = [&](Index, MatrixView<double const> u, std::span<double const> norms) {
    if (tall || leads) pieces->put_rows(u, norms);
  };
  output.revise_rows = [&](std::function<void(MatrixView<double>)> const& revise) { pieces->revise_rows(revise); };
  output.put_loadings = [&](Index begin, MatrixView<double const> block) {
    if (!tall || leads) pieces->put_loadings(begin, block, 1 / largest);
  };
  options.output = &output;
  auto const sum = [&](std::span<double> values) { work.sum(values); };
  auto const same = [&](std::span<double> values) { work.same(values); };

  double sum_squared_norms = 0;
  GroupWork::End const end = work.run([&] {
    if (tall) {
      RowSource source{part.count * r.rows_per_sample, r.rows(), r.features, {}, sum, {}, same};
      source.read = [&](Index begin, MatrixView<double> out) {
        work.check_stop();
        activations.rows(begin, out);
      };
      source.max = [&](std::span<double> values) { work.max(values); };
      factor = factor_rows(source, options);
    } else {
      ColumnSource source{r.rows(), part.count, r.features, {}, sum, same};
      source.read = [&](Index begin, MatrixView<double> out) {
        work.check_stop();
        activations.features(begin, out);
      };
      factor = factor_columns(source, options);
    }
    if (pieces) sum_squared_norms = pieces->sum_squared_norms();
    work.sum(std::span(&sum_squared_norms, 1));
  });
  if (end == GroupWork::End::stopped) return std::nullopt;
  if (end == GroupWork::End::failed) return failed_summary(work, task, activations.seen());
  FactorSummary summary = summarise(factor, sum_squared_norms);
  if (usable(summary.status)) finish_pieces(group, *pieces, summary);
  return summary;
}

}  // namespace confer
