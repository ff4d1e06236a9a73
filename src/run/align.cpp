#include "confer/run/align.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

#include "confer/comm/phase_timer.hpp"
#include "confer/core/error.hpp"
#include "confer/core/record.hpp"
#include "confer/core/text.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/io/results.hpp"
#include "confer/linalg/blas_info.hpp"
#include "confer/model/representation.hpp"
#include "confer/run/load.hpp"
#include "run/align_one.hpp"
#include "run/align_results.hpp"
#include "run/align_targets.hpp"
#include "run/analysis_memory.hpp"
#include "run/environment.hpp"
#include "run/phase_report.hpp"
#include "run/work_list.hpp"

namespace confer {

namespace {

std::string fingerprint(JobConfig const& config, Catalog const& catalog,
                        std::vector<Representation> const& representations) {
  std::string text = "align 2\n" + files_text(catalog);
  for (auto const& r : representations)
    text += r.label + " " + std::to_string(r.sample_begin) + "+" + std::to_string(r.samples) + " " + r.row_meaning +
            " " + std::to_string(r.features) + "\n";
  text += join(config.align.targets, ",") + "\n" + std::to_string(static_cast<int>(config.align.centring())) + " " +
          std::to_string(static_cast<int>(config.align.preprocess)) + " " +
          (config.rank_tolerance ? format_number(*config.rank_tolerance) : "auto");
  return content_key(text);
}

std::vector<double> costs(std::vector<Representation> const& representations) {
  std::vector<double> result;
  for (auto const& r : representations) {
    auto const n = static_cast<double>(r.rows()), p = static_cast<double>(r.features), k = std::min(n, p);
    result.push_back(n * p * k + 10 * k * k * k);
  }
  return result;
}

/// Compressed arrays of one shape and number of bytes are nearly always the same array, like the inputs of networks that
/// were trained on the same data: on one rank they are factored once.
std::vector<std::string> likeness(Catalog const& catalog, std::vector<Representation> const& representations) {
  std::vector<std::string> result;
  for (auto const& r : representations) {
    auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)];
    auto const& layer = checkpoint.layers[static_cast<std::size_t>(r.layer)];
    bool const compressed = layer.storage.find(", ") != std::string::npos;
    result.push_back(!compressed || checkpoint.step_row
                         ? std::string()
                         : std::to_string(layer.stored_bytes) + " " + layer.storage + " " +
                               std::to_string(r.sample_begin) + "+" + std::to_string(r.samples) + " " +
                               std::to_string(r.features) + " " + to_string(layer.type));
  }
  return result;
}

/// Collective. Outputs of all targets together, as many as any of the inputs have.
Index count_outputs(Communicator const& comm, Catalog const& catalog,
                    std::vector<Representation> const& representations, std::vector<std::string> const& targets) {
  Index outputs = 0;
  together(comm, [&] {
    if (!comm.is_root()) return;
    std::map<std::string, Index> of_inputs;
    for (auto const& r : representations) {
      auto const [known, is_new] =
          of_inputs.try_emplace(catalog.checkpoints[static_cast<std::size_t>(r.checkpoint)].inputs_id, 0);
      if (!is_new) continue;
      for (auto const& name : targets) known->second += prepare_target(catalog, r, name).values.cols();
      outputs = std::max(outputs, known->second);
    }
  });
  comm.broadcast(std::span(&outputs, 1), 0);
  return outputs;
}

/// Refuses, before work begins, what the memory of a rank is too small for.
void check_memory(MemoryBudget const& budget, JobConfig const& config, Catalog const& catalog,
                  std::vector<Representation> const& representations, Index outputs) {
  double gathered = 0;
  for (auto const& r : representations) {
    budget.require("to align", r, align_memory(catalog, r, config, outputs, false));
    gathered += aligned_bytes(r, std::ssize(config.align.targets), outputs);
  }
  budget.require_of_first_rank("what is found of all layers", gathered);
}

/// Refuses what --strict does not tolerate before anything is computed.
void check_strict(JobConfig const& config, Catalog const& catalog, std::vector<Representation> const& representations) {
  if (!config.run.strict) return;
  Index seen = -1;
  for (auto const& r : representations) {
    if (r.checkpoint == seen) continue;
    seen = r.checkpoint;
    for (auto const& name : config.align.targets) {
      PreparedTarget const target = prepare_target(catalog, r, name);
      if (!usable(target.status))
        throw InputError("--strict: target '" + name + "' of '" + r.label + "' cannot be used", target.detail,
                         "leave the network out with --networks, or run without --strict");
    }
  }
}

}  // namespace

int run_align(JobConfig const& config, Communicator const& comm) {
  set_blas_threads(config.run.threads);
  PhaseTimer timer;
  timer.start("read headers");
  together(comm, [&] {
    if (comm.is_root()) check_output_path(config.run.output);
  });
  Catalog const catalog = load_catalog(config, comm);
  std::vector<Representation> const representations = select_representations(catalog, config.selection);
  check_target_names(catalog, representations, config.align.targets);
  together(comm, [&] {
    if (comm.is_root()) check_strict(config, catalog, representations);
  });

  MemoryBudget const budget(comm, comm.split_node(), config.run);
  Index const outputs = count_outputs(comm, catalog, representations, config.align.targets);
  check_memory(budget, config, catalog, representations, outputs);

  timer.start("align");
  AlignCache cache;
  WorkList list;
  list.items = static_cast<Index>(representations.size());
  list.costs = costs(representations);
  list.alike = likeness(catalog, representations);
  list.fingerprint = fingerprint(config, catalog, representations);
  list.phase = "align";
  list.unit = "representations";
  list.work = [&](Index item, Poll const&) {
    RecordWriter writer;
    auto const& r = representations[static_cast<std::size_t>(item)];
    Index const kept = kept_bytes_within(budget.allowed(),
                                         [&](bool whole) { return align_memory(catalog, r, config, outputs, whole); });
    writer(align_one(catalog, r, config, cache, kept));
    return writer.take();
  };
  std::vector<std::string> const records = do_work(comm, config.run, list);

  timer.start("write");
  std::vector<PhaseSummary> const phases = timer.summary(comm);
  timer.start("write");  // goes on
  int code = 0;
  together(comm, [&] {
    if (!comm.is_root()) return;
    AlignmentData data{config, catalog, representations, {}};
    for (auto const& record : records) {
      RecordReader reader(record);
      data.aligned.emplace_back();
      reader(data.aligned.back());
    }
    mark_differing_targets(data);
    ResultSet results = alignment_results(data);
    add_environment(results, comm, config.run, phases);
    write_results(config.run.output, results);
    forget_work(config.run);
    code = alignment_is_complete(data) ? 0 : 1;
    std::fputs(alignment_failures(data).c_str(), stderr);
    if (!config.run.quiet) {
      timer.stop();
      std::fputs(phases_text(results, timer).c_str(), stdout);
      std::fputs(alignment_summary(data, config.run.output).c_str(), stdout);
      std::fflush(stdout);
    }
  });
  comm.broadcast(std::span(&code, 1), 0);
  return code;
}

}  // namespace confer
