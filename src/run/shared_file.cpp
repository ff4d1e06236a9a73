#include "run/shared_file.hpp"

#include <unistd.h>

#include <algorithm>

#include "confer/core/error.hpp"
#include "confer/core/record.hpp"

namespace confer {

namespace {

/// Features of a wide matrix that are read and written at once.
Index feature_step(Representation const& r, FactorMethod const& method) {
  return method.route == FactorRoute::scalapack ? dealt_rows : feature_unit(r.rows());
}

BasisShape shape_of(FactorTask const& task, Index kept) {
  Representation const& r = task.representation;
  bool const tall = r.features <= r.rows();
  Index const rows = task.needs.basis ? r.rows() : 0, features = task.needs.loadings ? r.features : 0;
  Index const band = tall ? band_samples(r.rows_per_sample) * r.rows_per_sample : band_samples(1);
  return {task.config.compare.exact ? 8 : 4, rows, kept, features, band,
          tall ? rows_per_block(kept) : feature_step(r, task.method), task.needs.basis};
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

}  // namespace

ActivationPart part_of_rank(Representation const& r, FactorMethod const& method, Communicator const& group) {
  bool const tall = r.features <= r.rows();
  Index const all = tall ? r.samples : r.features;
  Index const unit = tall ? band_samples(r.rows_per_sample) : feature_step(r, method);
  UnitRange const units = part_of((all + unit - 1) / unit, group.size(), group.rank());
  Index const begin = std::min(units.begin * unit, all), end = std::min(units.end * unit, all);
  return {tall ? ActivationPart::By::samples : ActivationPart::By::features, begin, end - begin, method.window,
          method.chunk_bytes};
}

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

}  // namespace confer
