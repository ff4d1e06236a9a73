#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "io/probe.hpp"

namespace confer {
namespace {

std::vector<std::string> outcome(std::vector<Probed> const& probed) {
  std::vector<std::string> result;
  for (auto const& one : probed) result.push_back(one.deadly ? "deadly" : one.found.value_or("nothing"));
  return result;
}

TEST(Probe, FindsWhatKillsAndWhatHangsAndGoesOn) {
  std::vector<std::string> const paths = {"fine", "crash", "throws", "hang", "exit", "also fine"};
  int seen_here = 0;
  auto const work = [&](std::string const& path) {
    ++seen_here;
    if (path == "crash") raise(SIGSEGV);
    if (path == "throws") throw std::runtime_error("caught in the child");
    if (path == "hang") pause();
    if (path == "exit") _exit(3);
    return "found " + path;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(outcome(probe(paths, work, 1)),
            (Texts{"found fine", "deadly", "nothing", "deadly", "deadly", "found also fine"}));
  EXPECT_EQ(seen_here, 0);
  EXPECT_TRUE(probe({}, work, 1).empty());
  EXPECT_EQ(outcome(probe({"crash"}, work, 1)), Texts{"deadly"});
}

TEST(Probe, WhatIsFoundMayBeEmptyOrLargerThanAPipe) {
  auto const found = probe(
      {"0", "3000000", "5"}, [](std::string const& length) { return std::string(std::stoul(length), 'x'); }, 5);
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(found.at(i).found);
    EXPECT_EQ(found[i].found->size(), (std::vector<std::size_t>{0, 3000000, 5})[i]);
  }
}

}  // namespace
}  // namespace confer
