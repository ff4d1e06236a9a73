#include "run/next_command.hpp"

#include <gtest/gtest.h>

namespace confer {
namespace {

TEST(NextCommand, NamesThePageAfterTheResults) {
  EXPECT_EQ(next_command("out/r.h5"), "next: confer report out/r.h5 --output out/r.html\n");
  EXPECT_EQ(next_command("a.b/results"), "next: confer report a.b/results --output a.b/results.html\n");
  EXPECT_EQ(next_command(".h5"), "next: confer report .h5 --output .h5.html\n");
}

TEST(NextCommand, QuotesWhatAShellWouldRead) {
  EXPECT_EQ(next_command("my runs/it's.h5"),
            "next: confer report 'my runs/it'\\''s.h5' --output 'my runs/it'\\''s.html'\n");
  EXPECT_EQ(next_command("$(rm).h5"), "next: confer report '$(rm).h5' --output '$(rm).html'\n");
}

}  // namespace
}  // namespace confer
