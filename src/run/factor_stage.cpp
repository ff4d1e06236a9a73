#include "run/factor_stage.hpp"

#include <algorithm>
#include <numeric>

#include "confer/dist/hand_out.hpp"
#include "confer/linalg/factor.hpp"

namespace confer {

namespace {

double factor_cost(Representation const& r) {
  auto const n = static_cast<double>(r.rows()), p = static_cast<double>(r.features), small = std::min(n, p);
  return n * p * small * 2 + 10 * small * small * small;
}

std::string encode(Index index, FactorSummary const& summary) {
  return std::to_string(index) + " " + to_json(summary) + "\n";
}

void decode_into(std::string const& lines, std::vector<FactorSummary>& summaries) {
  for (std::size_t begin = 0; begin < lines.size();) {
    std::size_t const end = lines.find('\n', begin), blank = lines.find(' ', begin);
    summaries.at(std::stoull(lines.substr(begin, blank - begin))) =
        factor_summary_from_json(lines.substr(blank + 1, end - blank - 1));
    begin = end + 1;
  }
}

/// Sends every factor to the nodes that do not see the files of the rank that made it.
void share_between_nodes(Communicator const& comm, Communicator const& node, BasisStore const& store,
                         FactoredSet const& set, RowNeeds const& rows, std::vector<Index> const& owner) {
  RowStore const row_store(store.directory());
  std::vector<Index> leader(static_cast<std::size_t>(comm.size()), 0);
  int node_leader = comm.rank();
  node.broadcast(std::span(&node_leader, 1), 0);
  leader[static_cast<std::size_t>(comm.rank())] = node_leader;
  comm.all_sum(leader);
  Communicator const leaders = comm.split(node.is_root() ? 0 : 1, comm.rank());
  std::vector<int> ranks;  // world rank of each leader, in the order of their group
  for (int r = 0; r < comm.size(); ++r)
    if (leader[static_cast<std::size_t>(r)] == r) ranks.push_back(r);
  node.barrier();
  std::exception_ptr failure;
  for (std::size_t i = 0; i < set.keys.size() && node.is_root(); ++i) {
    if (!usable(set.summaries[i].status)) continue;
    Index const from = leader[static_cast<std::size_t>(owner[i])];
    auto const root = static_cast<int>(std::find(ranks.begin(), ranks.end(), static_cast<int>(from)) - ranks.begin());
    auto const share = [&](auto const& files, std::string const& name) {
      std::string bytes;
      try {
        if (leaders.rank() == root) bytes = files.export_file(name);
      } catch (...) {
        failure = std::current_exception();
      }
      leaders.broadcast(bytes, root);
      try {
        if (leaders.rank() != root && !bytes.empty()) files.import_file(name, bytes);
      } catch (...) {
        failure = std::current_exception();
      }
    };
    share(store, set.keys[i]);
    for (RowForm const form : rows.forms) share(row_store, row_record_name(set.keys[i], form));
  }
  agree(comm, failure);
}

}  // namespace

FactorStageResult factor_all(Communicator const& comm, Communicator const& node, Catalog const& catalog,
                             std::vector<Representation> const& representations, JobConfig const& config,
                             FactorNeeds const& needs, BasisStore const& store, bool visible_everywhere,
                             FactorStageControl const& control) {
  auto const count = representations.size();
  FactorStageResult result;
  result.set.summaries.resize(count);
  for (auto const& r : representations) result.set.keys.push_back(factor_key(catalog, r, config, needs));

  std::vector<Index> order(count);
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return factor_cost(representations[static_cast<std::size_t>(a)]) >
           factor_cost(representations[static_cast<std::size_t>(b)]);
  });
  double finished = 0;

  std::string mine;
  std::vector<Index> owner(count, 0);
  Index reused = 0;
  HandOutOptions options;
  options.stop_requested = control.stop_requested;
  options.on_done = [&](Index) {
    if (control.progress) control.progress(++finished);
  };
  HandOutResult const handed = hand_out(
      comm, static_cast<Index>(count),
      [&](Index item, std::function<void()> const& poll) {
        auto const index = static_cast<std::size_t>(order[static_cast<std::size_t>(item)]);
        auto known = store.find(result.set.keys[index]);
        if (known && !holds_rows(RowStore(store.directory()), result.set.keys[index], needs.rows)) known.reset();
        reused += known ? 1 : 0;
        auto const& r = representations[index];
        FactorSummary const summary =
            known ? *known : factor_one(catalog, r, config, needs, store, result.set.keys[index]);
        mine += encode(static_cast<Index>(index), summary);
        owner[index] = comm.rank();
        poll();
      },
      options);
  result.stopped = handed.stopped;
  std::vector<Index> total_reused = {reused};
  comm.all_sum(total_reused);
  result.reused = total_reused[0];
  if (result.stopped) return result;
  for (auto const& lines : comm.all_gather(mine)) decode_into(lines, result.set.summaries);
  for (auto& summary : result.set.summaries) {
    auto const rank = summary.rank();
    summary.components = config.compare.components
                             ? std::min(*config.compare.components, rank)
                             : components_for_variance(summary.singular_values, config.compare.variance);
  }
  comm.all_sum(owner);
  if (!visible_everywhere) share_between_nodes(comm, node, store, result.set, needs.rows, owner);
  comm.barrier();
  return result;
}

}  // namespace confer
