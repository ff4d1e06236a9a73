#include <gtest/gtest.h>

#include "confer/model/cost_model.hpp"

namespace confer {
namespace {

constexpr double mib = 1 << 20;

/// Representations that only measures of samples or neurons look at.
JobSize job_of(Index count, Index rows, Index features) {
  JobSize job;
  job.representations.assign(static_cast<std::size_t>(count),
                             {0, rows, features, 0, 0, 2, 4.0 * static_cast<double>(rows * features)});
  job.pairs = 0.5 * static_cast<double>(count) * static_cast<double>(count - 1);
  job.work.measures = 0;
  job.work.product = false;
  return job;
}

PhaseCost const* find(CostEstimate const& estimate, std::string const& name) {
  for (auto const& phase : estimate.phases)
    if (phase.name == name) return &phase;
  return nullptr;
}
PhaseCost phase(CostEstimate const& estimate, std::string const& name) {
  auto const* found = find(estimate, name);
  EXPECT_NE(found, nullptr) << name;
  return found != nullptr ? *found : PhaseCost{};
}

TEST(SampleCost, OnlyPhasesThatRunAreThere) {
  JobSize job = job_of(10, 500, 64);
  EXPECT_EQ(find(estimate_cost(job, {}), "rows"), nullptr);
  EXPECT_EQ(find(estimate_cost(job, {}), "neurons"), nullptr);
  EXPECT_EQ(phase(estimate_cost(job, {}), "pairs").flops, 0);
  job.samples.neurons = true;
  job.samples.forms = job.samples.kept_forms = job.samples.kernels = 1;
  CostEstimate const both = estimate_cost(job, {});
  std::vector<std::string> names;
  for (auto const& p : both.phases) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"read headers", "factor", "neurons", "rows", "pairs", "write"}));
  for (auto const& p : both.phases) EXPECT_GT(p.seconds, 0) << p.name;
}

TEST(SampleCost, KernelsOfSamplesGrowWithSamplesAndPairs) {
  JobSize job = job_of(100, 1000, 64);
  job.samples.forms = job.samples.kept_forms = job.samples.kernels = 1;
  auto const flops = [](JobSize const& j) { return phase(estimate_cost(j, {}), "pairs").flops; };
  double const base = flops(job);
  // n^2 / 2 elements: 2 p for each representation's inner product, and one multiplication and addition for half of the pairs.
  EXPECT_DOUBLE_EQ(base, 0.5e6 * (2 * 64 * 100 + 100 * 100));
  JobSize longer = job_of(100, 2000, 64);
  longer.samples = job.samples;
  EXPECT_DOUBLE_EQ(flops(longer), 4 * base);
  job.samples.kernels = 3;
  EXPECT_DOUBLE_EQ(flops(job), 3 * base);
}

TEST(SampleCost, TheFirstRankHoldsSumsOverAllPairs) {
  JobSize job = job_of(4000, 500, 64);
  job.samples.forms = job.samples.kept_forms = job.samples.kernels = 1;
  job.matrices.held = 3;
  CostEstimate const estimate = estimate_cost(job, {});
  EXPECT_GT(estimate.memory_first_rank, 3 * 128e6 + 4000.0 * 4000 * 24);
  EXPECT_LT(estimate.memory_per_rank, estimate.memory_first_rank);
  EXPECT_GE(kernel_pair_memory(job), 4000.0 * 4000 * 24);
}

TEST(SampleCost, CorrelationsOfNeuronsCostTheirProducts) {
  JobSize job = job_of(2, 4000, 512);
  job.samples.neurons = true;
  CostEstimate const estimate = estimate_cost(job, {});
  // A panel each, and one tile between them.
  EXPECT_DOUBLE_EQ(phase(estimate, "pairs").flops, 2.0 * 4000 * 512 * 512);
  job.samples.matched = true;
  EXPECT_GT(phase(estimate_cost(job, {}), "pairs").seconds, phase(estimate, "pairs").seconds);
}

TEST(SampleCost, NeuronsKeepToTheMemoryThatIsAllowed) {
  JobSize const tall = job_of(2, 10'000'000, 512);
  PairMemory const roomy = neuron_pair_memory(tall, 1e12), tight = neuron_pair_memory(tall, 100 * mib);
  EXPECT_EQ(roomy.limits.neuron_rows, 65536);
  EXPECT_LT(tight.limits.neuron_rows, 65536);
  EXPECT_EQ(tight.limits.neuron_rows % 4096, 0);
  EXPECT_LE(tight.bytes, 100 * mib);
  EXPECT_GT(neuron_pair_memory(tall, mib).bytes, mib);  // cannot be kept to
  EXPECT_LE(neuron_store_memory(tall, 60 * mib).bytes, 60 * mib);
  EXPECT_LE(neuron_store_memory(tall, 60 * mib).limits.neuron_window, 30 * mib);
}

TEST(SampleCost, RowsAreHeldWhole) {
  JobSize job = job_of(2, 100'000, 512);
  job.samples.forms = 1;
  EXPECT_GE(row_memory(job), 100'000.0 * 512 * 16);
  double const plain = row_memory(job);
  job.samples.ranked = true;
  EXPECT_GE(row_memory(job), plain + 1e10 / 2 * 20);
}

TEST(SampleCost, ListsOfNeighboursCostSamplesAndPairs) {
  JobSize job = job_of(100, 1000, 64);
  job.samples.forms = 1;
  job.samples.neighbours = 10;
  MachineRates rates;
  rates.neighbour_sample = 1e-6;
  EXPECT_NEAR(phase(estimate_cost(job, rates), "pairs").limit_seconds, 4950 * 1000 * 1e-6, 1e-9);
  job.pairs /= 2;
  EXPECT_NEAR(phase(estimate_cost(job, rates), "pairs").limit_seconds, 4950 * 500 * 1e-6, 1e-9);
}

TEST(SampleCost, FoldsCostTheirFitsAndEveryRepresentationIsPairedWithItself) {
  JobSize job = job_of(40, 2000, 64);
  for (auto& r : job.representations) r.kept = 64;
  job.samples.folds = 5;
  MachineRates rates;
  rates.reweight = SizeCurve({{64, 1e-3}});
  rates.held_out = SizeCurve({{64, 1e-2}});
  PhaseCost const five = phase(estimate_cost(job, rates), "pairs");
  EXPECT_EQ(five.limit, "fits of folds");
  // 780 pairs and 40 of one representation with itself, 5 folds each; the factors of 5 folds of each representation.
  EXPECT_NEAR(five.limit_seconds, 820 * 5 * 1e-2 + 40 * 5 * 1e-3, 0.15);
  job.samples.folds = 10;
  EXPECT_NEAR(phase(estimate_cost(job, rates), "pairs").limit_seconds / five.limit_seconds, 2, 0.02);
  job.pairs /= 2;
  EXPECT_LT(phase(estimate_cost(job, rates), "pairs").seconds, 0.6 * 2 * five.seconds);
}

TEST(SampleCost, FoldsKeepToTheMemoryThatIsAllowed) {
  JobSize job = job_of(20, 30'000, 256);
  for (auto& r : job.representations) r.kept = 256;
  EXPECT_EQ(held_out_memory(job, 1e12).bytes, 0);  // nothing is held out
  job.samples.folds = 5;
  PairMemory const roomy = held_out_memory(job, 1e12), tight = held_out_memory(job, 150 * mib);
  EXPECT_EQ(roomy.limits.held_out_bytes, 256 * mib);
  EXPECT_GT(roomy.bytes, 256 * mib);
  EXPECT_LE(tight.bytes, 150 * mib);
  EXPECT_GT(held_out_memory(job, 10 * mib).bytes, 10 * mib);  // cannot be kept to
  // Two sides of a pair at least: 5 folds of a rotation and a Gram matrix.
  EXPECT_GE(held_out_memory(job, 10 * mib).limits.held_out_bytes, 2.0 * 5 * 2 * 256 * 256 * 8);
  HeldOutMemory const one = held_out_memory_of(30'000, 256, 5, false);
  EXPECT_TRUE(one.keeps_rows(4 * (one.folds + one.basis)));
  EXPECT_FALSE(one.keeps_rows(3.9 * (one.folds + one.basis)));
}

TEST(SampleCost, DrawsArePhasesOfTheirOwn) {
  JobSize job = job_of(30, 1000, 64);
  for (auto& r : job.representations) r.kept = 64;
  job.work = PairWork{};
  EXPECT_EQ(draw_memory(job, 1e12).bytes, 0);
  double const held = matrices_bytes(job);
  job.draws = {{"bootstrap", true, 20, 0}, {"permutations", false, 0, 0}};
  job.matrices.drawn = 4;
  EXPECT_DOUBLE_EQ(matrices_bytes(job) - held, 4.0 * 30 * 30 * 8);
  PhaseCost const twenty = phase(estimate_cost(job, {}), "bootstrap");
  EXPECT_EQ(find(estimate_cost(job, {}), "permutations"), nullptr);
  EXPECT_GT(twenty.seconds, 20 * phase(estimate_cost(job, {}), "pairs").limit_seconds);
  EXPECT_GE(twenty.seconds, twenty.limit_seconds);
  job.draws[0].found = 15;
  EXPECT_NEAR(phase(estimate_cost(job, {}), "bootstrap").seconds, twenty.seconds / 4, 1e-9 * twenty.seconds);
  job.draws = {{"bootstrap", true, 0, 0}, {"permutations", false, 5, 0}};
  PhaseCost const relabelled = phase(estimate_cost(job, {}), "permutations");
  EXPECT_LT(relabelled.flops, twenty.flops / 4);  // no factor is made again
  // Kernels without each of the blocks: every pair of samples twice, however many blocks.
  JobSize kernels = job_of(30, 1000, 64);
  kernels.samples.forms = kernels.samples.kept_forms = kernels.samples.kernels = 1;
  double const once = phase(estimate_cost(kernels, {}), "pairs").flops, alone = kernel_pair_memory(kernels);
  for (Index const blocks : {10, 50}) {
    kernels.draws = {{"jackknife", true, blocks, 0, false, true, false, 1}};
    EXPECT_NEAR(phase(estimate_cost(kernels, {}), "jackknife").flops, 2 * once, 1e-9 * once);
    EXPECT_EQ(draw_memory(kernels, 1e12).bytes, 0);  // no factor is made
    EXPECT_DOUBLE_EQ(kernel_pair_memory(kernels) - alone, 2.0 * 30 * (30 * 16 + 1000 * 8));
  }
  // Two ranks share the pairs of a block; ranks are looked for one by one, and mapped again for every block.
  kernels.draws[0].count = 10;
  double const alone_seconds = phase(estimate_cost(kernels, {}), "jackknife").seconds;
  kernels.ranks = 2;
  EXPECT_LT(phase(estimate_cost(kernels, {}), "jackknife").seconds, alone_seconds);
  kernels.ranks = 1;
  kernels.samples.ranked = true;
  double const looking_up = 30 * 500e3 * (2 * 7e-9 + 10 * 4 * 1e-10);
  EXPECT_GT(phase(estimate_cost(kernels, {}), "jackknife").seconds, alone_seconds + looking_up);
  JobSize lists = job_of(30, 1000, 64);
  lists.samples.forms = 1;
  lists.samples.neighbours = 10;
  lists.draws = {{"jackknife", true, 20, 0, false, false, true, 1}};
  EXPECT_GT(phase(estimate_cost(lists, {}), "jackknife").seconds,
            20 * phase(estimate_cost(lists, {}), "pairs").seconds);
  EXPECT_DOUBLE_EQ(reduced_list_memory(lists), 32.0 * 12 * 1000 * 10);
  job.representations[0].rows = 4'000'000;
  EXPECT_LE(draw_memory(job, 100 * mib).limits.permuted_bytes, 100 * mib);
  EXPECT_EQ(draw_memory(job, 1e12).limits.permuted_bytes, 256 * mib);
}

}  // namespace
}  // namespace confer
