#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <stdexcept>

#include "io/probe.hpp"

namespace confer {
namespace {

TEST(Probe, FindsWhatKillsAndWhatHangsAndGoesOn) {
  std::vector<std::string> const paths = {"fine", "crash", "throws", "hang", "exit", "fine"};
  int seen_here = 0;
  auto const work = [&](std::string const& path) {
    ++seen_here;
    if (path == "crash") raise(SIGSEGV);
    if (path == "throws") throw std::runtime_error("caught in the child");
    if (path == "hang") pause();
    if (path == "exit") _exit(3);
  };
  EXPECT_EQ(deadly_paths(paths, work, 1), (std::vector<std::size_t>{1, 3, 4}));
  EXPECT_EQ(seen_here, 0);
  EXPECT_TRUE(deadly_paths({"fine"}, work, 1).empty());
  EXPECT_TRUE(deadly_paths({}, work, 1).empty());
  EXPECT_EQ(deadly_paths({"crash"}, work, 1), std::vector<std::size_t>{0});
}

}  // namespace
}  // namespace confer
