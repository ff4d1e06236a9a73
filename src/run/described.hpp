/// Attributes of a variable that say what it is.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "confer/core/text.hpp"
#include "confer/model/factor_summary.hpp"
#include "confer/model/result_set.hpp"

namespace confer {

/// A long name, and a formula when there is one.
inline Attributes described(std::string long_name, std::string formula = {}) {
  Attributes result = {{"long_name", std::move(long_name)}};
  if (!formula.empty()) result["formula"] = std::move(formula);
  return result;
}

/// What the numbers 0, 1, 2, ... of a variable mean.
inline Attributes flagged(std::string long_name, std::vector<std::string> const& meanings) {
  Attributes result = described(std::move(long_name));
  std::vector<Index> flags;
  for (std::size_t i = 0; i < meanings.size(); ++i) flags.push_back(static_cast<Index>(i));
  result["flag_values"] = std::move(flags);
  result["flag_meanings"] = join(meanings, " ");
  return result;
}

/// Of variables that hold a RepresentationStatus.
inline std::vector<std::string> representation_status_names() {
  std::vector<std::string> names;
  for (Index i = 0; i <= static_cast<Index>(RepresentationStatus::unreadable); ++i)
    names.push_back(to_string(static_cast<RepresentationStatus>(i)));
  return names;
}

}  // namespace confer
