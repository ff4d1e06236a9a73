#include "run/factor_stage.hpp"

#include <algorithm>
#include <numeric>

#include "confer/dist/hand_out.hpp"
#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/linalg/factor.hpp"

namespace confer {

namespace {

double factor_cost(Representation const& r) {
  auto const n = static_cast<double>(r.rows()), p = static_cast<double>(r.features), small = std::min(n, p);
  return n * p * small * 2 + 10 * small * small * small;
}

}  // namespace

void gather_summaries(Communicator const& comm, std::vector<std::pair<Index, FactorSummary>> const& made,
                      std::vector<FactorSummary>& summaries) {
  std::string text;
  for (auto const& [index, summary] : made) text += std::to_string(index) + " " + to_json(summary) + "\n";
  for (auto const& lines : comm.all_gather(text))
    for (std::size_t begin = 0; begin < lines.size();) {
      std::size_t const end = lines.find('\n', begin), blank = lines.find(' ', begin);
      summaries.at(std::stoull(lines.substr(begin, blank - begin))) =
          factor_summary_from_json(lines.substr(blank + 1, end - blank - 1));
      begin = end + 1;
    }
}

void share_between_nodes(Communicator const& comm, Communicator const& node, BasisStore const& store,
                         std::vector<std::string> const& keys, std::vector<Index> const& owner) {
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
  auto const attempt = [&](auto const& work) {
    if (failure) return;
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  };
  constexpr Index portion = Index{16} << 20;
  std::vector<std::byte> buffer;
  for (std::size_t i = 0; i < keys.size() && node.is_root(); ++i) {
    if (keys[i].empty()) continue;
    Index const from = leader[static_cast<std::size_t>(owner[i])];
    auto const root = static_cast<int>(std::find(ranks.begin(), ranks.end(), static_cast<int>(from)) - ranks.begin());
    // Portion by portion, whatever the size; after a failure the rank goes on taking part.
    Index bytes = 0;
    attempt([&] {
      if (leaders.rank() == root) bytes = store.file_bytes(keys[i]);
    });
    leaders.broadcast(std::span(&bytes, 1), root);
    for (Index begin = 0; begin < bytes; begin += portion) {
      buffer.resize(static_cast<std::size_t>(std::min(portion, bytes - begin)));
      attempt([&] {
        if (leaders.rank() == root) store.export_part(keys[i], begin, buffer);
      });
      leaders.broadcast(std::span(buffer), root);
      attempt([&] {
        if (leaders.rank() != root) store.import_part(keys[i], begin, buffer, bytes);
      });
    }
  }
  agree(comm, failure);
}

namespace {

std::string layout_text(Representation const& r) {
  return std::to_string(static_cast<int>(r.conv)) + "," + std::to_string(static_cast<int>(r.sequence)) + "," +
         std::to_string(r.sample_begin) + "+" + std::to_string(r.samples);
}

/// The stage under way on one rank.
class Stage {
 public:
  Stage(Communicator const& comm, Communicator const& node, Catalog const& catalog,
        std::vector<Representation> const& representations, JobConfig const& config, FactorNeeds const& needs,
        std::vector<FactorMethod> const& methods, BasisStore const& store, FactorStageControl const& control)
      : comm_(comm), node_(node), catalog_(catalog), representations_(representations), config_(config), needs_(needs),
        methods_(methods), store_(store), control_(control), owner_(representations.size(), 0) {
    for (auto const& r : representations) keys_.push_back(factor_key(catalog, r, config, needs));
  }

  /// Collective. False when a stop was requested.
  bool factor_large(bool visible_everywhere);
  bool factor_ordinary();

  std::vector<std::string> const& keys() const { return keys_; }
  std::vector<Index> const& owner() const { return owner_; }
  std::vector<std::pair<Index, FactorSummary>> const& found() const { return found_; }
  Index reused() const { return reused_; }

 private:
  FactorTask task(Index index) const {
    auto const i = static_cast<std::size_t>(index);
    return {catalog_, representations_[i], config_, needs_, store_, keys_[i], methods_[i]};
  }
  bool is_large(Index index) const {
    FactorRoute const route = methods_[static_cast<std::size_t>(index)].route;
    return route == FactorRoute::shared || route == FactorRoute::scalapack;
  }
  void enter(Index index, FactorSummary const& summary) {
    found_.emplace_back(index, summary);
    owner_[static_cast<std::size_t>(index)] = comm_.rank();
  }
  /// Collective over the group. Nothing when a stop was requested.
  std::optional<FactorSummary> by_group(Communicator const& group, Index index);
  bool by_groups(std::vector<Index> const& shared, bool visible_everywhere);
  void report(Index items) {
    finished_ += static_cast<double>(items);
    if (control_.progress) control_.progress(finished_);
  }

  Communicator const& comm_;
  Communicator const& node_;
  Catalog const& catalog_;
  std::vector<Representation> const& representations_;
  JobConfig const& config_;
  FactorNeeds const& needs_;
  std::vector<FactorMethod> const& methods_;
  BasisStore const& store_;
  FactorStageControl const& control_;
  std::vector<std::string> keys_;
  std::vector<Index> owner_;
  std::vector<std::pair<Index, FactorSummary>> found_;  // of this rank
  Index reused_ = 0;
  double finished_ = 0;
};

std::optional<FactorSummary> Stage::by_group(Communicator const& group, Index index) {
  std::string known;
  std::exception_ptr failure;
  try {
    if (group.is_root())
      if (auto const summary = store_.find(keys_[static_cast<std::size_t>(index)])) known = to_json(*summary);
  } catch (...) {
    failure = std::current_exception();
  }
  agree(group, failure);
  group.broadcast(known, 0);
  if (!known.empty()) {
    reused_ += group.is_root() ? 1 : 0;
    return factor_summary_from_json(known);
  }
  return methods_[static_cast<std::size_t>(index)].route == FactorRoute::scalapack
             ? factor_dealt(group, task(index), control_.stop_requested)
             : factor_shared(group, task(index), control_.stop_requested);
}

bool Stage::by_groups(std::vector<Index> const& shared, bool visible_everywhere) {
  std::vector<FactorShape> shapes;
  for (Index const index : shared)
    shapes.push_back(factor_shape(catalog_, representations_[static_cast<std::size_t>(index)], config_, needs_));
  // A group writes one file: where nodes do not see each other's files it must not reach beyond its node.
  std::vector<Index> before = {node_.is_root() ? Index{1} : Index{0}};
  std::vector<Index> leads(static_cast<std::size_t>(comm_.size()), 0);
  leads[static_cast<std::size_t>(comm_.rank())] = before[0];
  comm_.all_sum(leads);
  Index const nodes = std::accumulate(leads.begin(), leads.end(), Index{0});
  GroupPlan const plan = plan_groups(shapes, visible_everywhere ? comm_.size() : nodes, visible_everywhere ? 1 : nodes);
  auto mine = static_cast<int>(group_of(comm_.rank(), comm_.size(), plan.groups));
  if (!visible_everywhere) {
    mine = static_cast<int>(std::accumulate(leads.begin(), leads.begin() + comm_.rank(), Index{0}));
    node_.broadcast(std::span(&mine, 1), 0);
  }
  Communicator const group = comm_.split(mine, comm_.rank());
  std::exception_ptr failure;
  std::vector<double> stopped = {0};
  try {
    for (Index const item : plan.items[static_cast<std::size_t>(mine)]) {
      Index const index = shared[static_cast<std::size_t>(item)];
      auto const summary = by_group(group, index);
      if (!summary) {
        stopped[0] = 1;
        break;
      }
      if (group.is_root()) enter(index, *summary);
      if (comm_.is_root()) report(1);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  agree(comm_, failure);
  comm_.all_max(stopped);
  return stopped[0] == 0;
}

bool Stage::factor_large(bool visible_everywhere) {
  std::vector<Index> shared;
  for (Index i = 0; i < std::ssize(representations_); ++i) {
    if (!is_large(i)) continue;
    if (methods_[static_cast<std::size_t>(i)].route == FactorRoute::shared) {
      shared.push_back(i);
      continue;
    }
    auto const summary = by_group(comm_, i);
    if (!summary) return false;
    if (comm_.is_root()) {
      enter(i, *summary);
      report(1);
    }
  }
  return shared.empty() || by_groups(shared, visible_everywhere);
}

bool Stage::factor_ordinary() {
  std::vector<Index> order;
  for (Index i = 0; i < std::ssize(representations_); ++i)
    if (!is_large(i)) order.push_back(i);
  finished_ = static_cast<double>(std::ssize(representations_) - std::ssize(order));
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return factor_cost(representations_[static_cast<std::size_t>(a)]) >
           factor_cost(representations_[static_cast<std::size_t>(b)]);
  });
  Communicator const alone = comm_.split(comm_.rank(), 0);
  HandOutOptions options;
  options.stop_requested = control_.stop_requested;
  options.on_done = [&](Index) { report(1); };
  HandOutResult const handed = hand_out(
      comm_, std::ssize(order),
      [&](Index item, std::function<void()> const& poll) {
        Index const index = order[static_cast<std::size_t>(item)];
        auto known = store_.find(keys_[static_cast<std::size_t>(index)]);
        reused_ += known ? 1 : 0;
        // An item under way is finished, whatever its size: nothing asks it to stop.
        if (!known)
          known = methods_[static_cast<std::size_t>(index)].route == FactorRoute::pieces
                      ? factor_shared(alone, task(index), {})
                      : factor_one(task(index));
        enter(index, *known);
        poll();
      },
      options);
  return !handed.stopped;
}

}  // namespace

std::string factor_key(Catalog const& catalog, Representation const& representation, JobConfig const& config,
                       FactorNeeds const& needs) {
  auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)];
  std::string text = "factor 3\n" + representation.label + "\n" + layout_text(representation) + "\n";
  for (auto const& shard : checkpoint.shards)
    text += shard.path + "\n" + std::to_string(shard.bytes) + " " + std::to_string(shard.modified) + " " +
            std::to_string(shard.first_sample) + "\n";
  text += "step row " + std::to_string(checkpoint.step_row.value_or(-1)) + "\n";
  text += "rank " + (config.rank_tolerance ? format_number(*config.rank_tolerance) : "auto") + "\n";
  text += std::string(config.compare.exact ? "exact" : "fast") + (needs.basis ? " basis" : "") +
          (needs.loadings ? " loadings" : "") + (needs.means ? " means" : "");
  if (needs.truncated)
    text += " truncated " + format_number(config.compare.variance) + " " +
            std::to_string(config.compare.components.value_or(0));
  return content_key(text);
}

std::vector<FactorMethod> factor_methods(Catalog const& catalog, std::vector<Representation> const& representations,
                                         JobConfig const& config, FactorNeeds const& needs, Index ranks,
                                         double allowed) {
  std::vector<FactorMethod> methods;
  for (auto const& r : representations) {
    FactorShape const shape = factor_shape(catalog, r, config, needs);
    auto const method = factor_method(shape, config.run.svd, ranks, allowed);
    if (!method) {
      double const least = least_factor_memory(shape, config.run.svd, ranks);
      throw UsageError("--memory-per-rank is too small",
                       "to factor '" + r.label + "' (" + format_count(r.rows()) + " rows x " +
                           format_count(r.features) + " neurons) each of " + format_count(ranks) + " ranks needs " +
                           format_bytes(least) + " beside what it has in use, and may take " +
                           format_bytes(std::max(allowed, 0.0)),
                       config.run.svd == SvdRoute::local ? "allow more, or leave out --svd local"
                                                         : "allow more, or use more ranks");
    }
    methods.push_back(*method);
  }
  return methods;
}

FactorStageResult factor_all(Communicator const& comm, Communicator const& node, Catalog const& catalog,
                             std::vector<Representation> const& representations, JobConfig const& config,
                             FactorNeeds const& needs, std::vector<FactorMethod> const& methods, BasisStore const& store,
                             bool visible_everywhere, FactorStageControl const& control) {
  Stage stage(comm, node, catalog, representations, config, needs, methods, store, control);
  FactorStageResult result;
  result.set.keys = stage.keys();
  result.set.summaries.resize(representations.size());
  result.stopped = !stage.factor_large(visible_everywhere) || !stage.factor_ordinary();
  std::vector<Index> total_reused = {stage.reused()};
  comm.all_sum(total_reused);
  result.reused = total_reused[0];
  if (result.stopped) return result;
  gather_summaries(comm, stage.found(), result.set.summaries);
  for (auto& summary : result.set.summaries) {
    auto const rank = summary.rank();
    summary.components = config.compare.components
                             ? std::min(*config.compare.components, rank)
                             : components_for_variance(summary.singular_values, config.compare.variance);
  }
  std::vector<Index> owner = stage.owner();
  comm.all_sum(owner);
  std::vector<std::string> stored = result.set.keys;
  for (std::size_t i = 0; i < stored.size(); ++i)
    if (!usable(result.set.summaries[i].status)) stored[i].clear();
  if (!visible_everywhere) share_between_nodes(comm, node, store, stored, owner);
  comm.barrier();
  return result;
}

}  // namespace confer
