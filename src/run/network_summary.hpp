/// From layers to networks: what a comparison says of every pair of checkpoints.
#pragma once

#include "confer/model/result_set.hpp"

namespace confer {

/// Adds, for every measure (a, b) of a comparison and along the dimensions checkpoint_a and checkpoint_b: `<measure>_best`,
/// the value of the most similar two layers, `<measure>_best_a` and `<measure>_best_b`, their places along a and b (-1:
/// none has a value), and `<measure>_layer_mean`, the mean over layers of the same name. Nothing is added unless there
/// are several checkpoints, and several layers in one of them.
void add_network_summary(ResultSet& results);

}  // namespace confer
