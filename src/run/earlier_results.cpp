#include "run/earlier_results.hpp"

#include <algorithm>
#include <array>
#include <cmath>
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
constexpr std::array<std::string_view, 22> choosing_options = {
    "command",    "data",      "output",          "measures", "pairs", "networks",
    "layers",     "steps",     "memory-per-rank", "scratch",  "fresh", "threads",
    "strict",     "progress",  "quiet",           "verbose",  "json",  "job",
    "time-limit", "bootstrap", "permutations",    "jackknife"};

/// What the file to be replaced holds of the variables that are `wanted`; nothing when it is not a results file.
std::optional<ResultSet> read_earlier(JobConfig const& config, std::function<bool(std::string const&)> const& wanted) {
  try {
    return read_results(config.run.output, wanted);
  } catch (Error const&) {
    return std::nullopt;  // it is about to be replaced
  }
}

/// One variable of the file: matrices are held one at a time.
std::optional<Variable> read_one(JobConfig const& config, std::string const& name) {
  auto results = read_earlier(config, [&](std::string const& other) { return other == name; });
  if (!results || results->variables.empty()) return std::nullopt;
  return std::move(results->variables.front());
}

/// Places of the representations and pairs that have values; nothing when the file holds none of them.
std::optional<EarlierResults> match(JobConfig const& config, std::vector<std::string> const& keys) {
  if (config.run.fresh || config.compare.coefficients || !std::filesystem::exists(config.run.output))
    return std::nullopt;
  auto const results =
      read_earlier(config, [](std::string const& name) { return name == "key" || name == "pair_status"; });
  if (!results || results->text_attribute("values_depend_on") != values_depend_on(config)) return std::nullopt;
  if (results->find("key") == nullptr || results->find("pair_status") == nullptr) return std::nullopt;
  auto const& known = results->strings("key");
  std::map<std::string, Index> places;
  for (auto const& key : known) places.emplace(key, std::ssize(places));
  Index const count = std::ssize(known);
  auto const& status = results->integers("pair_status");
  if (std::ssize(places) != count || std::ssize(status) != count * count) return std::nullopt;
  EarlierResults earlier;
  for (auto const& key : keys) {
    auto const found = places.find(key);
    earlier.place.push_back(found == places.end() ? -1 : found->second);
  }
  earlier.computed = PairBits(count);
  auto const has_values = [&](Index i, Index j) {
    Index const code = status[static_cast<std::size_t>(i * count + j)];
    return code == static_cast<Index>(PairStatus::ok) || code == static_cast<Index>(PairStatus::saturated);
  };
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j <= i; ++j)
      if (has_values(i, j) && has_values(j, i)) earlier.computed.set(i, j);
  return earlier;
}

void enter(std::vector<double> const& values, Index earlier_count, EarlierResults const& earlier,
           std::function<bool(Index, Index)> const& wanted, Index count, std::vector<double>& into) {
  for (Index i = 0; i < count; ++i)
    for (Index j = 0; j < count; ++j) {
      if (i == j || !wanted(i, j) || !earlier.known(i, j)) continue;
      into[static_cast<std::size_t>(i * count + j)] =
          values[static_cast<std::size_t>(earlier.place[static_cast<std::size_t>(i)] * earlier_count +
                                          earlier.place[static_cast<std::size_t>(j)])];
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
                                    std::vector<std::size_t> const& columns,
                                    std::function<bool(Index row, Index col)> const& wanted, PairTable* table) {
  EarlierResults earlier;
  together(comm, [&] {
    if (!comm.is_root()) return;
    auto const matched = match(config, keys);
    if (!matched) return;
    auto const take = [&](std::string const& name, std::vector<double>& into) {
      auto const variable = read_one(config, name);
      // Linear CKA from kernels of samples has other bits than from factors.
      if (!variable || variable->attributes.contains("computed_from")) return false;
      auto const* const values = std::get_if<std::vector<double>>(&variable->data);
      if (values == nullptr) return false;
      auto const earlier_count = static_cast<Index>(std::llround(std::sqrt(static_cast<double>(values->size()))));
      enter(*values, earlier_count, *matched, wanted, table->count, into);
      return true;
    };
    std::vector<std::size_t> taken;
    for (std::size_t const m : columns)
      if (take(measures[m]->name, table->values[m])) taken.push_back(m);
    if (taken.empty()) return;
    if (!table->above_edge.empty()) take("cca_above_edge", table->above_edge);
    earlier = *matched;
    earlier.measures = taken;
    for (Index i = 0; i < table->count; ++i)
      for (Index j = i + 1; j < table->count; ++j) earlier.taken += wanted(i, j) && earlier.known(i, j) ? 1 : 0;
  });
  std::array<Index, 2> sizes = {std::ssize(earlier.measures), earlier.taken};
  comm.broadcast(std::span<Index>(sizes), 0);
  if (sizes[0] == 0) return {};
  earlier.taken = sizes[1];
  std::vector<Index> chosen(earlier.measures.begin(), earlier.measures.end());
  chosen.resize(static_cast<std::size_t>(sizes[0]));
  comm.broadcast(std::span(chosen), 0);
  earlier.measures.assign(chosen.begin(), chosen.end());
  earlier.place.resize(keys.size());
  comm.broadcast(std::span(earlier.place), 0);
  comm.broadcast(earlier.computed.bytes(), 0);
  return earlier;
}

}  // namespace confer
