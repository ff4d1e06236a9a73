#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/compare_options.hpp"
#include "app/job_file.hpp"
#include "app/option_groups.hpp"
#include "app/values.hpp"
#include "confer/core/error.hpp"

namespace confer::app {
namespace {

using Texts = std::vector<std::string>;

struct Read {
  JobConfig config;
  Given given;
};

Syntax syntax_for(JobConfig& config) {
  Syntax syntax;
  syntax.command = "compare";
  syntax.usage = "DATA...";
  syntax.positional = data_positional(config.selection);
  syntax.groups = {compare_options(config.compare), input_options(config.selection), method_options(config),
                   output_options(config.run, "results"), resource_options(config.run)};
  syntax.exclusive = compare_exclusions();
  return syntax;
}

Read read(Texts const& arguments) {
  Read result;
  result.given = read_options(syntax_for(result.config), arguments);
  return result;
}

std::string refusal(Texts const& arguments) {
  try {
    read(arguments);
  } catch (UsageError const& error) {
    return error.what();
  }
  return "accepted";
}

class JobFile : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path); }
  void write(std::string const& text) const { std::ofstream(path) << text; }
  std::string path = (std::filesystem::temp_directory_path() / ("confer-job-" + std::to_string(::getpid()))).string();
};

TEST(Options, DefaultsStayWithoutOptions) {
  auto const [config, given] = read({"data"});
  EXPECT_EQ(config.selection.data, Texts{"data"});
  EXPECT_EQ(config.compare.variance, 0.99);
  EXPECT_FALSE(config.rank_tolerance);
  EXPECT_EQ(given.job_text, "command = compare\ndata = data\n");
}

TEST(Options, EveryOptionReachesTheJob) {
  auto const config = read({"a.h5",
                            "--measures",
                            "cka, pwcca",
                            "b",
                            "--pairs=to=*@5/*",
                            "--components",
                            "20",
                            "--coefficients",
                            "--exact",
                            "--networks",
                            "net*",
                            "--layers",
                            "fc[12],conv?",
                            "--steps",
                            "0,10:20,last",
                            "--samples",
                            "5:100",
                            "--conv",
                            "positions",
                            "--sequence",
                            "last",
                            "--rank-tolerance",
                            "1e-6",
                            "--svd",
                            "local",
                            "-o",
                            "r.h5",
                            "--fresh",
                            "--strict",
                            "--progress",
                            "never",
                            "--quiet",
                            "--threads",
                            "4",
                            "--memory-per-rank",
                            "1.5GiB",
                            "--scratch",
                            "/dev/shm",
                            "--time-limit",
                            "1:30:00"})
                          .config;
  EXPECT_EQ(config.selection.data, (Texts{"a.h5", "b"}));
  EXPECT_EQ(config.compare.measures, (Texts{"cka", "pwcca"}));
  EXPECT_EQ(config.compare.pairs.kind, PairSelection::Kind::to);
  EXPECT_EQ(config.compare.pairs.glob, "*@5/*");
  EXPECT_EQ(config.compare.components, 20);
  EXPECT_TRUE(config.compare.coefficients);
  EXPECT_TRUE(config.compare.exact);
  EXPECT_EQ(config.selection.networks, "net*");
  EXPECT_EQ(config.selection.layers, "fc[12],conv?");
  EXPECT_EQ(config.selection.steps, "0,10:20,last");
  EXPECT_EQ(config.selection.sample_begin, 5);
  EXPECT_EQ(config.selection.sample_end, 100);
  EXPECT_EQ(config.selection.conv, ConvRule::positions);
  EXPECT_EQ(config.selection.sequence, SequenceRule::last);
  EXPECT_EQ(config.rank_tolerance, 1e-6);
  EXPECT_EQ(config.run.svd, SvdRoute::local);
  EXPECT_EQ(config.run.output, "r.h5");
  EXPECT_TRUE(config.run.fresh);
  EXPECT_TRUE(config.run.strict);
  EXPECT_EQ(config.run.progress, ProgressMode::never);
  EXPECT_TRUE(config.run.quiet);
  EXPECT_EQ(config.run.threads, 4);
  EXPECT_EQ(config.run.memory_per_rank, 1.5 * 1024 * 1024 * 1024);
  EXPECT_EQ(config.run.scratch, "/dev/shm");
  EXPECT_EQ(config.run.time_limit, 5400);
}

TEST(Options, WrongValuesNameTheOption) {
  std::vector<std::pair<std::string, std::string>> const wrong = {
      {"variance", "1.5"},      {"variance", "0"},          {"variance", "nan"},      {"components", "0"},
      {"components", "2.5"},    {"steps", "abc"},           {"steps", "5:2"},         {"samples", "5:2"},
      {"samples", "5"},         {"samples", "-1:5"},        {"samples", ":"},         {"memory-per-rank", "xx"},
      {"memory-per-rank", "0"}, {"memory-per-rank", "-4G"}, {"conv", "average"},      {"sequence", "first"},
      {"pairs", "some"},        {"pairs", "to="},           {"measures", "cka,,cca"}, {"rank-tolerance", "1"},
      {"rank-tolerance", "-1"}, {"threads", "0"},           {"svd", "gpu"},           {"progress", "maybe"},
      {"time-limit", "soon"},   {"time-limit", "0"},        {"exact", "perhaps"},     {"output", ""}};
  for (auto const& [name, value] : wrong) {
    std::string const text = refusal({"data", "--" + name + "=" + value});
    EXPECT_NE(text.find("--" + name), std::string::npos) << name << " = " << value << ": " << text;
    EXPECT_NE(text.find(" ("), std::string::npos) << text;  // a reason
  }
  std::string const unknown = refusal({"data", "--measures", "cka,svvca"});
  EXPECT_NE(unknown.find("svvca"), std::string::npos) << unknown;
  EXPECT_NE(unknown.find("procrustes"), std::string::npos) << "the known ones are listed: " << unknown;
}

TEST(Options, WrongCommandLinesAreExplained) {
  EXPECT_NE(refusal({"data", "--varianze", "1"}).find("did you mean --variance"), std::string::npos);
  EXPECT_NE(refusal({"data", "--var", "1"}).find("did you mean --variance"), std::string::npos);
  EXPECT_NE(refusal({"data", "--zzz"}).find("--zzz"), std::string::npos);
  EXPECT_NE(refusal({"data", "--steps"}).find("--steps needs a value"), std::string::npos);
  EXPECT_NE(refusal({"data", "--steps", "--exact"}).find("--steps needs a value"), std::string::npos);
  EXPECT_NE(refusal({"data", "--steps", "1", "--steps", "2"}).find("--steps is given twice"), std::string::npos);
  EXPECT_NE(refusal({"data", "--components", "2", "--variance", "0.5"}).find("exclude"), std::string::npos);
  EXPECT_NE(refusal({"--exact"}).find("DATA is missing"), std::string::npos);
  EXPECT_NE(refusal({""}).find("DATA"), std::string::npos);
  EXPECT_EQ(refusal({"data", "--exact", "more"}), "accepted");  // a switch takes no following word
}

TEST_F(JobFile, KeysStandWithOrWithoutSections) {
  write(
      "# a job\ncommand = compare\ndata = one two   # comment\ndata = \"with blank.h5\"\nvariance=0.5\n\n"
      "[compare]\nexact = yes\n[input]\nsteps = last\r\n[resources]\nthreads = 2\n");
  auto const config = read({"--job", path}).config;
  EXPECT_EQ(config.selection.data, (Texts{"one", "two", "with blank.h5"}));
  EXPECT_EQ(config.compare.variance, 0.5);
  EXPECT_TRUE(config.compare.exact);
  EXPECT_EQ(config.selection.steps, "last");
  EXPECT_EQ(config.run.threads, 2);
}

TEST_F(JobFile, TheCommandLineWins) {
  write("data = one two\nvariance = 0.5\nexact = yes\nsteps = last\n");
  auto const config = read({"three", "--job", path, "--exact=no", "--components", "7"}).config;
  EXPECT_EQ(config.selection.data, Texts{"three"});
  EXPECT_FALSE(config.compare.exact);
  EXPECT_EQ(config.compare.components, 7);
  EXPECT_EQ(config.compare.variance, 0.99);  // --components replaces it
  EXPECT_EQ(config.selection.steps, "last");
}

TEST_F(JobFile, MistakesNameFileAndLine) {
  std::vector<std::pair<std::string, std::string>> const wrong = {
      {"steps = all\nvarianze = 1\n", "line 2: unknown key 'varianze'"},
      {"[compare]\n\nvarianze = 1\n", "did you mean variance?"},
      {"[compair]\nvariance = 1\n", "line 2: unknown section [compair]"},
      {"\nvariance = 2\n", "line 2: variance cannot be '2'"},
      {"steps = all\njust words\n", "line 2"},
      {"steps = all\nsteps = last\n", "line 2: steps is given twice"},
      {"steps =\n", "line 1: steps is empty"},
      {"variance = 1\ncomponents = 2\n", "line 1: variance and"},
      {"variance = 1\ncomponents = 2\n", "line 2: components exclude each other"},
      {"\xef\xbb\xbfvarianze = 1\n", "unknown key 'varianze'"},
      {"job = other.ini\n", "line 1: job: a job file cannot name another one"},
  };
  for (auto const& [text, expected] : wrong) {
    write(text);
    std::string const message = refusal({"data", "--job", path});
    EXPECT_NE(message.find(expected), std::string::npos) << message;
    EXPECT_NE(message.find(path), std::string::npos) << message;
  }
  EXPECT_NE(refusal({"data", "--job", path + ".absent"}).find("--job"), std::string::npos);
  EXPECT_NE(refusal({"data", "--job", std::filesystem::temp_directory_path().string()}).find("is a directory"),
            std::string::npos);
}

TEST_F(JobFile, TheTextOfAJobRunsItAgain) {
  Texts const data = {"plain.h5",  "with blank/*.h5", "quote\".h5", "hash#and\\x23.h5",
                      "new\nline", " edge ",          "'x'=[y]"};
  Texts arguments = data;
  for (auto const* more : {"--layers", " #1,\"a b\" ", "--exact", "--pairs", "to=*#*", "--steps", "1:5,last"})
    arguments.emplace_back(more);
  auto const first = read(arguments);
  write(first.given.job_text);
  auto const second = read({"--job", path});
  EXPECT_EQ(second.config.selection.data, data);
  EXPECT_EQ(second.config.selection.layers, " #1,\"a b\" ");
  EXPECT_EQ(second.config.compare.pairs.glob, "*#*");
  EXPECT_TRUE(second.config.compare.exact);
  EXPECT_EQ(second.config.selection.steps, "1:5,last");
  EXPECT_EQ(second.given.job_text, first.given.job_text);
  EXPECT_EQ(command_of(read_job_file(path)), "compare");
}

TEST(Options, DurationsAreReadTheWaySlurmWritesThem) {
  EXPECT_EQ(duration("90"), 90);
  EXPECT_EQ(duration("1.5 h"), 5400);
  EXPECT_EQ(duration("30min"), 1800);
  EXPECT_EQ(duration("10:30"), 630);
  EXPECT_EQ(duration("02:00:00"), 7200);
  EXPECT_EQ(duration("1-00:00:10"), 86410);
  EXPECT_EQ(duration("1-12:00"), 129600);
  for (auto const* wrong : {"", "h", "1x", "1:2:3:4", "-5", "1:-5", "1e400"})
    EXPECT_THROW(duration(wrong), std::invalid_argument) << wrong;
}

TEST(Options, HelpNamesEveryOptionWithinTheLine) {
  JobConfig config;
  std::string const text = help_text(syntax_for(config));
  for (auto const& group : syntax_for(config).groups)
    for (auto const& option : group.options) EXPECT_NE(text.find("--" + option.name), std::string::npos) << option.name;
  std::size_t column = 0;
  for (char const c : text) {
    column = c == '\n' ? 0 : column + 1;
    EXPECT_LE(column, 100u);
  }
}

}  // namespace
}  // namespace confer::app
