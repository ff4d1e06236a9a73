#include "run/pair_stage.hpp"

#include <optional>

#include "confer/core/error.hpp"
#include "confer/dist/hand_out.hpp"
#include "confer/io/journal.hpp"
#include "run/gather_records.hpp"
#include "run/row_split_stage.hpp"

namespace confer {

namespace {

/// Takes the pieces that all ranks shall compute together out of those to do.
std::vector<Index> take_pieces_by_rows(PairJob const& job, Index ranks, std::vector<Index>& todo) {
  if (!job.by_rows) return {};
  std::vector<SplitPiece> pieces;
  for (Index const piece : todo) pieces.push_back(job.by_rows->pieces[static_cast<std::size_t>(piece)]);
  RowSplit const split = plan_row_split(pieces, ranks);
  std::vector<Index> taken, left;
  for (std::size_t i = 0; i < todo.size(); ++i) (split.by_rows[i] ? taken : left).push_back(todo[i]);
  todo = std::move(left);
  return taken;
}

}  // namespace

PairStageReport& PairStageReport::operator+=(PairStageReport const& other) {
  stopped = stopped || other.stopped;
  pieces += other.pieces;
  pieces_found += other.pieces_found;
  pieces_done += other.pieces_done;
  pairs += other.pairs;
  return *this;
}

PairStageReport compare_pairs(Communicator const& comm, PairJob const& job, std::string const& journal_directory,
                              PairStageControl const& control, PairTable* table) {
  PairStageReport report;
  auto const enter = [&](PairBlock const& block) { table->enter(block, job.columns); };

  std::vector<Index> found(job.pairs.size(), 0);
  together(comm, [&] {
    if (!comm.is_root()) return;
    visit_journals(journal_directory, job.fingerprint, [&](std::string const& record) {
      PairBlock const block = decode_piece(record);
      found.at(static_cast<std::size_t>(block.piece)) = 1;
      enter(block);
    });
  });
  comm.broadcast(std::span(found), 0);

  std::vector<Index> todo;
  double pairs_done = 0;
  for (std::size_t piece = 0; piece < job.pairs.size(); ++piece) {
    if (job.pairs[piece] == 0) continue;
    report.pairs += job.pairs[piece];
    ++report.pieces;
    if (found[piece] != 0) {
      ++report.pieces_found;
      pairs_done += static_cast<double>(job.pairs[piece]);
    } else {
      todo.push_back(static_cast<Index>(piece));
    }
  }
  if (comm.is_root() && control.begin) control.begin(static_cast<double>(report.pairs), pairs_done);

  std::optional<Journal> journal;
  together(comm, [&] { journal.emplace(journal_directory, job.fingerprint); });
  auto const on_done = [&](Index piece) {
    pairs_done += static_cast<double>(job.pairs[static_cast<std::size_t>(piece)]);
    if (control.progress) control.progress(pairs_done);
  };
  std::vector<Index> const together_by_rows = take_pieces_by_rows(job, comm.size(), todo);
  if (!compute_by_rows(comm, job, together_by_rows, control.stop_requested, *journal, on_done)) {
    report.stopped = true;
    return report;
  }
  report.pieces_done = comm.is_root() ? std::ssize(together_by_rows) : 0;
  HandOutOptions options;
  options.stop_requested = control.stop_requested;
  options.on_done = [&](Index item) { on_done(todo[static_cast<std::size_t>(item)]); };
  HandOutResult const result = hand_out(
      comm, static_cast<Index>(todo.size()),
      [&](Index item, std::function<void()> const& poll) {
        Index const piece = todo[static_cast<std::size_t>(item)];
        journal->append(encode_piece(piece, job.compute(piece, poll)));
        ++report.pieces_done;
      },
      options);
  std::vector<Index> done = {report.pieces_done};
  comm.all_sum(done);
  report.pieces_done = done[0];
  report.stopped = result.stopped;
  if (report.stopped) return report;
  together(comm,
           [&] { gather_records(comm, *journal, [&](std::string const& record) { enter(decode_piece(record)); }); });
  return report;
}

}  // namespace confer
