/// What the tests of refusals share: a directory with a good checkpoint, and what to expect of a bad one.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "confer/io/catalog_reader.hpp"
#include "support/acts_file.hpp"

namespace confer::test {

// A directory with one good checkpoint "good@0/fc" beside what a test puts there.
class RefusalTest : public testing::Test {
 protected:
  void SetUp() override { write_plain(directory / "good.h5", "good", 0, 4, 0, 4); }

  // The only refusal; the good checkpoint and `others` must have survived.
  Refusal only(std::size_t others = 0) {
    auto const catalog = read_catalog({directory.path()});
    EXPECT_EQ(catalog.checkpoints.size(), 1 + others);
    EXPECT_EQ(catalog.refusals.size(), 1u);
    return catalog.refusals.empty() ? Refusal{} : catalog.refusals.front();
  }
  void expect_checkpoint_refused(std::string const& label, std::string const& reason) {
    auto const refusal = only();
    EXPECT_EQ(refusal.label, label);
    EXPECT_TRUE(refusal.dataset.empty());
    EXPECT_NE(refusal.reason.find(reason), std::string::npos) << refusal.reason;
    EXPECT_FALSE(refusal.advice.empty());
  }
  // A file "bad@3" with a usable layer "fine" and what `add` writes, which has to be the layer "odd".
  template <class Add>
  void expect_layer_refused(std::string const& reason, Add add) {
    ActsFile file(bad(), "bad", 3, 4);
    file.layer("fine", {4, 2}, counting({4, 2}));
    add(file);
    file.list_layers({"fine", "odd"});
    file.close();
    auto const refusal = only(1);
    EXPECT_EQ(refusal.label, "bad@3/odd");
    EXPECT_EQ(refusal.dataset, "/activations/odd");
    EXPECT_EQ(refusal.file, bad());
    EXPECT_NE(refusal.reason.find(reason), std::string::npos) << refusal.reason;
  }
  std::string bad() const { return directory / "bad.h5"; }

  TemporaryDirectory directory;
};

}  // namespace confer::test
