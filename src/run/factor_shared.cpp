#include "run/factor_one.hpp"
#include "run/group_work.hpp"
#include "run/shared_file.hpp"

namespace confer {

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
  options.stored = [&] { return stored_norm(activations.seen()); };
  FactorOutput output;
  double largest = 0, unit = 1;
  output.begin = [&](Index kept, double scale) {
    largest = scale;
    unit = unit_of({scale});
    pieces.emplace(open_pieces(work, task, kept, part));
  };
  // The basis of a wide matrix is the same on all ranks, and so are the loadings of a tall one: the first puts them.
  output.put_rows = [&](Index, MatrixView<double const> u, std::span<double const> norms) {
    if (tall || leads) pieces->put_rows(u, in_units(norms, unit));
  };
  output.revise_rows = [&](std::function<void(MatrixView<double>)> const& revise) { pieces->revise_rows(revise); };
  output.put_loadings = [&](Index begin, MatrixView<double const> block) {
    if (!tall || leads) pieces->put_loadings(begin, block, 1 / largest);
  };
  options.output = &output;
  auto const sum = [&](std::span<double> values) { work.sum(values); };
  auto const decompose = [&](MatrixView<double const> gram, DirectionDetail detail) {
    return work.decompose(gram, detail);
  };

  double sum_squared_norms = 0;
  GroupWork::End const end = work.run([&] {
    if (tall) {
      RowSource source{part.count * r.rows_per_sample, r.rows(), r.features, {}, sum, {}, decompose};
      source.read = [&](Index begin, MatrixView<double> out) {
        work.check_stop();
        activations.rows(begin, out);
      };
      source.max = [&](std::span<double> values) { work.max(values); };
      factor = factor_rows(source, options);
    } else {
      ColumnSource source{r.rows(), part.count, r.features, {}, sum, decompose};
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
