#include "run/pair_stage.hpp"

#include <optional>

#include "confer/core/error.hpp"
#include "confer/dist/hand_out.hpp"
#include "confer/io/journal.hpp"

namespace confer {

namespace {

constexpr int record_tag = 71;

/// Streams the records of every rank's journal to rank 0.
void gather_records(Communicator const& comm, Journal const& journal, RecordVisitor const& enter) {
  if (!comm.is_root()) {
    journal.visit([&](std::string const& record) {
      comm.send(std::as_bytes(std::span(record.data(), record.size())), 0, record_tag);
    });
    comm.send({}, 0, record_tag);  // an empty message ends the stream
    return;
  }
  journal.visit(enter);
  for (int open = comm.size() - 1; open > 0;) {
    auto const waiting = comm.wait_message(record_tag);
    std::string record(static_cast<std::size_t>(waiting.bytes), '\0');
    comm.receive(std::as_writable_bytes(std::span(record.data(), record.size())), waiting.from, record_tag);
    if (record.empty())
      --open;
    else
      enter(record);
  }
}

}  // namespace

Index selected_pairs(PairStageInput const& input, Tile const& tile) {
  auto const& rows = input.plan.panels[static_cast<std::size_t>(tile.row_panel)].members;
  auto const& cols = input.plan.panels[static_cast<std::size_t>(tile.col_panel)].members;
  Index count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < (tile.row_panel == tile.col_panel ? i : cols.size()); ++j)
      count += input.selected(rows[i], cols[j]) ? 1 : 0;
  return count;
}

PairStageReport compare_pairs(Communicator const& comm, BasisStore const& store, PairStageInput const& input,
                              PairStageControl const& control, PairTable* table) {
  PairStageReport report;
  auto const tile_count = input.plan.tiles.size();
  auto const enter = [&](DecodedTile const& decoded) {
    for (auto const& pair : decoded.scores) table->enter(pair, input.columns);
  };

  std::vector<Index> found(tile_count, 0);
  together(comm, [&] {
    if (!comm.is_root()) return;
    visit_journals(input.journal_directory, input.fingerprint, [&](std::string const& record) {
      DecodedTile const decoded = decode_tile(record);
      found.at(static_cast<std::size_t>(decoded.tile)) = 1;
      enter(decoded);
    });
  });
  comm.broadcast(std::span(found), 0);

  std::vector<Index> todo;
  double pairs_done = 0;
  for (std::size_t t = 0; t < tile_count; ++t) {
    Tile const& tile = input.plan.tiles[t];
    Index const pairs = selected_pairs(input, tile);
    if (pairs == 0) continue;
    report.pairs += pairs;
    ++report.tiles;
    if (found[t] != 0) {
      ++report.tiles_found;
      pairs_done += static_cast<double>(pairs);
    } else {
      todo.push_back(static_cast<Index>(t));
    }
  }
  if (comm.is_root() && control.begin) control.begin(static_cast<double>(report.pairs), pairs_done);

  std::optional<Journal> journal;
  together(comm, [&] { journal.emplace(input.journal_directory, input.fingerprint); });
  TileEngine engine(store, input.members, input.plan, input.engine, input.selected);
  HandOutOptions options;
  options.stop_requested = control.stop_requested;
  options.on_done = [&](Index item) {
    Tile const& tile = input.plan.tiles[static_cast<std::size_t>(todo[static_cast<std::size_t>(item)])];
    pairs_done += static_cast<double>(selected_pairs(input, tile));
    if (control.progress) control.progress(pairs_done);
  };
  HandOutResult const result = hand_out(
      comm, static_cast<Index>(todo.size()),
      [&](Index item, std::function<void()> const& poll) {
        Index const number = todo[static_cast<std::size_t>(item)];
        auto const scores = engine.compute(input.plan.tiles[static_cast<std::size_t>(number)], poll);
        journal->append(encode_tile(number, scores));
        ++report.tiles_done;
      },
      options);
  std::vector<Index> done = {report.tiles_done};
  comm.all_sum(done);
  report.tiles_done = done[0];
  report.stopped = result.stopped;
  if (report.stopped) return report;
  together(comm, [&] {
    gather_records(comm, *journal, [&](std::string const& record) { enter(decode_tile(record)); });
  });
  return report;
}

}  // namespace confer
