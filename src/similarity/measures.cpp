/// The table of measures. It is spelled out, not filled by constructors, because a static library drops units that
/// nobody names.
#include "similarity/measures.hpp"

#include <algorithm>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"

namespace confer {

std::vector<Measure const*> const& all_measures() {
  static std::vector<Measure const*> const table = {
#define CONFER_MEASURE(identifier) &measures::identifier,
#include "similarity/measures.inc"
#undef CONFER_MEASURE
  };
  return table;
}

Measure const* find_measure(std::string_view name) {
  for (Measure const* measure : all_measures())
    if (name == measure->name) return measure;
  return nullptr;
}

std::vector<Measure const*> select_measures(std::vector<std::string> const& names) {
  for (auto const& name : names) {
    if (name == "core" || name == "all" || find_measure(name) != nullptr) continue;
    std::vector<std::string> known = {"core", "all"};
    for (Measure const* measure : all_measures()) known.emplace_back(measure->name);
    throw UsageError("unknown measure '" + name + "'", "--measures takes names from the table of measures",
                     "choose from " + join(known, ", "));
  }
  std::vector<Measure const*> chosen;
  for (Measure const* measure : all_measures()) {
    // What is only there to reproduce numbers is undefined for many pairs, which would make a whole job incomplete.
    bool const by_name_only = measure == &measures::pwcca_google_compat;
    auto const asked = [&](std::string const& name) {
      return (name == "all" && !by_name_only) || (name == "core" && measure->core) || name == measure->name;
    };
    if (std::any_of(names.begin(), names.end(), asked)) chosen.push_back(measure);
  }
  return chosen;
}

}  // namespace confer
