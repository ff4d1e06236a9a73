// Phase timer, progress and stop signal: what every pipeline uses beside its communication.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "confer/comm/phase_timer.hpp"
#include "confer/comm/progress.hpp"
#include "confer/comm/stop_signal.hpp"

namespace confer {

namespace {

/// Progress with a clock that the test turns and lines that it can read.
struct Recorded {
  explicit Recorded(bool live)
      : progress({live, [this](std::string const& line) { lines.push_back(line); }, [this] { return now; }}) {}
  std::vector<std::string> lines;
  double now = 100;
  Progress progress;
};

}  // namespace

TEST(PhaseTimer, PhasesFollowEachOther) {
  PhaseTimer timer;
  timer.start("read");
  timer.start("factor");
  timer.start("read");
  timer.stop();
  timer.stop();
  ASSERT_EQ(timer.phases().size(), 2U);
  EXPECT_EQ(timer.phases()[0].name, "read");
  EXPECT_EQ(timer.phases()[1].name, "factor");
  EXPECT_GT(timer.phases()[0].wall, 0);
  EXPECT_GT(timer.phases()[1].memory, 1 << 20);
}

TEST(PhaseTimer, MeasuresWorkDone) {
  PhaseTimer timer;
  timer.start("work");
  auto const begin = std::clock();
  while (std::clock() - begin < CLOCKS_PER_SEC / 20) {
  }
  timer.stop();
  EXPECT_GE(timer.phases()[0].cpu, 0.03);
  EXPECT_GE(timer.phases()[0].wall, 0.03);
}

TEST(PhaseTimer, SummaryHoldsPhasesOfAllRanks) {
  auto const world = Communicator::world();
  int const last = world.size() - 1;
  PhaseTimer timer;
  timer.start("all: of them");
  if (world.rank() == last) timer.start("last");
  auto const summaries = timer.summary(world);
  ASSERT_EQ(summaries.size(), 2U);
  EXPECT_EQ(summaries[0].name, "all: of them");
  EXPECT_EQ(summaries[1].name, "last");
  EXPECT_GE(summaries[0].wall_max, summaries[0].wall_mean);
  EXPECT_GE(summaries[0].memory_max, summaries[0].memory_mean);
  EXPECT_NEAR(summaries[1].wall_mean * world.size(), summaries[1].wall_max, 1e-12);
  EXPECT_GT(summaries[1].wall_max, 0);
}

TEST(Progress, LogGetsALineEveryTenSecondsAndAtTheEnd) {
  Recorded recorded(false);
  recorded.progress.begin("pairs", 1000, "pairs");
  for (int second = 1; second <= 25; ++second) {
    recorded.now = 100 + second;
    recorded.progress.update(20.0 * second);
  }
  recorded.progress.end();
  recorded.progress.end();
  EXPECT_EQ(recorded.lines, (std::vector<std::string>{"pairs: 20 %, 200 of 1,000 pairs, 20 pairs/s, 40 s left\n",
                                                      "pairs: 40 %, 400 of 1,000 pairs, 20 pairs/s, 30 s left\n",
                                                      "pairs: 500 pairs in 25 s (20 pairs/s)\n"}));
}

TEST(Progress, LiveLineIsRedrawnAtMostFiveTimesASecond) {
  Recorded recorded(true);
  recorded.progress.begin("factor", 100, "representations");
  for (int i = 1; i <= 100; ++i) {
    recorded.now = 100 + 0.01 * i;
    recorded.progress.update(i);
  }
  EXPECT_LE(recorded.lines.size(), 6U);
  EXPECT_GE(recorded.lines.size(), 4U);
  for (auto const& line : recorded.lines) {
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.rfind("\r", 0), 0U);
  }
}

TEST(Progress, WorkOfAnEarlierRunDoesNotCountAsSpeed) {
  Recorded recorded(false);
  recorded.progress.begin("pairs", 1000, "pairs", 800);
  recorded.now += 10;
  recorded.progress.update(900);
  EXPECT_EQ(recorded.lines.back(), "pairs: 90 %, 900 of 1,000 pairs, 10 pairs/s, 10 s left\n");
}

TEST(Progress, UnfinishedPhaseIsClearedNotFinished) {
  std::vector<std::string> lines;
  {
    Progress progress({true, [&](std::string const& line) { lines.push_back(line); }, [] { return 0.0; }});
    progress.begin("pairs", 10, "pairs");
  }
  EXPECT_EQ(lines.back(), "\r\033[K");
}

TEST(Progress, QuietAndOtherRanksSayNothing) {
  auto const world = Communicator::world();
  ::testing::internal::CaptureStderr();
  {
    Progress quiet(world, ProgressMode::always, true), never(world, ProgressMode::never, false);
    for (auto* progress : {&quiet, &never}) {
      progress->begin("pairs", 10, "pairs");
      progress->end();
    }
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  ::testing::internal::CaptureStderr();
  {
    Progress progress(world, ProgressMode::always, false);
    progress.begin("pairs", 0, "pairs");
    progress.end();
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr().empty(), !world.is_root());
}

TEST(StopSignal, EverySignalIsARequest) {
  for (int signal : {SIGTERM, SIGUSR1, SIGINT}) {
    StopSignal stop;
    EXPECT_FALSE(stop.requested());
    EXPECT_EQ(stop.reason(), "");
    std::raise(signal);
    std::raise(signal);
    EXPECT_TRUE(stop.requested());
    EXPECT_EQ(stop.reason(), signal == SIGTERM ? "SIGTERM" : signal == SIGUSR1 ? "SIGUSR1" : "SIGINT");
  }
}

TEST(StopSignal, NestedObjectsSeeTheSignalAndPutHandlersBack) {
  struct sigaction ignore {
  }, after{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  sigaction(SIGUSR1, &ignore, &before);
  {
    StopSignal early;
    {
      StopSignal inner;
      std::raise(SIGUSR1);
    }
    EXPECT_TRUE(early.requested());
    StopSignal late;
    EXPECT_TRUE(late.requested());
  }
  sigaction(SIGUSR1, &before, &after);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
  EXPECT_FALSE(StopSignal().requested());
}

TEST(StopSignal, TimeLimitIsARequest) {
  EXPECT_TRUE(StopSignal(0.0).requested());
  EXPECT_EQ(StopSignal(0.0).reason(), "time limit of 0.0 s");
  EXPECT_FALSE(StopSignal(3600.0).requested());
}

}  // namespace confer
