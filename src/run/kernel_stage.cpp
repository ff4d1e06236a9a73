#include "run/kernel_stage.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "confer/core/text.hpp"
#include "confer/dist/hand_out.hpp"
#include "confer/io/content_hash.hpp"
#include "confer/io/journal.hpp"
#include "run/gather_records.hpp"
#include "run/kernel_scores.hpp"

namespace confer {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Sums of this rank, written to its journal now and then: often enough to lose little, seldom enough to cost little.
class SumJournal {
 public:
  SumJournal(std::string const& directory, std::string const& fingerprint) : journal_(directory, fingerprint) {}

  void add(KernelSums const& sums) {
    if (!held_.pieces.empty() && (held_.row_panel != sums.row_panel || held_.col_panel != sums.col_panel)) flush();
    held_.add(sums);
    if (seconds_since(flushed_) > std::max(2.0, 50 * last_write_)) flush();
  }
  void flush() {
    if (!held_.pieces.empty()) {
      auto const begin = Clock::now();
      journal_.append(encode(held_));
      last_write_ = seconds_since(begin);
      held_ = KernelSums();
    }
    flushed_ = Clock::now();
  }
  Journal const& journal() const { return journal_; }

 private:
  Journal journal_;
  KernelSums held_;
  Clock::time_point flushed_ = Clock::now();
  double last_write_ = 0;
};

std::string fingerprint_of(JobConfig const& config, KernelPlan const& plan, std::vector<KernelChoice> const& choices,
                           std::vector<std::string> const& keys, std::string const& name) {
  std::string text = "kernel 4\n" + name + "\n";
  for (auto const& key : keys) text += key + "\n";
  for (auto const& choice : choices)
    text += std::to_string(static_cast<int>(choice.form)) + " " + std::to_string(static_cast<int>(choice.function)) + "\n";
  for (auto const& panel : plan.panels) text += std::to_string(panel.members.size()) + " ";
  return content_key(text + "\nbandwidth " + format_number(config.compare.bandwidth) + " batch " +
                     std::to_string(config.compare.batch) + " pieces " + std::to_string(plan.pieces.size()) +
                     (config.compare.exact ? " exact" : ""));
}

/// Sums of all ranks, one entry per pair of panels.
class AllSums {
 public:
  void enter(KernelSums const& sums) { parts_[{sums.row_panel, sums.col_panel}].add(sums); }
  std::vector<KernelSums> take() {
    std::vector<KernelSums> all;
    for (auto& [panels, sums] : parts_) all.push_back(std::move(sums));
    parts_.clear();
    return all;
  }

 private:
  std::map<std::pair<Index, Index>, KernelSums> parts_;
};

void enter_score(PairTable& table, std::size_t column, Measure const& measure, KernelTable const& kernels, std::size_t i,
                 std::size_t j) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Index const row = kernels.members()[i], col = kernels.members()[j];
  bool const defined = kernels.defined(i) && kernels.defined(j);
  KernelStats const stats = kernels.stats(i, j, measure.kernel);
  double const value = defined ? measure.kernel_score(stats) : nan;
  table.value(column, row, col) = table.value(column, col, row) = value;
  if (measure.kernel_chance == nullptr || i == j || std::isnan(value)) return;
  std::optional<ChanceLevel> const level = measure.kernel_chance(stats);
  if (!level || std::isnan(level->mean)) return;
  for (auto const at : {row * table.count + col, col * table.count + row}) {
    table.null[column][static_cast<std::size_t>(at)] = level->mean;
    if (level->standard_deviation > 0)
      table.z[column][static_cast<std::size_t>(at)] = (value - level->mean - level->shift) / level->standard_deviation;
  }
}

/// The representations that take part, by the group of those they are compared with.
std::map<Index, std::vector<Index>> groups_of(KernelJob const& job) {
  std::map<Index, std::vector<Index>> groups;
  for (std::size_t i = 0; i < job.items.size(); ++i)
    if (job.items[i].group >= 0) groups[job.items[i].group].push_back(static_cast<Index>(i));
  return groups;
}

void enter_scores(PairTable& table, KernelJob const& job, KernelPlan const& plan,
                  std::vector<KernelChoice> const& choices, std::vector<KernelSums> const& sums, RowStore const& store,
                  CompareOptions const& options) {
  auto const size = static_cast<std::size_t>(table.count * table.count);
  for (std::size_t m = 0; m < job.measures.size(); ++m) {
    table.notes[job.columns[m]] = kernel_notes(*job.measures[m], options);
    if (job.measures[m]->kernel_chance == nullptr) continue;
    table.null[job.columns[m]].assign(size, std::numeric_limits<double>::quiet_NaN());
    table.z[job.columns[m]].assign(size, std::numeric_limits<double>::quiet_NaN());
  }
  for (auto const& [group, members] : groups_of(job))
    for (std::size_t c = 0; c < choices.size(); ++c) {
      KernelTable const kernels(choices[c], c, plan, sums, members, job.keys, store, options);
      for (std::size_t m = 0; m < job.measures.size(); ++m) {
        if (choice_of(choices, job.measures[m]->kernel, options) != c) continue;
        for (std::size_t i = 0; i < members.size(); ++i)
          for (std::size_t j = 0; j <= i; ++j)
            if (job.selected(members[i], members[j]))
              enter_score(table, job.columns[m], *job.measures[m], kernels, i, j);
      }
    }
}

/// rho-a of ranks among all samples would not be 1 of equal representations without some of them. Their correlation is;
/// what ties take off rho-a is taken from all samples.
double rank_score(KernelStats const& pair, KernelStats const& of_all) {
  CentredProducts const all = mean_centred(of_all);
  double const pairs = static_cast<double>(of_all.rows) * static_cast<double>(of_all.rows - 1) / 2;
  return mean_centred(pair).cosine() * 12 * std::sqrt(all.xx) * std::sqrt(all.yy) * pairs / (pairs * pairs - 1);
}

/// What a draw is made of: sums over all samples, and those over the samples that stay.
struct DrawSums {
  KernelPlan const& plan;
  std::vector<KernelSums> const& all;
  std::vector<KernelSums> const& stay;
  LeftOut const& left_out;
};

/// The values of a draw.
void enter_values(PairTable& table, KernelJob const& job, std::vector<KernelChoice> const& choices,
                  DrawSums const& sums, RowStore const& store, CompareOptions const& options) {
  for (auto const& [group, members] : groups_of(job)) {
    std::vector<Index> const& missing = sums.left_out(members.front());
    for (std::size_t c = 0; !missing.empty() && c < choices.size(); ++c) {
      if (choices[c].function == TileFunction::u_centred) continue;
      KernelTable const kernels(choices[c], c, sums.plan, sums.stay, members, job.keys, store, options, missing);
      std::optional<KernelTable> all;
      if (choices[c].function == TileFunction::rank)
        all.emplace(choices[c], c, sums.plan, sums.all, members, job.keys, store, options);
      for (std::size_t m = 0; m < job.measures.size(); ++m) {
        if (!leaves_out(*job.measures[m]) || choice_of(choices, job.measures[m]->kernel, options) != c) continue;
        for (std::size_t i = 0; i < members.size(); ++i)
          for (std::size_t j = 0; j < i; ++j) {
            if (!job.selected(members[i], members[j]) || !kernels.defined(i) || !kernels.defined(j)) continue;
            KernelStats const stats = kernels.stats(i, j, job.measures[m]->kernel);
            table.value(job.columns[m], members[i], members[j]) = table.value(job.columns[m], members[j], members[i]) =
                all ? rank_score(stats, all->stats(i, j, Kernel::rank)) : job.measures[m]->kernel_score(stats);
          }
      }
    }
  }
}

struct SumsResult {
  PairStageReport report;
  std::vector<KernelSums> sums;  ///< over all pieces, by panel pair; rank 0, unless stopped
};

/// Collective. The sums over all pieces of the plan, of which journals may hold some.
SumsResult sum_kernels(Communicator const& comm, JobConfig const& config, KernelJob const& job, RowStore const& rows,
                       std::vector<KernelChoice> const& choices, KernelPlan const& plan, std::string const& name,
                       std::string const& journal_directory, PairStageControl const& control) {
  std::string const fingerprint = fingerprint_of(config, plan, choices, job.keys, name);
  AllSums all;

  std::vector<Index> found(plan.pieces.size(), 0);
  together(comm, [&] {
    if (!comm.is_root()) return;
    visit_journals(journal_directory, fingerprint, [&](std::string const& record) {
      KernelSums const sums = decode_kernel_sums(record);
      for (Index const piece : sums.pieces) found.at(static_cast<std::size_t>(piece)) = 1;
      all.enter(sums);
    });
  });
  comm.broadcast(std::span(found), 0);

  SumsResult summed;
  PairStageReport& report = summed.report;
  for (std::size_t i = 0; i < job.items.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      report.pairs += job.selected(static_cast<Index>(i), static_cast<Index>(j)) ? 1 : 0;
  std::vector<Index> todo;
  for (std::size_t piece = 0; piece < found.size(); ++piece)
    if (found[piece] == 0) todo.push_back(static_cast<Index>(piece));
  report.pieces = static_cast<Index>(plan.pieces.size());
  report.pieces_found = report.pieces - static_cast<Index>(todo.size());
  double const pairs_per_piece = static_cast<double>(report.pairs) / static_cast<double>(std::max<Index>(report.pieces, 1));
  double done = static_cast<double>(report.pieces_found) * pairs_per_piece;
  if (comm.is_root() && control.begin) control.begin(static_cast<double>(report.pairs), done);

  KernelEngine engine(rows, job.keys, plan, {choices, config.compare.bandwidth, config.compare.exact});
  std::optional<SumJournal> journal;
  together(comm, [&] { journal.emplace(journal_directory, fingerprint); });
  HandOutOptions options;
  options.stop_requested = control.stop_requested;
  options.on_done = [&](Index) {
    done += pairs_per_piece;
    if (control.progress) control.progress(done);
  };
  HandOutResult const result = hand_out(
      comm, static_cast<Index>(todo.size()),
      [&](Index item, std::function<void()> const& poll) {
        journal->add(engine.compute(todo[static_cast<std::size_t>(item)], poll));
        ++report.pieces_done;
      },
      options);
  together(comm, [&] { journal->flush(); });
  std::vector<Index> pieces_done = {report.pieces_done};
  comm.all_sum(pieces_done);
  report.pieces_done = pieces_done[0];
  report.stopped = result.stopped;
  if (report.stopped) return summed;
  together(comm, [&] {
    gather_records(comm, journal->journal(), [&](std::string const& record) { all.enter(decode_kernel_sums(record)); });
  });
  summed.sums = all.take();
  return summed;
}

}  // namespace

PairStageReport compare_kernels(Communicator const& comm, JobConfig const& config, KernelJob const& job,
                                RowStore const& rows, std::string const& journal_directory,
                                PairStageControl const& control, PairTable* table, std::vector<KernelSums>* totals) {
  std::vector<KernelChoice> const choices = kernel_choices(job.measures, config.compare);
  KernelPlan const plan = plan_kernels(job.items, choices, config.compare.batch);
  SumsResult summed = sum_kernels(comm, config, job, rows, choices, plan, "", journal_directory, control);
  if (summed.report.stopped) return summed.report;
  together(comm, [&] {
    if (comm.is_root()) enter_scores(*table, job, plan, choices, summed.sums, rows, config.compare);
  });
  if (totals != nullptr) *totals = std::move(summed.sums);
  return summed.report;
}

PairStageReport compare_kernels_without(Communicator const& comm, JobConfig const& config, KernelJob const& job,
                                        RowStore const& rows, std::vector<KernelSums> const& totals,
                                        LeftOut const& left_out, std::string const& name,
                                        std::string const& journal_directory, PairStageControl const& control,
                                        PairTable* table) {
  std::vector<KernelChoice> const choices = kernel_choices(job.measures, config.compare);
  KernelPlan const plan = plan_left_out(job.items, choices, config.compare.batch, left_out);
  SumsResult missing = sum_kernels(comm, config, job, rows, choices, plan, name, journal_directory, control);
  if (missing.report.stopped) return missing.report;
  together(comm, [&] {
    if (!comm.is_root()) return;
    std::vector<KernelSums> without = totals;
    for (auto& sums : without)
      for (auto const& part : missing.sums)
        if (part.row_panel == sums.row_panel && part.col_panel == sums.col_panel) {
          KernelPanel const& panel = plan.panels[static_cast<std::size_t>(sums.row_panel)];
          sums.leave_out(part, panel.left_out, panel.samples);
        }
    enter_values(*table, job, choices, {plan, totals, without, left_out}, rows, config.compare);
  });
  return missing.report;
}

}  // namespace confer
