#include "run/work_list.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "confer/comm/progress.hpp"
#include "confer/comm/stop_signal.hpp"
#include "confer/core/error.hpp"
#include "confer/core/record.hpp"
#include "confer/core/text.hpp"
#include "confer/io/journal.hpp"

namespace confer {

namespace {

constexpr int record_tag = 72;

std::string journal_directory(RunOptions const& run) { return run.output + ".journal"; }

std::string numbered(Index item, std::string const& record) {
  RecordWriter writer;
  writer(item);
  writer(record);
  return writer.take();
}

void enter(std::string const& text, std::vector<std::string>& records) {
  RecordReader reader(text);
  Index item = 0;
  reader(item);
  reader(records.at(static_cast<std::size_t>(item)));
}

// Streams what each rank has journalled to rank 0, a record at a time.
void gather_records(Communicator const& comm, Journal const& journal, std::vector<std::string>& records) {
  if (!comm.is_root()) {
    journal.visit(
        [&](std::string const& text) { comm.send(std::as_bytes(std::span(text.data(), text.size())), 0, record_tag); });
    comm.send({}, 0, record_tag);  // an empty message ends the stream
    return;
  }
  journal.visit([&](std::string const& text) { enter(text, records); });
  for (int open = comm.size() - 1; open > 0;) {
    auto const waiting = comm.wait_message(record_tag);
    std::string text(static_cast<std::size_t>(waiting.bytes), '\0');
    comm.receive(std::as_writable_bytes(std::span(text.data(), text.size())), waiting.from, record_tag);
    if (text.empty())
      --open;
    else
      enter(text, records);
  }
}

constexpr std::size_t most_at_once = 8;  ///< so that a stop need not wait for long, and ranks stay busy to the end

/// What is handed out at once: items that are alike, in the order of the first of them.
std::vector<std::vector<Index>> portions_of(std::vector<Index> const& items, std::vector<std::string> const& alike) {
  std::vector<std::vector<Index>> portions;
  std::map<std::string, std::size_t> open;
  for (Index const item : items) {
    std::string const& text = alike.empty() ? std::string() : alike[static_cast<std::size_t>(item)];
    auto const [found, is_new] = open.try_emplace(text, portions.size());
    if (!is_new && !text.empty() && portions[found->second].size() < most_at_once) {
      portions[found->second].push_back(item);
      continue;
    }
    found->second = portions.size();
    portions.push_back({item});
  }
  return portions;
}

}  // namespace

std::vector<std::string> do_work(Communicator const& comm, RunOptions const& run, WorkList const& list) {
  StopSignal const signal(run.time_limit);
  Progress progress(comm, run.progress, run.quiet);
  auto const items = static_cast<std::size_t>(list.items);
  std::vector<std::string> records(comm.is_root() ? items : 0);
  std::vector<Index> found(items, 0);
  together(comm, [&] {
    if (!comm.is_root()) return;
    if (run.fresh) remove_journals(journal_directory(run));
    visit_journals(journal_directory(run), list.fingerprint, [&](std::string const& text) { enter(text, records); });
    for (std::size_t i = 0; i < items; ++i) found[i] = records[i].empty() ? 0 : 1;
  });
  comm.broadcast(std::span(found), 0);
  std::vector<Index> missing;
  for (std::size_t i = 0; i < items; ++i)
    if (found[i] == 0) missing.push_back(static_cast<Index>(i));
  if (!list.costs.empty())
    std::stable_sort(missing.begin(), missing.end(), [&](Index a, Index b) {
      return list.costs[static_cast<std::size_t>(a)] > list.costs[static_cast<std::size_t>(b)];
    });

  std::optional<Journal> journal;
  together(comm, [&] { journal.emplace(journal_directory(run), list.fingerprint); });
  auto done = static_cast<double>(items - missing.size());
  progress.begin(list.phase, static_cast<double>(items), list.unit, done);
  HandOutOptions options;
  options.stop_requested = [&] { return signal.requested(); };
  auto const portions = portions_of(missing, list.alike);
  options.on_done = [&](Index i) {
    done += static_cast<double>(portions[static_cast<std::size_t>(i)].size());
    progress.update(done);
  };
  HandOutResult const result = hand_out(
      comm, std::ssize(portions),
      [&](Index i, Poll const& poll) {
        for (Index const item : portions[static_cast<std::size_t>(i)])
          journal->append(numbered(item, list.work(item, poll)));
      },
      options);
  progress.end();
  comm.broadcast(std::span(&done, 1), 0);
  if (result.stopped)
    throw StopRequested("stopped on request",
                        format_count(static_cast<Index>(done)) + " of " + format_count(list.items) + " " + list.unit +
                            " are done and saved",
                        "the same command goes on from here");
  gather_records(comm, *journal, records);
  return records;
}

void forget_work(RunOptions const& run) { remove_journals(journal_directory(run)); }

std::string files_text(Catalog const& catalog) {
  std::string text;
  for (auto const& checkpoint : catalog.checkpoints)
    for (auto const& shard : checkpoint.shards)
      text += shard.path + "\n" + std::to_string(shard.bytes) + " " + std::to_string(shard.modified) + " " +
              std::to_string(checkpoint.step_row.value_or(-1)) + "\n";
  return text;
}

}  // namespace confer
