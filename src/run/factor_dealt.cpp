#include "run/factor_one.hpp"

namespace confer {

std::optional<FactorSummary> factor_dealt(Communicator const& group, FactorTask const& task,
                                          std::function<bool()> const& stop_requested) {
  return factor_shared(group, task, stop_requested);
}

}  // namespace confer
