#include <gtest/gtest.h>
#include "confer/core/text.hpp"
namespace confer {
TEST(Text, GlobMatchesClassesAndLists) {
  EXPECT_TRUE(glob_match("conv*", "conv1"));
  EXPECT_TRUE(glob_match("fc[0-9],conv?", "conv1"));
  EXPECT_FALSE(glob_match("fc[!0-9]", "fc1"));
  EXPECT_TRUE(glob_match("*s0*layer", "nets0/x/layer"));
  EXPECT_FALSE(glob_match("a*b", "a"));
}
TEST(Text, ReadsSizes) {
  EXPECT_EQ(parse_bytes("512M"), 512.0 * 1024 * 1024);
  EXPECT_EQ(parse_bytes("4 GiB"), 4.0 * 1024 * 1024 * 1024);
  EXPECT_EQ(parse_bytes("100"), 100.0);
  EXPECT_THROW(parse_bytes("10 apples"), std::invalid_argument);
}
TEST(Text, WritesCountsAndDurations) {
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(format_count(-1000), "-1,000");
  EXPECT_EQ(format_duration(200), "3 min 20 s");
}
}  // namespace confer
