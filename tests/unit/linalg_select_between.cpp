/// Values of a range, picked out of many.
#include "linalg/select_between.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace confer::test {
namespace {

template <class T>
void compare(Index count, T low, T high) {
  std::minstd_rand generator(7);
  std::uniform_int_distribution<int> whole(0, 20);  // many values lie on the ends of the range
  std::vector<T> values(static_cast<std::size_t>(count)), expected, out(static_cast<std::size_t>(count + select_margin));
  for (T& value : values) value = static_cast<T>(whole(generator));
  std::copy_if(values.begin(), values.end(), std::back_inserter(expected), [&](T v) { return v >= low && v <= high; });
  Selected const found = select_between(values.data(), count, low, high, out.data());
  EXPECT_EQ(found.below, std::count_if(values.begin(), values.end(), [&](T v) { return v < low; }));
  ASSERT_EQ(found.inside, std::ssize(expected));
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), out.begin()));
}

TEST(SelectBetween, GivesTheRangeInOrder) {
  for (Index const count : {0, 1, 7, 8, 9, 250, 1003}) {
    compare<float>(count, 5, 11);
    compare<float>(count, 0, 20);
    compare<float>(count, 30, 40);
    compare<double>(count, 5, 11);
  }
}

}  // namespace
}  // namespace confer::test
