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

}  // namespace
}  // namespace confer
