#include <nlohmann/json.hpp>

#include "confer/model/cost_model.hpp"

namespace confer {

std::string to_json(CostEstimate const& estimate, JobSize const& job) {
  nlohmann::ordered_json json = {{"representations", job.representations.size()},
                                 {"pairs", job.pairs},
                                 {"ranks", job.ranks},
                                 {"nodes", job.nodes},
                                 {"seconds", estimate.seconds},
                                 {"memory_per_rank", estimate.memory_per_rank},
                                 {"memory_first_rank", estimate.memory_first_rank},
                                 {"store_per_node", estimate.store_per_node},
                                 {"results_bytes", estimate.results_bytes},
                                 {"tiles", estimate.tiles},
                                 {"tiles_per_rank", estimate.tiles_per_rank},
                                 {"largest_tile_seconds", estimate.largest_tile},
                                 {"balance", estimate.balance},
                                 {"phases", nlohmann::ordered_json::array()}};
  for (auto const& phase : estimate.phases)
    json["phases"].push_back({{"name", phase.name},
                              {"seconds", phase.seconds},
                              {"limit_seconds", phase.limit_seconds},
                              {"limit", phase.limit},
                              {"flops", phase.flops},
                              {"bytes_read", phase.bytes_read},
                              {"words_sent_per_rank", phase.words_sent},
                              {"memory", phase.memory}});
  return json.dump(2) + "\n";
}

}  // namespace confer
