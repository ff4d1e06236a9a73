#include "confer/dist/hand_out.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "confer/core/error.hpp"

namespace confer {

namespace {

using Mode = HandOutOptions::Coordinator;

void pause() { std::this_thread::sleep_for(std::chrono::microseconds(300)); }

std::vector<Index> total(Communicator const& comm, std::vector<Index> counts) {
  comm.all_sum(std::span(counts));
  return counts;
}

HandOutOptions with_mode(Mode mode) {
  HandOutOptions options;
  options.coordinator = mode;
  return options;
}

}  // namespace

TEST(HandOut, EveryItemIsDoneOnce) {
  auto const world = Communicator::world();
  for (Mode mode : {Mode::automatic, Mode::computes, Mode::only_coordinates})
    for (Index items : {0, 1, 2, 3, 5, 8, 300}) {
      auto const n = static_cast<std::size_t>(items);
      std::vector<Index> counts(n), reported(n);
      auto options = with_mode(mode);
      options.on_done = [&](Index item) { ++reported[static_cast<std::size_t>(item)]; };
      auto const result = hand_out(
          world, items,
          [&](Index item, Poll const& poll) {
            ++counts[static_cast<std::size_t>(item)];
            poll();
          },
          options);
      EXPECT_EQ(result.done, items);
      EXPECT_FALSE(result.stopped);
      EXPECT_EQ(total(world, counts), std::vector<Index>(n, 1));
      EXPECT_EQ(reported, std::vector<Index>(n, world.is_root() ? 1 : 0));
    }
}

TEST(HandOut, EachRankBeginsItsItemsInOrder) {
  auto const world = Communicator::world();
  Index last = -1;
  hand_out(world, 200, [&](Index item, Poll const&) {
    EXPECT_GT(item, last);
    last = item;
  });
}

TEST(HandOut, RankZeroOnlyCoordinatesWhenAskedTo) {
  auto const world = Communicator::world();
  Index own = 0;
  hand_out(
      world, 50, [&](Index, Poll const&) { ++own; }, with_mode(Mode::only_coordinates));
  EXPECT_TRUE(!world.is_root() || own == (world.size() == 1 ? 50 : 0)) << own;
}

// Items that wait for one another: they end only if no worker holds two while another has none.
TEST(HandOut, FewItemsGoToDifferentRanks) {
  auto const world = Communicator::world();
  auto const workers = world.split(world.is_root() ? 0 : 1, world.rank());
  if (world.size() == 1) return;
  auto const result = hand_out(
      world, world.size() - 1, [&](Index, Poll const&) { workers.barrier(); }, with_mode(Mode::only_coordinates));
  EXPECT_EQ(result.done, world.size() - 1);
}

// Item 0 ends only when all the others are done, but for the one that its rank got ahead.
TEST(HandOut, OtherRanksWorkOnBesideAnExpensiveItem) {
  auto const world = Communicator::world();
  if (world.size() < 3) return;
  constexpr Index items = 60;
  constexpr int tag = 9;
  Index done = 0, did_first = 0;
  Index message = 0;
  auto options = with_mode(Mode::only_coordinates);
  options.on_done = [&](Index) {
    if (++done != items - 2) return;
    for (int rank = 1; rank < world.size(); ++rank) world.send(std::as_bytes(std::span(&done, 1)), rank, tag);
  };
  auto const result = hand_out(
      world, items,
      [&](Index item, Poll const&) {
        if (item != 0) return;
        world.receive(std::as_writable_bytes(std::span(&message, 1)), 0, tag);
        did_first = 1;
      },
      options);
  EXPECT_EQ(result.done, items);
  if (!world.is_root() && did_first == 0) world.receive(std::as_writable_bytes(std::span(&message, 1)), 0, tag);
}

// Nobody waits for an answer to begin with: rank 0 may be busy with its own item and answer nobody.
TEST(HandOut, AllRanksBeginAtOnce) {
  auto const world = Communicator::world();
  constexpr int tag = 9, items_each = 2;
  Index own = 0;
  hand_out(
      world, 10 * world.size(),
      [&](Index item, Poll const&) {
        if (!world.is_root() && own < items_each) world.send(std::as_bytes(std::span(&item, 1)), 0, tag);
        ++own;
        if (item != 0) return;
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        for (int missing = items_each * (world.size() - 1); missing > 0;) {
          if (auto const waiting = world.probe(tag)) {
            world.receive(std::as_writable_bytes(std::span(&item, 1)), waiting->from, tag);
            --missing;
          } else if (std::chrono::steady_clock::now() > deadline) {
            FAIL() << missing << " items of other ranks did not begin";
          }
        }
      },
      with_mode(Mode::computes));
}

TEST(HandOut, FailureOfAnyRankReachesAllRanks) {
  auto const world = Communicator::world();
  for (int failing = 0; failing < world.size(); ++failing) {
    std::string text;
    try {
      hand_out(
          world, 2000,
          [&](Index, Poll const& poll) {
            if (world.rank() == failing) throw InputError("tile is damaged");
            pause();
            poll();
          },
          with_mode(Mode::computes));
    } catch (InputError const& error) {
      text = error.what();
    }
    EXPECT_EQ(text, (world.size() > 1 ? "rank " + std::to_string(failing) + ": " : std::string()) + "tile is damaged");
  }
}

TEST(HandOut, FailureOfAllRanksAtOnceIsTheirFailure) {
  auto const world = Communicator::world();
  for (Mode mode : {Mode::computes, Mode::only_coordinates})
    EXPECT_THROW(hand_out(
                     world, 100, [](Index, Poll const&) { throw EnvironmentError("disk is full"); }, with_mode(mode)),
                 EnvironmentError);
}

TEST(HandOut, FailureOfTheReportReachesAllRanks) {
  auto const world = Communicator::world();
  HandOutOptions options;
  options.on_done = [](Index) { throw EnvironmentError("disk is full"); };
  EXPECT_THROW(hand_out(
                   world, 100, [](Index, Poll const&) { pause(); }, options),
               EnvironmentError);
}

TEST(HandOut, CanBeUsedAgainAfterAFailure) {
  auto const world = Communicator::world();
  for (int round = 0; round < 20; ++round) {
    EXPECT_THROW(hand_out(world, 10,
                          [](Index item, Poll const&) {
                            if (item == 3) throw InputError("third");
                          }),
                 InputError);
    EXPECT_EQ(hand_out(world, 10, [](Index, Poll const&) {}).done, 10);
  }
}

TEST(HandOut, StopOnAnyRankStopsAll) {
  auto const world = Communicator::world();
  for (Mode mode : {Mode::computes, Mode::only_coordinates})
    for (int asking = 0; asking < world.size(); ++asking) {
      std::vector<Index> counts(5000);
      Index own = 0;
      auto options = with_mode(mode);
      bool const idle = world.is_root() && world.size() > 1 && mode == Mode::only_coordinates;
      options.stop_requested = [&] { return world.rank() == asking && (own >= 2 || idle); };
      auto const result = hand_out(
          world, 5000,
          [&](Index item, Poll const& poll) {
            ++own;
            ++counts[static_cast<std::size_t>(item)];
            pause();
            poll();
          },
          options);
      EXPECT_TRUE(result.stopped);
      auto const sum = total(world, counts);
      Index done = 0;
      for (Index count : sum) {
        EXPECT_LE(count, 1);
        done += count;
      }
      EXPECT_EQ(result.done, done);
      EXPECT_LT(done, 5000);
      EXPECT_TRUE(world.rank() != asking || own <= 2) << own;
    }
}

TEST(HandOut, StopBeforeTheFirstItemDoesNothing) {
  auto const world = Communicator::world();
  HandOutOptions options;
  options.stop_requested = [] { return true; };
  auto const result = hand_out(
      world, 10, [](Index, Poll const&) { ADD_FAILURE() << "an item began"; }, options);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.done, 0);
  EXPECT_FALSE(hand_out(
                   world, 0, [](Index, Poll const&) {}, options)
                   .stopped);
}

TEST(HandOut, WorkMayUseTheCommunicatorItself) {
  auto const world = Communicator::world();
  hand_out(world, 40, [&](Index item, Poll const&) {
    for (int tag : {1, 2}) {
      world.send(std::as_bytes(std::span(&item, 1)), world.rank(), tag);
      Index back = -1;
      world.receive(std::as_writable_bytes(std::span(&back, 1)), world.rank(), tag);
      EXPECT_EQ(back, item);
    }
  });
}

}  // namespace confer
