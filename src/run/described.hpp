/// Attributes of a variable that say what it is.
#pragma once

#include <string>

#include "confer/model/result_set.hpp"

namespace confer {

/// A long name, and a formula when there is one.
inline Attributes described(std::string long_name, std::string formula = {}) {
  Attributes result = {{"long_name", std::move(long_name)}};
  if (!formula.empty()) result["formula"] = std::move(formula);
  return result;
}

}  // namespace confer
