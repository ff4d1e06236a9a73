#include <gtest/gtest.h>

#include "confer/core/utf8.hpp"

namespace confer {
namespace {

TEST(Utf8, TellsTextFromBytes) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("größer 层 \xF0\x9F\x98\x80"));
  for (std::string const bad : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE5\xB1", "a\x80"})
    EXPECT_FALSE(is_utf8(bad));
  EXPECT_FALSE(is_utf8(std::string_view("a\0b", 3)));
  EXPECT_EQ(to_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
}

TEST(Utf8, PrintsOneHarmlessLine) {
  EXPECT_EQ(printable("conv.1 <script> ä"), "conv.1 <script> ä");
  EXPECT_EQ(printable("a\nb\tc\x1b[31m"), "a\\nb\\tc\\u{1b}[31m");
  EXPECT_EQ(printable("\xE2\x80\xAE"), "\\u{202e}");
  EXPECT_EQ(printable("\xC2\x9B"), "\\u{9b}");
}

}  // namespace
}  // namespace confer
