/// Output files under their temporary names: what is cleaned up, and what may belong to somebody alive.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "confer/io/whole_file.hpp"

namespace confer {
namespace {

namespace fs = std::filesystem;

class WholeFiles : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("confer-whole-" + std::to_string(::getpid()));
    fs::create_directories(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }
  std::string path(std::string const& name) const { return (directory_ / name).string(); }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (auto const& entry : fs::directory_iterator(directory_)) names.insert(entry.path().filename().string());
    return names;
  }
  /// Another process that has begun to write `name`, and waits to be ended.
  ::pid_t writer_of(std::string const& name) const {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    ::pid_t const child = ::fork();
    if (child == 0) {
      WholeFile const file(path(name));
      std::ofstream(file.temporary()) << "half";
      bool const told = ::write(ends[1], "x", 1) == 1;
      while (told) ::pause();
      ::_exit(1);
    }
    char begun = 0;
    EXPECT_EQ(::read(ends[0], &begun, 1), 1);
    ::close(ends[0]);
    ::close(ends[1]);
    return child;
  }
  static void kill(::pid_t process) {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
  }
  fs::path directory_;
};

TEST_F(WholeFiles, WhatAKilledProcessLeftGoesWithTheNextOne) {
  ::pid_t const writer = writer_of("out.h5");
  auto const begun = files();
  ASSERT_EQ(begun.size(), 1u);
  { WholeFile const another(path("out.h5")); }
  EXPECT_EQ(files(), begun) << "it was still being written";
  kill(writer);
  { WholeFile const other(path("out")); }
  EXPECT_EQ(files(), begun) << "it is of another file";
  { WholeFile const next(path("out.h5")); }
  EXPECT_TRUE(files().empty());
}

TEST_F(WholeFiles, AFileOfAnotherHostIsLeftAlone) {
  ::pid_t const writer = writer_of("out.h5");
  kill(writer);
  std::string name = *files().begin();
  ASSERT_TRUE(name.ends_with("-" + std::to_string(writer) + ".tmp")) << name;
  // Twelve digits stand for the host: in another one's name a process of the same number may be alive.
  std::size_t const host = name.rfind('-') - 12;
  std::string const elsewhere = name.substr(0, host) + std::string(12, '0') + name.substr(host + 12);
  fs::rename(path(name), path(elsewhere));
  write_text_file(path("out.h5"), [](std::ostream& out) { out << "whole"; });
  EXPECT_EQ(files(), (std::set<std::string>{elsewhere, "out.h5"}));
}

TEST_F(WholeFiles, NamesStayWithinWhatFileSystemsAllow) {
  std::string const name(250, 'n');
  write_text_file(path(name), [](std::ostream& out) { out << "whole"; });
  EXPECT_EQ(files(), std::set<std::string>{name});
}

}  // namespace
}  // namespace confer
