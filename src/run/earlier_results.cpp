#include "run/earlier_results.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>

#include "confer/core/error.hpp"
#include "confer/io/results.hpp"

namespace confer {

namespace {

/// Options that choose what is computed, or how the program runs, but not what a value is.
constexpr std::array<std::string_view, 21> choosing_options = {
    "command", "data",    "output", "measures", "pairs", "networks", "layers", "steps", "memory-per-rank", "scratch",
    "fresh",   "threads", "strict", "progress", "quiet", "verbose",  "json",   "job",   "time-limit",
    "bootstrap", "permutations"};

std::optional<ResultSet> read_earlier(JobConfig const& config) {
  if (config.run.fresh || config.compare.coefficients || !std::filesystem::exists(config.run.output))
    return std::nullopt;
  try {
    ResultSet results = read_results(config.run.output);
    if (results.text_attribute("values_depend_on") != values_depend_on(config)) return std::nullopt;
    if (results.find("key") == nullptr || results.find("pair_status") == nullptr) return std::nullopt;
    return results;
  } catch (Error const&) {
    return std::nullopt;  // it is about to be replaced
  }
}

EarlierResults match(ResultSet const& results, std::vector<std::string> const& keys,
                     std::vector<Measure const*> const& measures, std::vector<std::size_t> const& columns) {
  EarlierResults earlier;
  std::map<std::string, Index> places;
  for (auto const& key : results.strings("key")) places.emplace(key, static_cast<Index>(places.size()));
  earlier.count = static_cast<Index>(results.strings("key").size());
  if (static_cast<Index>(places.size()) != earlier.count) return {};
  for (auto const& key : keys) {
    auto const found = places.find(key);
    earlier.place.push_back(found == places.end() ? -1 : found->second);
  }
  for (std::size_t const m : columns) {
    Variable const* const values = results.find(measures[m]->name);
    // Linear CKA from kernels of samples has other bits than from factors.
    if (values != nullptr && !values->attributes.contains("computed_from")) earlier.measures.push_back(m);
  }
  for (Index const status : results.integers("pair_status"))
    earlier.computed.push_back(status == static_cast<Index>(PairStatus::ok) ||
                               status == static_cast<Index>(PairStatus::saturated));
  return earlier;
}

void enter(ResultSet const& results, EarlierResults& earlier, std::vector<Measure const*> const& measures,
           std::vector<PairStatus> const& status, PairTable& table) {
  std::vector<std::vector<double> const*> values;
  for (std::size_t const m : earlier.measures) values.push_back(&results.doubles(measures[m]->name));
  Variable const* const above = results.find("cca_above_edge");
  for (Index i = 0; i < table.count; ++i)
    for (Index j = 0; j < table.count; ++j) {
      auto const at = static_cast<std::size_t>(i * table.count + j);
      if (i == j || status[at] != PairStatus::ok || !earlier.known(i, j)) continue;
      auto const from = static_cast<std::size_t>(earlier.place[static_cast<std::size_t>(i)] * earlier.count +
                                                 earlier.place[static_cast<std::size_t>(j)]);
      for (std::size_t m = 0; m < values.size(); ++m) table.values[earlier.measures[m]][at] = (*values[m])[from];
      if (above != nullptr) table.above_edge[at] = std::get<std::vector<double>>(above->data)[from];
      earlier.taken += i < j ? 1 : 0;
    }
}

}  // namespace

std::string values_depend_on(JobConfig const& config) {
  std::string text = "confer " CONFER_VERSION;
  std::istringstream lines(config.text);
  for (std::string line; std::getline(lines, line);) {
    std::string const name = line.substr(0, line.find_first_of(" ="));
    if (!line.empty() && std::find(choosing_options.begin(), choosing_options.end(), name) == choosing_options.end())
      text += "; " + line;
  }
  return text;
}

EarlierResults take_earlier_results(Communicator const& comm, JobConfig const& config,
                                    std::vector<std::string> const& keys, std::vector<Measure const*> const& measures,
                                    std::vector<std::size_t> const& columns, std::vector<PairStatus> const& status,
                                    PairTable* table) {
  EarlierResults earlier;
  together(comm, [&] {
    if (!comm.is_root()) return;
    auto const results = read_earlier(config);
    if (!results) return;
    earlier = match(*results, keys, measures, columns);
    if (earlier.measures.empty()) earlier = {};
    if (!earlier.measures.empty()) enter(*results, earlier, measures, status, *table);
  });
  std::array<Index, 3> sizes = {static_cast<Index>(earlier.measures.size()), earlier.count, earlier.taken};
  comm.broadcast(std::span<Index>(sizes), 0);
  if (sizes[0] == 0) return {};
  earlier.count = sizes[1];
  earlier.taken = sizes[2];
  std::vector<Index> chosen(earlier.measures.begin(), earlier.measures.end());
  chosen.resize(static_cast<std::size_t>(sizes[0]));
  comm.broadcast(std::span(chosen), 0);
  earlier.measures.assign(chosen.begin(), chosen.end());
  earlier.place.resize(keys.size());
  comm.broadcast(std::span(earlier.place), 0);
  std::string computed(earlier.computed.begin(), earlier.computed.end());
  comm.broadcast(computed, 0);
  earlier.computed.assign(computed.begin(), computed.end());
  return earlier;
}

}  // namespace confer
