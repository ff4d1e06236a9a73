#include "confer/comm/communicator.hpp"

#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "comm/chunks.hpp"
#include "confer/comm/node_memory.hpp"
#include "confer/core/error.hpp"

namespace confer {

namespace {

template <class T>
std::span<std::byte const> bytes(std::vector<T> const& values) {
  return std::as_bytes(std::span(values));
}

Error caught(std::function<void()> const& action) {
  try {
    action();
  } catch (Error const& error) {
    return error;
  }
  return Error(ExitCode::done, "nothing was thrown");
}

}  // namespace

TEST(Chunks, CoverTheRangeOnceInOrder) {
  std::vector<std::pair<Index, Index>> pieces;
  for_chunks(10, 4, [&](Index begin, Index length) { pieces.emplace_back(begin, length); });
  EXPECT_EQ(pieces, (std::vector<std::pair<Index, Index>>{{0, 4}, {4, 4}, {8, 2}}));
  pieces.clear();
  for_chunks(0, 4, [&](Index begin, Index length) { pieces.emplace_back(begin, length); });
  EXPECT_TRUE(pieces.empty());
}

TEST(Communicator, RanksAreNumbered) {
  auto const world = Communicator::world();
  Index ranks = world.rank();
  world.all_sum(std::span(&ranks, 1));
  EXPECT_EQ(ranks, Index{world.size()} * (world.size() - 1) / 2);
  EXPECT_EQ(world.is_root(), world.rank() == 0);
}

TEST(Communicator, ReducesOverAllRanks) {
  auto const world = Communicator::world();
  double const rank = world.rank(), size = world.size();
  std::vector<double> sum = {rank, 1.0}, high = {rank, -rank}, low = {rank, -rank};
  world.all_sum(sum);
  world.all_max(high);
  world.all_min(low);
  EXPECT_EQ(sum, (std::vector<double>{size * (size - 1) / 2, size}));
  EXPECT_EQ(high, (std::vector<double>{size - 1, 0}));
  EXPECT_EQ(low, (std::vector<double>{0, 1 - size}));
}

TEST(Communicator, SumToLeavesOtherRanksUnchanged) {
  auto const world = Communicator::world();
  for (int root = 0; root < world.size(); ++root) {
    std::vector<double> values = {1.0, static_cast<double>(world.rank())};
    auto const before = values;
    world.sum_to(values, root);
    if (world.rank() == root) {
      EXPECT_EQ(values, (std::vector<double>{1.0 * world.size(), world.size() * (world.size() - 1) / 2.0}));
    } else {
      EXPECT_EQ(values, before);
    }
  }
}

TEST(Communicator, BroadcastsValuesAndText) {
  auto const world = Communicator::world();
  for (int root = 0; root < world.size(); ++root) {
    std::vector<Index> values(1000, world.rank());
    world.broadcast(std::span(values), root);
    EXPECT_EQ(values, std::vector<Index>(1000, root));
    std::string text =
        world.rank() == root ? "text of rank " + std::to_string(root) : "something longer to be replaced";
    world.broadcast(text, root);
    EXPECT_EQ(text, "text of rank " + std::to_string(root));
    std::string empty = world.rank() == root ? "" : "x";
    world.broadcast(empty, root);
    EXPECT_EQ(empty, "");
  }
}

TEST(Communicator, BroadcastsManyBytes) {
  auto const world = Communicator::world();
  std::vector<double> values(Index{3} << 20);
  int const root = world.size() - 1;
  if (world.rank() == root) std::iota(values.begin(), values.end(), 0.5);
  world.broadcast(std::span(values), root);
  bool right = true;
  for (std::size_t i = 0; i < values.size(); ++i) right = right && values[i] == static_cast<double>(i) + 0.5;
  EXPECT_TRUE(right);
}

TEST(Communicator, GathersTextsInRankOrder) {
  auto const world = Communicator::world();
  std::string const own(static_cast<std::size_t>(world.rank()) * 5, static_cast<char>('a' + world.rank()));
  auto const everywhere = world.all_gather(own);
  auto const at_last = world.gather(own, world.size() - 1);
  ASSERT_EQ(everywhere.size(), static_cast<std::size_t>(world.size()));
  for (int r = 0; r < world.size(); ++r)
    EXPECT_EQ(everywhere[static_cast<std::size_t>(r)],
              std::string(static_cast<std::size_t>(r) * 5, static_cast<char>('a' + r)));
  if (world.rank() == world.size() - 1)
    EXPECT_EQ(at_last, everywhere);
  else
    EXPECT_TRUE(at_last.empty());
}

TEST(Communicator, SplitsByColourAndOrdersByKey) {
  auto const world = Communicator::world();
  auto const group = world.split(world.rank() % 2, -world.rank());
  EXPECT_EQ(group.size(), (world.size() + (world.rank() % 2 == 0 ? 1 : 0)) / 2);
  Index highest = -1;
  auto const ranks = group.all_gather(std::to_string(world.rank()));
  for (auto const& rank : ranks) {
    EXPECT_EQ(std::stoi(rank) % 2, world.rank() % 2);
    EXPECT_TRUE(highest == -1 || std::stoi(rank) < highest);
    highest = std::stoi(rank);
  }
  auto const copy = group;
  copy.barrier();
}

TEST(Communicator, RanksOfThisMachineShareANode) {
  auto const world = Communicator::world();
  EXPECT_EQ(world.split_node().size(), world.size());
}

TEST(NodeMemory, ShowsAllRanksWhatOneHasWritten) {
  Communicator const node = Communicator::world().split_node();
  for (Index const each : {1, 3, 5000}) {
    auto const memory = NodeMemory::allocate(node, each * node.size());
    ASSERT_TRUE(memory);
    ASSERT_EQ(std::ssize(memory->values()), each * node.size());
    for (Index i = 0; i < each; ++i)
      memory->values()[static_cast<std::size_t>(node.rank() * each + i)] = static_cast<double>(node.rank() * each + i);
    memory->meet();
    for (std::size_t i = 0; i < memory->values().size(); ++i) ASSERT_EQ(memory->values()[i], static_cast<double>(i));
    memory->meet();
  }
}

TEST(NodeMemory, IsNotGivenWhereThereIsNotSoMuch) {
  Communicator const node = Communicator::world().split_node();
  EXPECT_FALSE(NodeMemory::allocate(node, Index{1} << 44));
  EXPECT_TRUE(NodeMemory::allocate(node, 1));
}

TEST(Communicator, SendsAroundARing) {
  auto const world = Communicator::world();
  int const next = (world.rank() + 1) % world.size(), previous = (world.rank() + world.size() - 1) % world.size();
  std::vector<Index> const out(3, world.rank());
  world.send(bytes(out), next, 7);
  auto const waiting = world.wait_message(7);
  EXPECT_EQ(waiting.from, previous);
  EXPECT_EQ(waiting.tag, 7);
  EXPECT_EQ(waiting.bytes, 24);
  std::vector<Index> in(3);
  world.receive(std::as_writable_bytes(std::span(in)), previous, 7);
  EXPECT_EQ(in, std::vector<Index>(3, previous));
}

TEST(Communicator, ProbeSeesOnlyItsTag) {
  auto const world = Communicator::world();
  EXPECT_FALSE(world.probe(3).has_value());
  world.barrier();
  std::vector<Index> const out = {42};
  world.send(bytes(out), world.rank(), 3);
  std::optional<Communicator::Waiting> found;
  while (!found) found = world.probe(3);
  EXPECT_FALSE(world.probe(4).has_value());
  EXPECT_EQ(found->bytes, 8);
  std::vector<Index> in(1);
  world.receive(std::as_writable_bytes(std::span(in)), found->from, 3);
  EXPECT_EQ(in[0], 42);
}

TEST(Communicator, MessageOfWrongSizeIsAnError) {
  auto const world = Communicator::world();
  std::vector<char> const out(8);
  for (std::size_t size : {4, 16}) {
    world.send(bytes(out), world.rank(), 5);
    std::vector<char> in(size);
    EXPECT_THROW(world.receive(std::as_writable_bytes(std::span(in)), world.rank(), 5), EnvironmentError);
  }
}

TEST(Communicator, FailureCarriesTheTextOfMpi) {
  auto const world = Communicator::world();
  Error const error = caught([&] { world.send({}, world.size(), 0); });
  EXPECT_EQ(error.code(), ExitCode::environment);
  EXPECT_NE(error.reason().find("MPI_ERR_RANK"), std::string::npos) << error.what();
}

TEST(Agree, NothingHappensWhenNobodyFailed) { EXPECT_NO_THROW(agree(Communicator::world(), nullptr)); }

TEST(Agree, FailureOfOneRankReachesAll) {
  auto const world = Communicator::world();
  for (int failing = 0; failing < world.size(); ++failing) {
    Error const error = caught([&] {
      together(world, [&] {
        if (world.rank() >= failing) throw InputError("shard.h5 is damaged", "truncated", "copy it again");
      });
    });
    EXPECT_EQ(error.code(), ExitCode::input);
    EXPECT_EQ(error.problem(),
              (world.size() > 1 ? "rank " + std::to_string(failing) + ": " : std::string()) + "shard.h5 is damaged");
    EXPECT_EQ(error.reason(), "truncated");
    EXPECT_EQ(error.advice(), "copy it again");
  }
}

TEST(Agree, KeepsTheTypeOfTheError) {
  auto const world = Communicator::world();
  int const last = world.size() - 1;
  auto const on_last = [&](std::exception_ptr const& failure) { return world.rank() == last ? failure : nullptr; };
  EXPECT_THROW(agree(world, on_last(std::make_exception_ptr(UsageError("p")))), UsageError);
  EXPECT_THROW(agree(world, on_last(std::make_exception_ptr(InputError("p")))), InputError);
  EXPECT_THROW(agree(world, on_last(std::make_exception_ptr(EnvironmentError("p")))), EnvironmentError);
  EXPECT_THROW(agree(world, on_last(std::make_exception_ptr(StopRequested("p")))), StopRequested);
}

TEST(Agree, ForeignErrorsBecomeEnvironmentErrors) {
  auto const world = Communicator::world();
  if (world.size() == 1) {
    EXPECT_THROW(together(world, [] { throw std::bad_alloc(); }), std::bad_alloc);
    return;
  }
  EXPECT_THROW(together(world, [] { throw std::bad_alloc(); }), EnvironmentError);
  Error const error = caught([&] { together(world, [] { throw std::out_of_range("no such column"); }); });
  EXPECT_STREQ(error.what(), "rank 0: no such column");
}

TEST(Agree, RankIsNamedOnceByItsNumberInTheJob) {
  auto const world = Communicator::world();
  if (world.size() < 3) {
    EXPECT_THROW(together(world, [] { throw InputError("p"); }), InputError);
    return;
  }
  auto const group = world.split(world.rank() == 0 ? 0 : 1, world.rank());
  Error const error = caught([&] {
    together(world, [&] {
      together(group, [&] {
        if (world.rank() == 2) throw InputError("p");
      });
    });
  });
  EXPECT_STREQ(error.what(), "rank 2: p");
}

}  // namespace confer
