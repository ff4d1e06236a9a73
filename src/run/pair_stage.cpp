#include "run/pair_stage.hpp"

#include <optional>

#include "confer/core/error.hpp"
#include "confer/dist/hand_out.hpp"
#include "confer/io/journal.hpp"
#include "run/gather_records.hpp"

namespace confer {

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
  auto const enter = [&](DecodedPiece const& decoded) {
    for (auto const& pair : decoded.scores) table->enter(pair, job.columns);
  };

  std::vector<Index> found(job.pairs.size(), 0);
  together(comm, [&] {
    if (!comm.is_root()) return;
    visit_journals(journal_directory, job.fingerprint, [&](std::string const& record) {
      DecodedPiece const decoded = decode_piece(record);
      found.at(static_cast<std::size_t>(decoded.piece)) = 1;
      enter(decoded);
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
  HandOutOptions options;
  options.stop_requested = control.stop_requested;
  options.on_done = [&](Index item) {
    Index const piece = todo[static_cast<std::size_t>(item)];
    pairs_done += static_cast<double>(job.pairs[static_cast<std::size_t>(piece)]);
    if (control.progress) control.progress(pairs_done);
  };
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
