#include "confer/run/doctor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "run/doctor_checks.hpp"

namespace confer {

namespace {

BlasFacts good_blas() {
  return {{"libopenblas.so.0", "liblapack.so.3", "SkylakeX", "", 4, true}, VectorUnit::avx512, "", 4, 80};
}

Finding const* find(std::vector<Finding> const& findings, std::string const& topic) {
  auto const found = std::find_if(findings.begin(), findings.end(), [&](auto& f) { return f.topic == topic; });
  return found == findings.end() ? nullptr : &*found;
}

bool says(std::string const& text, std::string const& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(DoctorChecks, SlowKernelIsWarnedOfWithItsCure) {
  EXPECT_EQ(judge_blas(good_blas()).health, Health::ok);
  auto forced = good_blas();
  forced.info.core = forced.forced_core = "Haswell";
  EXPECT_EQ(judge_blas(forced).health, Health::warning);
  EXPECT_TRUE(says(judge_blas(forced).cure, "unset OPENBLAS_CORETYPE"));
  auto old = forced;
  old.forced_core.clear();
  EXPECT_TRUE(says(judge_blas(old).cure, "OPENBLAS_CORETYPE=SkylakeX"));
  auto matching = forced;
  matching.processor = VectorUnit::avx2;
  EXPECT_EQ(judge_blas(matching).health, Health::ok);
}

TEST(DoctorChecks, ReferenceBlasAndMissingThreadsAreWarnedOf) {
  auto reference = good_blas();
  reference.info = {"libblas.so.3", "liblapack.so.3", "", "", 1, false};
  reference.gflops = 2.5;
  EXPECT_TRUE(says(judge_blas(reference).cure, "install OpenBLAS"));
  reference.gflops = 90;  // another vendor's
  reference.threads_wanted = 1;
  EXPECT_EQ(judge_blas(reference).health, Health::ok);
  auto serial = good_blas();
  serial.info.threads = 1;
  serial.info.parallel = false;
  EXPECT_EQ(judge_blas(serial).health, Health::warning);
}

TEST(DoctorChecks, RanksAndThreadsMustFitTheCores) {
  EXPECT_EQ(judge_cores({4, 1, 4, 1, 4, false}).health, Health::ok);
  EXPECT_TRUE(says(judge_cores({4, 1, 16, 4, 16, false}).text, "12 cores unused"));
  auto const too_many = judge_cores({4, 1, 2, 2, 2, false});
  EXPECT_EQ(too_many.health, Health::warning);
  EXPECT_TRUE(says(too_many.cure, "at most 2 ranks"));
  EXPECT_TRUE(says(too_many.cure, "mpi_yield_when_idle"));
  EXPECT_FALSE(says(judge_cores({4, 1, 2, 2, 2, true}).cure, "mpi_yield_when_idle"));
  EXPECT_TRUE(says(judge_cores({2, 8, 8, 8, 8, true}).cure, "--threads 4"));
  auto const bound = judge_cores({2, 4, 16, 1, 16, true});
  EXPECT_EQ(bound.health, Health::warning);
  EXPECT_TRUE(says(bound.cure, "--bind-to none"));
  auto const barred = judge_cores({1, 4, 1, 1, 8, true});
  EXPECT_TRUE(says(barred.text, "on 1 core of 8"));
  EXPECT_TRUE(says(barred.cure, "--bind-to none"));
}

TEST(DoctorChecks, MemoryDiskAndLibrariesAreJudged) {
  constexpr double gib = 1024.0 * 1024 * 1024;
  EXPECT_EQ(judge_memory({32 * gib, 30 * gib}, 4).health, Health::ok);
  EXPECT_TRUE(says(judge_memory({32 * gib, 10 * gib}, 4).cure, "--memory-per-rank 2048M"));
  EXPECT_EQ(judge_shared_memory(DiskSpace{16 * gib, 16 * gib}, {32 * gib, 30 * gib}).health, Health::ok);
  EXPECT_TRUE(says(judge_shared_memory(DiskSpace{0.06 * gib, 0.06 * gib}, {32 * gib, 30 * gib}).cure, "--shm-size"));
  EXPECT_EQ(judge_shared_memory(std::nullopt, {32 * gib, 30 * gib}).health, Health::warning);
  EXPECT_EQ(judge_hdf5({"1.10.8", true, {{"gzip", true, true}, {"lzf", false, false}}}).health, Health::ok);
  EXPECT_EQ(judge_hdf5({"1.10.8", true, {{"gzip", false, true}}}).health, Health::warning);
  EXPECT_EQ(judge_scalapack("2 x 2", 1e-14, "").health, Health::ok);
  EXPECT_EQ(judge_scalapack("2 x 2", 0.1, "").health, Health::problem);
  EXPECT_EQ(judge_scalapack("2 x 2", std::nullopt, "info 3").health, Health::problem);
  EXPECT_EQ(judge_mpi({"Some MPI 1.0", "2.1", "MPI_THREAD_SINGLE", false, std::nullopt}).health, Health::problem);
}

TEST(DoctorReport, CountsWhatIsWrong) {
  Finding const ok{Health::ok, "MPI", "fine", ""}, warning{Health::warning, "BLAS", "slow", "unset X"},
      problem{Health::problem, "ScaLAPACK", "broken", "install it"};
  EXPECT_EQ(doctor_report({ok}), "ok       MPI: fine\nAll is well.\n");
  EXPECT_EQ(doctor_report({ok, warning}),
            "ok       MPI: fine\nwarning  BLAS: slow\n         cure: unset X\n"
            "Jobs will run, but not as well as they could.\n");
  EXPECT_TRUE(doctor_report({problem, warning}).ends_with("Jobs will fail here.\n"));
}

TEST(Doctor, ExaminesThisMachine) {
  auto const world = Communicator::world();
  auto const findings = examine({}, world);
  if (!world.is_root()) {
    EXPECT_TRUE(findings.empty());
    return;
  }
  for (char const* topic :
       {"MPI", "ranks", "cores", "BLAS", "HDF5", "memory", "shared memory", "directory", "ScaLAPACK"}) {
    ASSERT_NE(find(findings, topic), nullptr) << topic;
    EXPECT_NE(find(findings, topic)->health, Health::problem) << find(findings, topic)->text;
  }
  EXPECT_TRUE(says(find(findings, "ranks")->text, std::to_string(world.size()) + " rank"));
}

TEST(Doctor, BrokenDirectoryIsAProblemOnEveryRank) {
  auto const world = Communicator::world();
  JobConfig config;
  config.run.scratch = "no/such/directory";
  ::testing::internal::CaptureStdout();
  int const code = run_doctor(config, world);
  auto const report = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, 4);
  EXPECT_EQ(says(report, "problem  --scratch: cannot write to 'no/such/directory'"), world.is_root()) << report;
}

TEST(Doctor, LeavesNoFileBehind) {
  auto const world = Communicator::world();
  std::filesystem::path const directory = "doctor_test_directory";
  if (world.is_root()) std::filesystem::create_directory(directory);
  world.barrier();
  EXPECT_EQ(why_not_writable(directory.string()), std::nullopt);
  world.barrier();
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  world.barrier();
  if (world.is_root()) std::filesystem::remove(directory);
}

TEST(MpiInfo, KnowsWhetherIdleRanksYield) {
  auto const info = mpi_info();
  EXPECT_FALSE(info.library.empty());
  char const* const asked = std::getenv("OMPI_MCA_mpi_yield_when_idle");
  if (asked == nullptr || !says(info.library, "Open MPI")) return;
  EXPECT_EQ(info.yields_when_idle, std::string(asked) == "1");
}

}  // namespace confer
